"""How much of a spine's light is background, and dF/F without it."""

import math

import numpy as np
import numpy.typing as npt

from blueslice.analysis.line_profile import LineProfile
from blueslice.errors import BadInputError

__all__ = ["background_fraction", "correct_for_background"]


def background_fraction(
    profile: LineProfile, *, beside_px: float = 4.0, averaged_px: float = 1.0
) -> float:
    """Divide the light beside a spine by that at the spine.

    As in Fig 4D of Miyazaki & Ross (2017): a profile of the resting light across the dendrite,
    with the spine at its middle. On one side lies the dendrite, on the other what is not of the
    cell; the darker side is taken. The paper found 41 to 85 %.

    Parameters
    ----------
    profile : LineProfile
        Of dark-subtracted light.
    beside_px : float
        Distance from the spine's middle to where its own light has ended (1.6 um by default, at
        0.4 um a pixel).
    averaged_px : float
        Length of each stretch that is averaged, about that distance and about the middle.

    Returns
    -------
    float

    Raises
    ------
    BadInputError
        When the spine is not brighter than dark, or neither side is known.
    """
    distance, values = profile.distance_px, profile.values
    if not 0 <= averaged_px < 2 * beside_px:
        raise BadInputError(
            f"averaged_px = {averaged_px:g} at beside_px = {beside_px:g} reaches the middle; give "
            "less"
        )

    def light(place: float) -> float:
        near = (np.abs(distance - place) <= averaged_px / 2 + 1e-9) & np.isfinite(values)
        return float(values[near].mean()) if near.any() else math.nan

    spine = light(0.0)
    if not spine > 0:
        raise BadInputError(f"the light at the spine is {spine:g}; subtract the right dark image")
    sides = [side for side in (light(-beside_px), light(beside_px)) if math.isfinite(side)]
    if not sides:
        raise BadInputError(
            f"the profile is not known {beside_px:g} px from its middle; make it longer"
        )
    return min(sides) / spine


def correct_for_background(dff: npt.ArrayLike, fraction: float) -> npt.NDArray[np.float64]:
    """Give the dF/F of the cell alone: ``dF/F / (1 - fraction)``.

    Background adds to the resting light but does not change: what is measured is smaller than
    what happened.

    Parameters
    ----------
    dff : array_like
        As measured, background and all.
    fraction : float
        Part of the resting light that is background, from `background_fraction` or otherwise
        known: 0 to below 1.

    Raises
    ------
    BadInputError
        When the fraction is not allowed.
    """
    if not 0 <= fraction < 1:
        raise BadInputError(
            f"background fraction = {fraction!r}: give 0 to below 1; from 1 on no light is the "
            "cell's"
        )
    return np.asarray(dff, np.float64) / (1 - fraction)
