"""A session at the rig: RunEngine, journal, catalogue and live analysis, wired together."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from blueslice._addresses import file_at
from blueslice._end_run import close_engine
from blueslice._engine import make_run_engine
from blueslice._precedence import precedence, take_precedence
from blueslice._run_guard import guard_runs
from blueslice._session_end import SessionEnd
from blueslice._session_feed import feed_session
from blueslice._signals import process_end
from blueslice.analysis import AnalysisParameters, Roi, Shift, TrialResult
from blueslice.broker import CatalogueProcess, DataDirectory, ProcessWriter, install_profile
from blueslice.callbacks import Journal, LiveDFF, TrialDFF
from blueslice.clamp import UNKNOWN_CLAMP
from blueslice.errors import BadInputError, StorageError
from blueslice.ledger import ExposureBudget
from blueslice.ledger_session import PatchedCell, check_cell_name
from blueslice.rig import Rig

if TYPE_CHECKING:
    from bluesky_tiled_plugins.clients.catalog_of_bluesky_runs import CatalogOfBlueskyRuns

__all__ = ["Session"]

logger = logging.getLogger(__name__)


class Session(PatchedCell, SessionEnd):
    """Everything that a protocol's documents go to, in the right order: the journal first.

    However a call of its RunEngine ends, and however the session itself does (`close`, the end of
    the program, SIGTERM, a closed terminal), the clock is stopped, the LEDs are off and the
    stimulator is disarmed, or an error says what may still be on.

    It also keeps the exposure ledger: each run's start document names the cell, and light beyond
    the cell's budget is refused, whatever plan asks for it; see `allow_exposure`.

    Parameters
    ----------
    rig : Rig
        The rig.
    data_directory : DataDirectory
        Where everything is kept; locked for this process.
    rois : sequence of Roi, optional
        For the live analysis.
    catalogue : bool
        False to run without the catalogue; the journal is enough to fill it later.
    background : mapping of str to float, optional
        For the live analysis.
    response_s : (float, float), optional
        For the live analysis: the window in which the size of a response is read, in s after the
        trial's start.
    cell : str, optional
        Name of the patched cell; by default a new one. A name that earlier runs have goes on
        with their light. A rig that replays has no cell.
    exposure_budget : ExposureBudget, optional
        Light that a cell may get; by default that of ten trials of 200 ms.
    now : callable
        Gives the local time, after which a new cell is named.
    """

    def __init__(
        self,
        rig: Rig,
        data_directory: DataDirectory,
        *,
        rois: Sequence[Roi] | None = None,
        catalogue: bool = True,
        background: Mapping[str, float] | None = None,
        response_s: tuple[float, float] | None = None,
        cell: str | None = None,
        exposure_budget: ExposureBudget | None = None,
        now: Callable[[], datetime] = datetime.now,
    ) -> None:
        check_cell_name(rig, cell)
        self.rig = rig
        self.data_directory = data_directory
        self._uris: dict[str, str] = {}
        # What the amplifier holds in the last run.
        self.clamp = UNKNOWN_CLAMP
        self.results: dict[int, TrialResult] = {}
        self.shifts: dict[int, Shift] = {}
        self.analysed: dict[int, TrialDFF] = {}
        self.start: dict[str, Any] = {}
        self.parameters: AnalysisParameters | None = None
        SessionEnd.__init__(self)
        # Closed in the reverse order, each whatever became of the others, also when it was the
        # making of a later one that failed.
        with self._closing as closing:
            lock = data_directory.lock_for_writing()
            closing.callback(lock.release)
            data_directory.refuse_moved()
            self.RE = make_run_engine(now=now)
            closing.callback(close_engine, self.RE)
            if rig.keeps_real_time:
                closing.enter_context(precedence())
                self.RE.loop.call_soon_threadsafe(take_precedence)
            self.journal = Journal(data_directory.journal)
            closing.callback(self.journal.close)
            derived_journal = self._derived_journal = Journal(data_directory.journal)
            closing.callback(derived_journal.close)
            self._sinks: list[Callable[[str, dict[str, Any]], None]] = [derived_journal]
            self.RE.subscribe(self.journal)
            PatchedCell.__init__(
                self, self.RE, rig, data_directory, exposure_budget or ExposureBudget(), now
            )
            if rig.ledger is not None:
                closing.callback(rig.ledger.close)
            guard_runs(self.RE, rig, process_end)
            if not rig.recorded_trials:
                self.new_cell(cell)
            self._catalogue: CatalogueProcess | None = None
            self._writers: list[ProcessWriter] = []
            if catalogue:
                self._catalogue = CatalogueProcess(data_directory, lock)
                closing.callback(self._catalogue.close)
                self._catalogue.start()
                self._writers = [self._catalogue.writer(), self._catalogue.writer()]
                # The catalogue knows of nothing that a power cut could still take.
                self.RE.subscribe(self.journal.after_disk(self._writers[0]))
                self._sinks.append(derived_journal.after_disk(self._writers[1]))
                for journal in (self.journal, derived_journal):
                    closing.callback(journal.wait, 60.0)
                self._install_profile()
            self.live = LiveDFF(
                rig.camera,
                rig.amplifier,
                self._publish,
                rois=rois,
                background=background,
                response_s=response_s,
            )
            closing.callback(self.live.close)
            closing.callback(self.live.wait)
            self.live.on_result(self._keep_result)
            self.RE.subscribe(self.live)
            self.feed = feed_session(self)
            closing.callback(self.feed.close)
            self.RE.subscribe(self._note_start, "start")
            self.RE.subscribe(self._note_resource, "stream_resource")
            self.RE.subscribe(self._note_clamp, "descriptor")
            # The first trial must not wait for what the analysis has to load.
            self.live.wait()
            self._register_end()

    def _install_profile(self) -> None:
        # The name belongs to the default data directory; another one gets a profile on request.
        if not self.data_directory.is_default:
            return
        try:
            install_profile(self.data_directory)
        except (BadInputError, StorageError) as error:
            # A home directory that cannot be written is no reason not to acquire.
            logger.warning(
                "%s; until then open the catalogue with blueslice.broker.open_catalogue, not by "
                "its name",
                error,
            )

    def _publish(self, name: str, doc: dict[str, Any]) -> None:
        for sink in self._sinks:
            sink(name, doc)

    def _keep_result(self, trial: TrialDFF) -> None:
        # The analysis may still be at the run before.
        if trial.run == self.start.get("uid"):
            self.results[trial.trial] = trial.result
            self.shifts[trial.trial] = trial.shift
            self.parameters = trial.run_parameters
            self.analysed[trial.trial] = trial

    @property
    def catalogue(self) -> "CatalogOfBlueskyRuns":
        """The catalogue, for reading what was acquired."""
        if self._catalogue is None:
            raise RuntimeError("this session has no catalogue; make it with catalogue=True")
        return self._catalogue.client

    def _note_start(self, name: str, doc: dict[str, Any]) -> None:
        self.start = dict(doc)
        self.results.clear()
        self.shifts.clear()
        self.analysed.clear()
        self.parameters = None
        self.clamp = UNKNOWN_CLAMP
        self._uris.clear()

    def _note_resource(self, name: str, doc: dict[str, Any]) -> None:
        self._uris[doc["data_key"]] = doc["uri"]

    def _note_clamp(self, name: str, doc: dict[str, Any]) -> None:
        amplifier = doc.get("configuration", {}).get(self.rig.amplifier.name, {})
        self.clamp = amplifier.get("data", {}).get(self.rig.amplifier.clamp.name, self.clamp)

    def light(self) -> dict[str, Any]:
        """Return the cell's light so far, of all LEDs together, and its budget; both in s."""
        if self._guard is None or not self.cell:
            return {}
        ledger = self._guard.ledger
        budget, used_s = ledger.budget, ledger.used_s(self.cell)
        share = {"budget_s": budget.light_s, "warn_share": budget.warn_share}
        return {"cell": self.cell, "used_s": used_s, **share}

    def stimulated_trials(self) -> list[int]:
        """Return the places (from 0) of the trials with a stimulus among the results."""
        blanks = self.start.get("blanks", [])
        numbers = sorted(self.results)
        return [
            place
            for place, number in enumerate(numbers)
            if not (number <= len(blanks) and blanks[number - 1])
        ]

    def pulse_onsets_s(self) -> list[float]:
        """Return the planned onsets of the last run's pulses, in s."""
        return [pulse["onset_s"] for pulse in self.start.get("trial", {}).get("pulses", [])]

    def voltage(self) -> tuple[NDArray[Any], float]:
        """Read the last run's voltage from its file.

        Returns
        -------
        (trials, samples) array and float
            Voltage in mV, and samples per second.

        Raises
        ------
        BadInputError
            When no run of this session has recorded a voltage.
        """
        if "amplifier-voltage" not in self._uris:
            raise BadInputError(
                "no voltage was recorded in this session; run a protocol with session.RE first"
            )
        path = file_at(self._uris["amplifier-voltage"])
        if path is None:
            raise StorageError(f"{self._uris['amplifier-voltage']} is no file of this computer")
        with h5py.File(path, "r", swmr=True) as file:
            voltage_mV = np.asarray(file["amplifier-voltage"])
            rate_Hz = float(np.asarray(file.attrs["sample_rate_Hz"]))
            return voltage_mV.reshape(len(voltage_mV), -1), rate_Hz

    def wait(self, timeout_s: float = 60.0) -> None:
        """Wait until what was acquired so far is analysed and in the catalogue.

        Raises
        ------
        StorageError
            When the catalogue takes longer, or has not taken a run.
        """
        self.live.wait(timeout_s)
        for journal in (self.journal, self._derived_journal):
            journal.wait(timeout_s)
        for writer in self._writers:
            writer.wait(timeout_s)
