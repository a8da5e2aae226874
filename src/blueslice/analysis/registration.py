"""How far the tissue moved between two trials, to a hundredth of a pixel."""

import importlib
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.analysis._coarse_shift import Overlap, coarse_shift
from blueslice.analysis._registration_images import (
    FEWEST_PIXELS,
    apply_mask,
    check_light,
    read_image,
    usable_pixels,
)
from blueslice.analysis.roi import Roi
from blueslice.errors import BadInputError

__all__ = ["Shift", "prepare_registration", "register"]

# Images of unrelated tissue reach 0.45, the same dendrite in real trials 0.99.
LOWEST_CORRELATION = 0.6
# The Gaussian through which both images are compared. From 0.85 px on, taking its samples
# between pixels aliases less than 0.001 px; a wider one loses precision on sharp spines.
BLUR_PX = 0.85
BLUR_REACH_PX = 4
SLOPE_REACH_PX = 2
# Over 150 noisy scenes less than 0.0001 px was left at this step.
CONVERGED_PX = 1e-3
MOST_STEPS = 30
# of the image's sides: where the search, up to a quarter, has lost its way
FARTHEST = 0.3


class Shift(Data):
    """How far the content of an image lies from where it lies in a reference.

    ``image[y + y_px, x + x_px]`` shows what ``reference[y, x]`` shows. ``-shift`` is the way
    back.

    Attributes
    ----------
    y_px, x_px : float
        Towards larger rows and larger columns, in pixels.
    correlation : float or None
        Of the two images at this shift, over the pixels compared; None when nothing was
        compared. Low values tell of another field of view or focus.
    """

    y_px: Real
    x_px: Real
    correlation: Annotated[float, Field(ge=-1, le=1)] | None = None

    def __neg__(self) -> "Shift":
        return Shift(y_px=-self.y_px, x_px=-self.x_px, correlation=self.correlation)

    @property
    def whole_px(self) -> tuple[int, int]:
        """The nearest whole pixels (y, x)."""
        return round(self.y_px), round(self.x_px)

    @property
    def remainder_px(self) -> tuple[float, float]:
        """What `whole_px` leaves, (y, x), at most half a pixel each."""
        whole_y, whole_x = self.whole_px
        return self.y_px - whole_y, self.x_px - whole_x


def register(
    image: npt.ArrayLike,
    reference: npt.ArrayLike,
    *,
    region: Roi | None = None,
    mask: npt.ArrayLike | None = None,
) -> Shift:
    """Find the translation of a mean image against a reference, whatever gain and offset.

    The peak of a cross-correlation (`coarse_shift`) is refined by Gauss-Newton steps on the
    intensities (Lucas & Kanade 1981, with the gradient taken on the reference as in Baker &
    Matthews 2004): with R and I the two images seen through a narrow Gaussian, each less its
    mean and divided by its standard deviation, the shift s is where ``I(p + s) - R(p)`` is
    orthogonal to the gradient of R. Only pixels known in both images are compared, so edges
    and masked margins have no say.

    Parameters
    ----------
    image : array_like, shape (y, x)
        Mean image of the trial, of any unit. NaN marks unknown pixels.
    reference : array_like, shape (y, x)
        Image that the others are aligned to, of the same shape; NaN as above.
    region : Roi, optional
        Pixels of the reference to compare: the dendrite, say, where something else moves too.
    mask : array_like of bool, shape (y, x), optional
        True on the pixels of `image` that may be used; false where a margin is not what the
        camera saw there.

    Returns
    -------
    Shift
        Up to a quarter of the image's height and width.

    Raises
    ------
    BadInputError
        When the images are no finite numbers of one shape, at least 24 x 24, show nothing to
        compare, or do not match.
    """
    moving, moving_known = read_image("image", image)
    fixed, fixed_known = read_image("reference", reference)
    if moving.shape != fixed.shape:
        raise BadInputError(
            f"image and reference have shapes {moving.shape} and {fixed.shape}; "
            "give two of the same (y, x)"
        )
    shape = (fixed.shape[0], fixed.shape[1])
    if mask is not None:
        moving, moving_known = apply_mask(moving, moving_known, mask)
    fixed_usable = usable_pixels(fixed_known, BLUR_REACH_PX + SLOPE_REACH_PX)
    moving_usable = usable_pixels(moving_known, BLUR_REACH_PX + SLOPE_REACH_PX)
    if region is not None:
        fixed_usable *= region.mask(shape)
    fixed_blurred = _blur(fixed, 0.0, 0.0)
    moving_blurred = _blur(moving, 0.0, 0.0)
    for name, blurred, usable in (
        ("reference", fixed_blurred, fixed_usable),
        ("image", moving_blurred, moving_usable),
    ):
        check_light(name, blurred[usable > 0])
    seed = coarse_shift(
        fixed_blurred, fixed_usable, moving_blurred, moving_usable, fewest_pixels=FEWEST_PIXELS
    )
    if seed is None:
        raise BadInputError(
            f"image and reference share fewer than {FEWEST_PIXELS} known pixels with structure "
            "at any shift up to a quarter of the image; widen region or mask"
        )
    return _refine(seed, fixed_blurred, fixed_usable, moving, moving_blurred, moving_usable)


