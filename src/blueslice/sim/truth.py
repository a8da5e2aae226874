"""What really happened in a simulated trial: for tests and for teaching, never for an analysis."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.glow import Glow
from blueslice.sim.physiology import CellResponse
from blueslice.sim.wiring import Wiring

if TYPE_CHECKING:
    from blueslice.sim.slice import SimulatedSlice

__all__ = ["TrialTruth"]


@dataclass(frozen=True)
class TrialTruth:
    """The causes of what the instruments recorded.

    Attributes
    ----------
    response : CellResponse
        Concentrations, potential, releases and spikes.
    shifts_px : (frames, 2) array
        Where the slice lay in each frame.
    electrons : (float, float)
        Expected electrons of the whole trial, of the cell and of the background, in a pixel
        where the light map is 1.
    dose_s : (float, float)
        Light of each LED up to the trial's end, in s of full light.
    target_spine : int
        The spine at the electrode.
    """

    response: CellResponse
    shifts_px: NDArray[np.float64]
    electrons: tuple[float, float]
    dose_s: tuple[float, float]
    target_spine: int

    @classmethod
    def of(
        cls,
        source: "SimulatedSlice",
        wiring: Wiring,
        response: CellResponse,
        glow: Glow,
        shifts_px: NDArray[np.float64],
    ) -> Self:
        """Collect the truth of a trial."""
        return cls(
            response,
            shifts_px,
            (float(glow.compartments.mean(0).sum()), float(glow.background.sum())),
            glow.dose_s,
            source.target_spine,
        )

    def to_document(self) -> dict[str, Any]:
        """Return the events as plain values: releases, spikes, movement, light."""
        return {
            "releases": {
                str(spine): [
                    {"time_s": r.time_s, "amplitude": r.amplitude, "pulse": r.pulse} for r in found
                ]
                for spine, found in self.response.releases.items()
            },
            "spikes_s": [spike_ms / 1e3 for spike_ms in self.response.spikes_ms],
            "plateau_s": None
            if self.response.plateau_ms is None
            else self.response.plateau_ms / 1e3,
            "peak_sodium_mM": self.response.spine_sodium_mM.max(axis=1).tolist(),
            "peak_calcium_uM": self.response.spine_calcium_uM.max(axis=1).tolist(),
            "shifts_px": self.shifts_px.tolist(),
            "electrons": list(self.electrons),
            "dose_s": list(self.dose_s),
            "target_spine": self.target_spine,
        }
