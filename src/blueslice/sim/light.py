"""The LEDs' light within a trial, and the camera's counting of it."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["CameraNoise", "led_drift"]

WARM_UP_S = 0.015


def led_drift(time_s: NDArray[np.float64], depth: float) -> NDArray[np.float64]:
    """Return an LED's light relative to its mean over the trial's end.

    A fast exponential of 15 ms and a slow linear fall, as measured on real recordings.

    Parameters
    ----------
    time_s : array
        Times in s from the LED's first flash.
    depth : float
        Total change within 200 ms, as a fraction (0.05 = 5 %).
    """
    return 1 + depth * (0.5 * np.exp(-time_s / WARM_UP_S) + 0.5 * (1 - time_s / 0.2))


class CameraNoise:
    """Turns light into counts: Poisson electrons, read noise, gain, offset, 14 bits.

    Parameters
    ----------
    electrons_per_count, read_noise_electrons, offset_counts : float
        The camera's constants, as measured on a NeuroCCD-SMQ.
    """

    FULL_SCALE = 16383

    def __init__(
        self,
        electrons_per_count: float = 0.84,
        read_noise_electrons: float = 7.5,
        offset_counts: float = 900.0,
    ) -> None:
        self.electrons_per_count = electrons_per_count
        self.read_noise_electrons = read_noise_electrons
        self.offset_counts = offset_counts

    def counts(
        self, light_electrons: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint16]:
        """Return camera counts for the mean number of electrons in each pixel.

        Any shape; uint16 of the same shape.
        """
        electrons = rng.poisson(light_electrons).astype(np.float32)
        noise = rng.standard_normal(light_electrons.shape, dtype=np.float32)
        electrons += noise * np.float32(self.read_noise_electrons)
        electrons /= np.float32(self.electrons_per_count)
        electrons += np.float32(self.offset_counts)
        np.rint(electrons, out=electrons)
        return np.clip(electrons, 0, self.FULL_SCALE).astype(np.uint16)
