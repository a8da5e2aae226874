"""The camera: from electrons to counts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice.errors import BadInputError
from blueslice.sim.optics.photons import draw_electrons

__all__ = ["CameraParameters", "FixedPattern", "draw_counts", "draw_fixed_pattern"]

# So many pixels at a time stay in the processor's cache from electrons to counts.
_PIXELS_AT_ONCE = 8192


class CameraParameters(Data):
    """What a camera does to the light.

    Parameters
    ----------
    electrons_per_count : float
        Gain.
    read_noise_electrons : float
        Standard deviation of the noise that each reading adds.
    offset_counts : float
        Mean counts without light.
    bits : int
        Of the converter; the highest count is ``2**bits - 1``.
    quadrant_offset_counts : float
        Standard deviation of the offsets of the four amplifiers, each reading a quadrant.
    pixel_offset_counts : float
        Standard deviation of the pixels' offsets within a quadrant.
    pixel_gain : float
        Standard deviation of the pixels' sensitivity, relative.
    hot_pixel_fraction : float
        Part of the pixels that have dark current.
    hot_pixel_electrons : float
        Their mean dark current, in electrons per frame.
    """

    electrons_per_count: Real = Field(default=0.84, gt=0, le=1e4)
    read_noise_electrons: Real = Field(default=7.5, ge=0, le=1e4)
    offset_counts: Real = Field(default=900.0, ge=0, le=6e4)
    bits: Whole = Field(default=14, ge=8, le=16)
    quadrant_offset_counts: Real = Field(default=8.0, ge=0, le=1e3)
    pixel_offset_counts: Real = Field(default=2.0, ge=0, le=1e3)
    pixel_gain: Real = Field(default=0.004, ge=0, le=0.2)
    hot_pixel_fraction: Real = Field(default=3e-4, ge=0, le=1)
    hot_pixel_electrons: Real = Field(default=20.0, ge=0, le=1e6)


@dataclass(frozen=True, eq=False)
class FixedPattern:
    """How the pixels of one camera differ.

    Attributes
    ----------
    offset_counts : (y, x) float32 array
        Counts of each pixel without light and dark current.
    gain : (y, x) float32 array
        Sensitivity of each pixel, about 1.
    dark_electrons : (y, x) float32 array
        Dark current of each pixel in electrons per frame.
    """

    offset_counts: npt.NDArray[np.float32]
    gain: npt.NDArray[np.float32]
    dark_electrons: npt.NDArray[np.float32]


def draw_fixed_pattern(
    shape: tuple[int, int], camera: CameraParameters, rng: np.random.Generator
) -> FixedPattern:
    """Draw how the pixels of a camera differ.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    camera : CameraParameters
        How much they differ.
    rng : numpy.random.Generator
        Decides which.
    """
    rows, columns = shape
    quadrants = camera.quadrant_offset_counts * rng.standard_normal((2, 2))
    lower = np.arange(rows) >= rows // 2
    right = np.arange(columns) >= columns // 2
    offset = quadrants[lower.astype(int)[:, None], right.astype(int)[None, :]]
    offset = camera.offset_counts + offset
    offset = offset + camera.pixel_offset_counts * rng.standard_normal(shape)
    gain = 1 + camera.pixel_gain * np.clip(rng.standard_normal(shape), -4, 4)
    hot = rng.random(shape) < camera.hot_pixel_fraction
    dark = np.where(hot, camera.hot_pixel_electrons * rng.standard_exponential(shape), 0.0)
    return FixedPattern(
        np.maximum(offset, 0).astype(np.float32), gain.astype(np.float32), dark.astype(np.float32)
    )


def _check(electrons: npt.NDArray[np.float32], pattern: FixedPattern) -> None:
    if electrons.ndim != 3 or electrons.shape[1:] != pattern.gain.shape:
        raise BadInputError(
            f"camera: electrons of shape {electrons.shape} do not fit a sensor of "
            f"{pattern.gain.shape}; give (frames, {pattern.gain.shape[0]}, {pattern.gain.shape[1]})"
        )


def draw_counts(
    electrons: npt.NDArray[np.float32],
    pattern: FixedPattern,
    camera: CameraParameters,
    rng: np.random.Generator,
) -> npt.NDArray[np.uint16]:
    """Return what the camera counts where numbers of electrons are expected.

    Photon noise of light and dark current, read noise, gain, offset, rounding and the
    converter's limits. Frames take their random numbers one after the other, so a trial gives
    the same counts in one call or in blocks.

    Parameters
    ----------
    electrons : (frames, y, x) float32 array
        Expected electrons of each pixel, 0 or more.
    pattern : FixedPattern
        How the pixels differ.
    camera : CameraParameters
        The camera.
    rng : numpy.random.Generator
        Decides the noise.

    Returns
    -------
    (frames, y, x) uint16 array
        Counts.

    Raises
    ------
    BadInputError
        When the shape is not the sensor's, or a number is negative or not finite.
    """
    light = np.asarray(electrons, np.float32)
    _check(light, pattern)
    counts = np.empty(light.shape, np.uint16)
    gain, dark, offset = (
        part.ravel() for part in (pattern.gain, pattern.dark_electrons, pattern.offset_counts)
    )
    highest = np.float32(2**camera.bits - 1)
    read_noise = np.float32(camera.read_noise_electrons)
    counts_per_electron = np.float32(1 / camera.electrons_per_count)
    for frame, counted in zip(light.reshape(len(light), -1), counts.reshape(len(light), -1),
                              strict=True):  # fmt: skip
        for first in range(0, len(frame), _PIXELS_AT_ONCE):
            pixels = slice(first, first + _PIXELS_AT_ONCE)
            expected = frame[pixels] * gain[pixels]
            expected += dark[pixels]
            # One comparison that negative numbers, infinity and NaN all fail.
            if not (expected.min() >= 0 and expected.max() < np.inf):
                raise BadInputError(
                    "camera: expected electrons must be finite and not negative; they are "
                    f"{expected.min():g} to {expected.max():g} in a part of a frame"
                )
            value = draw_electrons(expected, rng)
            noise = rng.standard_normal(expected.shape, dtype=np.float32)
            noise *= read_noise
            value += noise
            value *= counts_per_electron
            value += offset[pixels]
            np.rint(value, out=value)
            np.clip(value, 0, highest, out=value)
            counted[pixels] = value
    return counts
