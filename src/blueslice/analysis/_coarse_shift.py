"""The whole-pixel shift between two images, from their cross-correlation."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.fft

__all__ = ["Overlap", "coarse_shift"]

# Along a straight dendrite the correlation is nearly level. In simulated ones, one peak was wrong
# for every second, four for every fourth, eight for none.
PEAKS_TRIED = 10
LOWEST_PEAK = 0.5
PEAK_REACH_PX = 2
# Detail the cross-correlation looks for: it drops the even glow, which would pin it to zero,
# and the noise.
DETAIL_PX = 1.5


@dataclass(frozen=True, eq=False)
class Overlap:
    """The pixels that two images share at a whole-pixel shift.

    Attributes
    ----------
    shift : (int, int)
        Rows and columns from a pixel of the fixed image to the same content in the moving.
    fixed, moving : (slice, slice)
        The shared part, in each image.
    weights : ndarray of float64, shape (y, x)
        1 on shared pixels usable in both, else 0.
    pixel_count : float
        Their number.
    """

    shift: tuple[int, int]
    fixed: tuple[slice, slice]
    moving: tuple[slice, slice]
    weights: npt.NDArray[np.float64]
    pixel_count: float

    @classmethod
    def of(
        cls,
        shift: tuple[int, int],
        fixed_usable: npt.NDArray[np.float64],
        moving_usable: npt.NDArray[np.float64],
    ) -> Self | None:
        """Find the overlap; None where no pixel is usable in both."""
        (y, x), (rows, columns) = shift, fixed_usable.shape
        fixed = slice(max(0, -y), rows - max(0, y)), slice(max(0, -x), columns - max(0, x))
        moving = slice(max(0, y), rows + min(0, y)), slice(max(0, x), columns + min(0, x))
        weights = fixed_usable[fixed] * moving_usable[moving]
        count = float(weights.sum())
        return cls(shift, fixed, moving, weights, count) if count else None

    def standardise(self, part: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], float]:
        """Give a part zero mean and unit variance over the usable pixels, 0 on all others.

        Not a least-squares gain: noise in the image it is fitted on would draw that to zero,
        and the shift with it.
        """
        mean = np.vdot(part, self.weights) / self.pixel_count
        centred = (part - mean) * self.weights
        scale = float(np.sqrt(np.vdot(centred, centred) / self.pixel_count))
        return centred / scale, scale


def coarse_shift(
    fixed: npt.NDArray[np.float64],
    fixed_usable: npt.NDArray[np.float64],
    moving: npt.NDArray[np.float64],
    moving_usable: npt.NDArray[np.float64],
    *,
    fewest_pixels: int,
) -> tuple[int, int] | None:
    """Find the whole-pixel shift of the best correlation, up to a quarter of the image.

    The highest peaks of the cross-correlation of the images' detail, by FFT, are compared by
    the correlation coefficient over their overlap.

    Parameters
    ----------
    fixed, moving : ndarray of float64, shape (y, x)
        The images, all finite.
    fixed_usable, moving_usable : ndarray of float64, shape (y, x)
        1 on pixels to compare, else 0.
    fewest_pixels : int
        Shifts that share fewer usable pixels are passed over.

    Returns
    -------
    (int, int) or None
        From the fixed image to the moving, (y, x); None when nothing can be compared.
    """
    # numba takes a second to compile or load: not for everyone who imports the analysis
    from blueslice.analysis._compiled_registration import correlate_overlap

    rows, columns = fixed.shape
    taper, detail = _taper(rows, columns), _detail(rows, columns)
    spectra, centred = [], []
    for image, usable in ((fixed, fixed_usable), (moving, moving_usable)):
        weights = usable * taper
        total = weights.sum()
        if not total:
            return None
        centred.append(image - np.vdot(image, weights) / total)
        # half the digits are plenty for whole pixels
        spectra.append(scipy.fft.rfft2((weights * centred[-1]).astype(np.float32)))
    product = spectra[0].conj() * spectra[1] * detail
    surface = np.asarray(scipy.fft.irfft2(product, s=(rows, columns)))
    limit_y, limit_x = rows // 4, columns // 4
    surface = np.roll(surface, (limit_y, limit_x), (0, 1))[: 2 * limit_y + 1, : 2 * limit_x + 1]

    lowest = LOWEST_PEAK * surface.max()
    best, best_correlation = None, -np.inf
    for _ in range(PEAKS_TRIED):
        y, x = divmod(int(surface.argmax()), surface.shape[1])
        if best is not None and surface[y, x] < lowest:
            break
        around = (
            slice(max(0, y - PEAK_REACH_PX), y + PEAK_REACH_PX + 1),
            slice(max(0, x - PEAK_REACH_PX), x + PEAK_REACH_PX + 1),
        )
        surface[around] = -np.inf
        shift = y - limit_y, x - limit_x
        count, correlation = correlate_overlap(
            centred[0], fixed_usable, centred[1], moving_usable, *shift
        )
        if count < fewest_pixels or correlation < -1.5:
            continue
        if correlation > best_correlation:
            best, best_correlation = shift, correlation
    return best


@lru_cache(maxsize=8)
def _taper(rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Fall to 0 over the outer eighths, so that edges that do not meet make no structure."""
    sides = []
    for size in (rows, columns):
        from_edge = (np.minimum(np.arange(size), np.arange(size)[::-1]) + 0.5) / (size / 8)
        sides.append(np.sin(np.pi / 2 * np.minimum(from_edge, 1)) ** 2)
    return np.outer(*sides)


@lru_cache(maxsize=8)
def _detail(rows: int, columns: int) -> npt.NDArray[np.float32]:
    """Give the spectrum of minus the Laplacian of a Gaussian."""
    wave_y = 2 * np.pi * scipy.fft.fftfreq(rows)[:, None]
    wave_x = 2 * np.pi * scipy.fft.rfftfreq(columns)
    scaled = (wave_y**2 + wave_x**2) * DETAIL_PX**2
    return np.asarray(scaled * np.exp(-scaled), np.float32)
