"""The exposure ledger: how long each cell has been lit, by wavelength, over all runs."""

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice.callbacks import find_journals, read_journal
from blueslice.errors import StorageError

__all__ = [
    "LIT_STREAMS",
    "CellExposure",
    "ExposureBudget",
    "RunExposure",
    "add_light",
    "list_cells",
    "read_cell",
    "run_exposure",
]

logger = logging.getLogger(__name__)

LIT_STREAMS = ("trials", "cut_off")
"""The streams whose events tell light: of completed trials, and of those that were cut off."""


class ExposureBudget(Data):
    """How much light a cell may get.

    Parameters
    ----------
    light_s : float
        Light of both LEDs together in s. By default 2 s: ten trials of 200 ms, the most that
        Miyazaki & Ross 2017 took at a site (Materials and Methods: 5-10, before photodynamic
        damage).
    warn_share : float
        Share of it from which a run is warned of, 0 to 1.
    """

    light_s: Real = Field(default=2.0, gt=0, le=1e6)
    warn_share: Real = Field(default=0.8, ge=0, le=1)


class RunExposure(Data):
    """The light of one run.

    Attributes
    ----------
    run : str
        Its uid.
    cell : str
        The cell that was lit.
    time : float
        When it began, in s since 1970.
    plan : str
        Name of the plan.
    trials : int
        Trials that were completed.
    light_s : dict of float to float
        Wavelength in nm: s of light, of trials that were cut off too.
    """

    run: str
    cell: str
    time: Real
    plan: str = ""
    trials: Whole = 0
    light_s: dict[Real, Real] = Field(default_factory=dict)

    @property
    def total_s(self) -> float:
        """Light of all LEDs together, in s."""
        return sum(self.light_s.values())


class CellExposure(Data):
    """The light of one cell, in all its runs.

    Attributes
    ----------
    cell : str
        Its name.
    runs : tuple of RunExposure
        The oldest first.
    """

    cell: str
    runs: tuple[RunExposure, ...] = ()

    @property
    def trials(self) -> int:
        """Trials that were completed."""
        return sum(run.trials for run in self.runs)

    @property
    def light_s(self) -> dict[float, float]:
        """Wavelength in nm: s of light, the shortest wavelength first."""
        return add_light(run.light_s for run in self.runs)

    @property
    def total_s(self) -> float:
        """Light of all LEDs together, in s."""
        return sum(run.total_s for run in self.runs)


def add_light(lights: Iterable[Mapping[float, float]]) -> dict[float, float]:
    """Sum light by wavelength.

    Parameters
    ----------
    lights : iterable of mapping
        Each wavelength in nm: light in s.

    Returns
    -------
    dict of float to float
        The shortest wavelength first.
    """
    total: dict[float, float] = {}
    for light in lights:
        for wavelength_nm, light_s in light.items():
            total[wavelength_nm] = total.get(wavelength_nm, 0.0) + light_s
    return dict(sorted(total.items()))


def run_exposure(documents: Iterable[tuple[str, Mapping[str, Any]]]) -> RunExposure | None:
    """Sum the light of one run from its documents.

    Parameters
    ----------
    documents : iterable of (name, document)
        Of one run, from a journal or a catalogue. The light is that of the stream ``trials``,
        what the LEDs told, or the planned light where they did not, and that of the stream
        ``cut_off``, for trials that a pause or a fault cut off. Of a process that was killed,
        ``recover`` adds the light of what the files hold and no event tells.

    Returns
    -------
    RunExposure or None
        None for a run that lit no cell: derived data, a replay.
    """
    start: Mapping[str, Any] = {}
    streams: dict[str, str] = {}
    untold_trials = 0
    # By number: what a pause had given again has the number of what it stands for.
    lights: dict[tuple[str, int], dict[float, float]] = {}
    for name, doc in documents:
        if name == "start":
            start = doc
            if not _lights_a_cell(start):
                return None
        elif name == "descriptor" and doc.get("name") in LIT_STREAMS:
            streams[doc["uid"]] = doc["name"]
        elif name == "event" and doc.get("descriptor") in streams:
            place = (streams[doc["descriptor"]], doc.get("seq_num", len(lights)))
            lights[place] = _event_light(start, doc["data"])
        elif name == "stop" and doc.get("recovered"):
            # What no event tells, because the process was killed.
            untold_trials = len(doc["recovered"].get("without_entry") or ())
            untold = doc["recovered"].get("light_s") or {}
            lights["recovered", 0] = {
                float(start["leds"][led]["wavelength_nm"]): float(light_s)
                for led, light_s in untold.items()
                if led in start["leds"]
            }
    if not start:
        return None
    return RunExposure(
        run=start["uid"],
        cell=start["cell"],
        time=start["time"],
        plan=str(start.get("plan_name", "")),
        trials=sum(stream == "trials" for stream, _ in lights) + untold_trials,
        light_s=add_light(lights.values()),
    )


def _lights_a_cell(start: Mapping[str, Any]) -> bool:
    cell = start.get("cell")
    return isinstance(cell, str) and bool(cell) and "leds" in start and "raw_run" not in start


def _event_light(start: Mapping[str, Any], data: Mapping[str, Any]) -> dict[float, float]:
    light: dict[float, float] = {}
    for led, described in start["leds"].items():
        given = [value for key, value in data.items() if key.endswith(f"-{led}_light_s")]
        if given:
            light[float(described["wavelength_nm"])] = float(given[0])
    return light


def list_cells(journals: Path) -> list[CellExposure]:
    """Return the light of all cells, the cell that was lit last at the end.

    Parameters
    ----------
    journals : Path
        The journal folder of a data directory; one that does not exist knows no cell.
    """
    runs: dict[str, list[RunExposure]] = {}
    # By time: journals of the same second are in the order of their uids.
    for exposure in _in_time(_read_run(path) for path, _ in _journals_with_cell(journals)):
        # Anew at the end: a dict keeps the place of a key.
        runs[exposure.cell] = [*runs.pop(exposure.cell, []), exposure]
    return [CellExposure(cell=cell, runs=tuple(of_cell)) for cell, of_cell in runs.items()]


def read_cell(journals: Path, cell: str) -> CellExposure:
    """Return the light of one cell; no runs for a cell that was never lit.

    Parameters
    ----------
    journals : Path
        The journal folder of a data directory.
    cell : str
        The ``cell`` of the runs' start documents.
    """
    found = (_read_run(path) for path, name in _journals_with_cell(journals) if name == cell)
    return CellExposure(cell=cell, runs=tuple(_in_time(found)))


def _in_time(runs: Iterable[RunExposure | None]) -> list[RunExposure]:
    return sorted((run for run in runs if run is not None), key=lambda run: run.time)


def _journals_with_cell(journals: Path) -> Iterable[tuple[Path, str]]:
    """Yield each journal of a run that lit a cell; only their first lines are read for it."""
    for path in find_journals(journals):
        try:
            with path.open("rb") as file:
                record = json.loads(file.readline())
            start = record["doc"]
            if record["name"] == "start" and _lights_a_cell(start):
                yield path, start["cell"]
        except (OSError, ValueError, KeyError, TypeError):
            # One lost journal must not keep the rig from working, but its light is missing.
            logger.warning(
                "the journal %s cannot be read, so its light is not in the exposure ledger; "
                "restore it from a copy",
                path,
            )


def _read_run(path: Path) -> RunExposure | None:
    try:
        return run_exposure(read_journal(path))
    except StorageError as error:
        logger.warning("%s; its light is not in the exposure ledger", error)
        return None
