"""Simulated cells at a rig, and a RunEngine to do protocols on each."""

from collections.abc import Callable
from typing import Any

import bluesky.plan_stubs as bps

from blueslice._engine import close_run_engine, make_run_engine
from blueslice.analysis import AnalysisParameters, Roi
from blueslice.broker import DataDirectory
from blueslice.callbacks import Journal, LiveDFF
from blueslice.errors import InstrumentError
from blueslice.paper.trials import Trials
from blueslice.rig import Rig, SliceParameters, make_sim_rig

__all__ = ["Laboratory", "Preparation"]


class Laboratory:
    """Where an experiment is done: what it records goes into one data directory.

    Parameters
    ----------
    directory : DataDirectory
        Of the report.
    experiment : str
        Its name, for the start documents.

    Attributes
    ----------
    runs : list of str
        The uids of what was recorded, in order.
    """

    def __init__(self, directory: DataDirectory, experiment: str) -> None:
        self.directory = directory
        self.experiment = experiment
        self.runs: list[str] = []

    def cell(
        self,
        seed: int,
        *,
        indicators: str = "bis-fura-2+ANG-2",
        parameters: SliceParameters | None = None,
    ) -> "Preparation":
        """Put a simulated cell under the rig.

        Parameters
        ----------
        seed : int
            Decides the cell and all noise.
        indicators : str
            The dyes in it.
        parameters : SliceParameters, optional
            What its slice is like.
        """
        return Preparation(self, seed, indicators, parameters)


class Preparation:
    """One simulated cell at a rig; close it, or use it in a ``with``."""

    def __init__(
        self,
        laboratory: Laboratory,
        seed: int,
        indicators: str,
        parameters: SliceParameters | None,
    ) -> None:
        self._laboratory = laboratory
        self.rig: Rig = make_sim_rig(
            seed,
            data_directory=laboratory.directory,
            indicators=indicators,
            slice_parameters=parameters,
        )
        cell = f"{laboratory.experiment} {seed}"
        told = {"experiment": laboratory.experiment, "cell": cell}
        if self.rig.ledger is not None:
            self.rig.ledger.cell = cell
            # A simulated cell may be damaged: that is part of what is compared.
            self.rig.ledger.allow(cell)
        # Ctrl-C is for the process that has the progress bar.
        self.engine = make_run_engine(told, context_managers=[])
        self._journal = Journal(laboratory.directory.journal)
        self.engine.subscribe(self._journal)
        self._documents: list[tuple[str, dict[str, Any]]] = []
        self._parameters: AnalysisParameters | None = None
        self.live = LiveDFF(
            self.rig.camera,
            self.rig.amplifier,
            lambda name, doc: None,
            # Where is looked for what answered is decided later, on all trials.
            rois=[Roi(name="any", y=36, x=36, height=6, width=6)],
        )
        self.live.on_result(self._keep)
        self.engine.subscribe(self.live)
        self.engine.subscribe(lambda name, doc: self._documents.append((name, doc)))

    def _keep(self, trial: Any) -> None:
        self._parameters = trial.parameters

    def run(self, plan: Callable[..., Any], **arguments: Any) -> Trials:
        """Run a plan of this rig and read what it recorded.

        Raises
        ------
        InstrumentError
            When the live analysis gave no result.
        """
        self._documents.clear()
        self._parameters = None
        self.engine(plan(self.rig, **arguments))
        self.live.wait()
        if self._parameters is None:
            raise InstrumentError("the live analysis gave no result; look at its log")
        trials = Trials.read(self._documents, self._parameters)
        self._laboratory.runs.append(trials.start["uid"])
        return trials

    def wash(self, solution: str, seconds: float) -> None:
        """Let a solution in and wait until the tissue is full of it."""
        perfusion: Any = self.rig.perfusion

        def plan() -> Any:
            yield from bps.abs_set(perfusion, solution, wait=True)
            yield from bps.abs_set(self.rig.rest, seconds, wait=True)

        self.engine(plan())

    def close(self) -> None:
        """End the RunEngine; what was recorded stays."""
        self.live.close()
        close_run_engine(self.engine)
        self._journal.close()

    def __enter__(self) -> "Preparation":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
