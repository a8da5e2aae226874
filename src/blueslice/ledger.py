"""The exposure ledger: how long each cell has been lit, by wavelength, over all runs."""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from blueslice._data import Data
from blueslice._exposure_budget import ExposureBudget
from blueslice._journal_index import JournalIndex
from blueslice._light_database import GivenLight, LightDatabase, light_database_of
from blueslice._numbers import Real, Whole
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
    light_kept : bool
        Whether the devices have entered the light in the rig's ledger, see
        `blueslice.light_ledger`; otherwise it is that of the run's documents.
    """

    run: str
    cell: str
    time: Real
    plan: str = ""
    trials: Whole = 0
    light_s: dict[Real, Real] = Field(default_factory=dict)
    light_kept: bool = False

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
        light_kept=start.get("light_kept") is True,
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

    Raises
    ------
    StorageError
        When the light ledger beside it is damaged.
    """
    runs, cell_of = _indexed_runs(journals)
    given = LightDatabase(light_database_of(journals.parent)).read()
    return _cells(runs, given, cell_of)


def read_cell(journals: Path, cell: str) -> CellExposure:
    """Return the light of one cell; no runs for a cell that was never lit.

    Parameters
    ----------
    journals : Path
        The journal folder of a data directory.
    cell : str
        The ``cell`` of the runs' start documents.

    Raises
    ------
    StorageError
        When the light ledger beside it is damaged.
    """
    runs, cell_of = _indexed_runs(journals, cell)
    mine = [run.run for run in runs]
    given = LightDatabase(light_database_of(journals.parent)).read(cell, mine)
    found = (one for one in _cells(runs, given, cell_of) if one.cell == cell)
    return next(found, CellExposure(cell=cell))


def _cells(
    runs: list[RunExposure], given: list[GivenLight], cell_of: Mapping[str, str]
) -> list[CellExposure]:
    """Put together what documents tell and what devices have entered.

    Of a run whose devices keep a ledger, that ledger counts: it has all light, also that of which
    no document tells. Where it was lost, the documents are what is left.
    """
    entered: dict[tuple[str, str], list[GivenLight]] = {}
    for one in given:
        # Under a RunEngine of one's own the run may name the cell, and the rig another.
        entered.setdefault((cell_of.get(one.run, one.cell), one.run), []).append(one)
    found: list[RunExposure] = []
    for run in runs:
        mine = entered.pop((run.cell, run.run), None) if run.light_kept else None
        if mine is not None:
            run = run.replace(light_s=add_light(one.light_s for one in mine))
        found.append(run)
    for (cell, run), others in entered.items():
        light_s = add_light(one.light_s for one in others)
        found.append(
            RunExposure(run=run, cell=cell, time=others[0].time, light_s=light_s, light_kept=True)
        )
    # By time: journals of the same second are in the order of their uids.
    of_cell: dict[str, list[RunExposure]] = {}
    for run in sorted(found, key=lambda run: run.time):
        # Anew at the end: a dict keeps the place of a key.
        of_cell[run.cell] = [*of_cell.pop(run.cell, []), run]
    return [CellExposure(cell=cell, runs=tuple(runs)) for cell, runs in of_cell.items()]


def _indexed_runs(
    journals: Path, cell: str | None = None
) -> tuple[list[RunExposure], dict[str, str]]:
    found: list[RunExposure] = []
    runs, cell_of = JournalIndex(journals, _read_run).runs(cell)
    for run in runs:
        if run.problem:
            # One lost journal must not keep the rig from working, but its light may be missing.
            logger.warning("%s; its light is not in the exposure ledger", run.problem)
        elif run.exposure is not None:
            # The keys of JSON are texts. Checked when it was indexed: not again for each of
            # thousands.
            light_s = {float(nm): light for nm, light in run.exposure["light_s"].items()}
            found.append(RunExposure.model_construct(**{**run.exposure, "light_s": light_s}))
    return found, cell_of


def _read_run(path: Path) -> tuple[Mapping[str, Any] | None, str]:
    """Read a journal for the index; only the first line of a run that lit no cell."""
    # Here, because bluesky with it takes a second, and all journals may be in the index.
    from blueslice.callbacks import read_journal

    try:
        documents = read_journal(path)
        name, start = next(documents, ("", {}))
        if name != "start" or not _lights_a_cell(start):
            return None, ""
        exposure = run_exposure([(name, start), *documents])
        return (None if exposure is None else exposure.to_document()), ""
    except StorageError as error:
        return None, str(error)