def _refine(
    seed: tuple[int, int],
    fixed_blurred: npt.NDArray[np.float64],
    fixed_usable: npt.NDArray[np.float64],
    moving: npt.NDArray[np.float64],
    moving_blurred: npt.NDArray[np.float64],
    moving_usable: npt.NDArray[np.float64],
) -> Shift:
    whole = seed
    y_px, x_px = float(seed[0]), float(seed[1])
    overlap: Overlap | None = None
    gradient = matrix = target = np.empty(0)
    correlation = 0.0
    rows, columns = fixed_blurred.shape
    for _ in range(MOST_STEPS):
        # not at half a pixel: noise would have the two overlaps hand it to and fro for ever
        if max(abs(y_px - whole[0]), abs(x_px - whole[1])) > 0.75 or overlap is None:
            whole = round(y_px), round(x_px)
            overlap = Overlap.of(whole, fixed_usable, moving_usable)
            if overlap is None or overlap.pixel_count < FEWEST_PIXELS:
                break
            target, scale = overlap.standardise(fixed_blurred[overlap.fixed])
            gradient = _slopes(fixed_blurred, overlap.fixed) * (overlap.weights / scale)
            # not @: BLAS would wake all its threads for so little
            matrix = np.einsum("iyx,jyx->ij", gradient, gradient)
            _check_structure(matrix)
        if whole == (y_px, x_px):
            moved = moving_blurred[overlap.moving]
        else:
            moved = _blur(moving[overlap.moving], y_px - whole[0], x_px - whole[1])
        seen, _ = overlap.standardise(moved)
        correlation = float(np.vdot(seen, target)) / overlap.pixel_count
        step_y, step_x = np.linalg.solve(matrix, np.einsum("iyx,yx->i", gradient, target - seen))
        # a step beyond a pixel trusts the gradient further than it reaches
        y_px += min(max(float(step_y), -1.0), 1.0)
        x_px += min(max(float(step_x), -1.0), 1.0)
        settled = max(abs(step_y), abs(step_x)) < CONVERGED_PX
        if settled and correlation >= LOWEST_CORRELATION:
            return Shift(y_px=y_px, x_px=x_px, correlation=min(correlation, 1.0))
        if settled or max(abs(y_px) / rows, abs(x_px) / columns) > FARTHEST:
            break
    raise BadInputError(
        "image and reference do not match: no shift up to a quarter of the image settles with a "
        f"correlation of {LOWEST_CORRELATION:g} or more (the last tried, y {y_px:.1f}, "
        f"x {x_px:.1f} pixels, has {correlation:.2f}); give the same field of view, or a region "
        "with more structure"
    )


def _blur(image: npt.NDArray[np.float64], y_px: float, x_px: float) -> npt.NDArray[np.float64]:
    """See an image through the Gaussian, with its samples taken at an offset from the pixels.

    The margin that the Gaussian's reach leaves is 0.
    """
    # numba takes a second to compile or load: not for everyone who imports the analysis
    from blueslice.analysis._compiled_registration import blur

    taps = np.arange(-BLUR_REACH_PX, BLUR_REACH_PX + 1.0)
    weights = [np.exp(-0.5 * ((taps - offset) / BLUR_PX) ** 2) for offset in (y_px, x_px)]
    return blur(np.ascontiguousarray(image), *(part / part.sum() for part in weights))


def _slopes(image: npt.NDArray[np.float64], part: tuple[slice, slice]) -> npt.NDArray[np.float64]:
    """Take the derivatives along y and x, by the central difference of fourth order."""
    slopes = np.zeros((2, *image.shape))
    inside = slice(SLOPE_REACH_PX, -SLOPE_REACH_PX)
    slopes[0, inside] = (image[3:-1] - image[1:-3]) * (2 / 3) - (image[4:] - image[:-4]) / 12
    image, across = image.T, slopes[1].T
    across[inside] = (image[3:-1] - image[1:-3]) * (2 / 3) - (image[4:] - image[:-4]) / 12
    return slopes[(slice(None), *part)]


def _check_structure(matrix: npt.NDArray[np.float64]) -> None:
    weakest, strongest = np.linalg.eigvalsh(matrix)
    if not weakest > 1e-5 * strongest:
        raise BadInputError(
            "the reference shows structure along one direction only, so that a shift along the "
            "other cannot be seen; give a region in which the dendrite bends, branches or ends"
        )


def prepare_registration() -> None:
    """Load or compile what `register` needs now, so that no trial waits for it."""
    importlib.import_module("blueslice.analysis._compiled_registration")
