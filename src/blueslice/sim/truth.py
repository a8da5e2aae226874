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


def _rounded(values: NDArray[np.float64]) -> list[Any]:
    """Return numbers with 6 significant digits: more only fills the disk."""
    return np.array([float(f"{value:.6g}") for value in values.flat]).reshape(values.shape).tolist()


@dataclass(frozen=True)
class TrialTruth:
    """The causes of what the instruments recorded.

    Attributes
    ----------
    response : CellResponse
        Concentrations, potential, releases and spikes.
    starts_s : (frames,) array
        When each frame began, from the trial's start.
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
    starts_s: NDArray[np.float64]
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
            np.arange(wiring.frame_count) / wiring.frame_rate_Hz,
            shifts_px,
            (float(glow.compartments.mean(0).sum()), float(glow.background.sum())),
            glow.dose_s,
            source.target_spine,
        )

    def to_document(self) -> dict[str, Any]:
        """Return it as plain values: releases, spikes, movement, light, and ions by frame.

        ``spine_sodium_mM`` and ``spine_calcium_uM`` are (spines, frames) and ``voltage_mV``
        (frames,), each at ``time_s``, the start of the frame.
        """
        response = self.response
        # Each time's own sample: the response is far finer than the frames.
        last = response.spine_sodium_mM.shape[1] - 1
        at = np.minimum(np.rint(self.starts_s * 1e3 / response.interval_ms).astype(int), last)
        return {
            "time_s": _rounded(self.starts_s),
            "spine_sodium_mM": _rounded(response.spine_sodium_mM[:, at]),
            "spine_calcium_uM": _rounded(response.spine_calcium_uM[:, at]),
            "voltage_mV": _rounded(response.voltage_mV[at]),
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
            "shifts_px": _rounded(self.shifts_px),
            "electrons": list(self.electrons),
            "dose_s": list(self.dose_s),
            "target_spine": self.target_spine,
        }
