"""A simulated cell at a rig, and a RunEngine to do protocols on it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks._trials import Trials
from bluesky import RunEngine

from blueslice._engine import close_run_engine
from blueslice.analysis import AnalysisParameters, Roi
from blueslice.broker import DataDirectory
from blueslice.callbacks import LiveDFF
from blueslice.rig import Rig, make_sim_rig
from blueslice.sim import SliceParameters

__all__ = ["Preparation"]


class Preparation:
    """One simulated cell at a rig, and a RunEngine to do protocols on it."""

    def __init__(
        self,
        seed: int,
        *,
        indicators: str = "bis-fura-2+ANG-2",
        parameters: SliceParameters | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        directory = DataDirectory(Path(self._folder.name) / "data")
        self.rig: Rig = make_sim_rig(
            seed, data_directory=directory, indicators=indicators, slice_parameters=parameters
        )
        self.engine = RunEngine({}, context_managers=[])
        self._documents: list[tuple[str, dict[str, Any]]] = []
        self._parameters: AnalysisParameters | None = None
        self.live = LiveDFF(
            self.rig.camera,
            self.rig.amplifier,
            lambda name, doc: None,
            rois=[Roi(name="any", y=36, x=36, height=6, width=6)],
        )
        self.live.on_result(self._keep)
        self.engine.subscribe(self.live)
        self.engine.subscribe(lambda name, doc: self._documents.append((name, doc)))

    def _keep(self, trial: Any) -> None:
        self._parameters = trial.parameters

    def run(self, plan: Callable[..., Any], **arguments: Any) -> "Trials":
        """Run a plan of this rig and read what it recorded."""
        self._documents.clear()
        self._parameters = None
        self.engine(plan(self.rig, **arguments))
        self.live.wait()
        if self._parameters is None:
            raise RuntimeError("the live analysis gave no result; look at its log")
        return Trials.read(self._documents, self._parameters)

    def close(self) -> None:
        """End the RunEngine and throw the data away."""
        self.live.close()
        close_run_engine(self.engine)
        self._folder.cleanup()

    def __enter__(self) -> "Preparation":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
