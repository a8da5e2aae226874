"""Where the spines sit on a dendrite."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from blueslice.sim.optics._neurites import STEP_UM, Course, ball_points

__all__ = ["Spine", "draw_spines"]

_HEAD_VOLUME_UM3 = 0.25
_HEAD_VOLUME_CV = 0.25
_NECK_UM = (0.7, 1.2)
_NECK_RADIUS_UM = 0.1
_LEAN_RAD = 0.35
# Spines nearer than this on one side would be seen as one.
_NEAREST_UM = 1.5
# Around the middle of the picture: farther away nobody could stimulate them together.
_LONGEST_STRETCH_UM = 60.0


@dataclass(frozen=True, eq=False)
class Spine:
    """A head on its neck.

    Attributes
    ----------
    head_um : (2,) array
        y and x of the head's centre.
    outward : (2,) array
        Unit vector from the dendrite to the head.
    foot : int
        The point of the dendrite's course at which the neck begins.
    points_um : (points, 2) array
        Points that fill head and neck.
    volume_um3 : (points,) array
        The volume of each.
    """

    head_um: npt.NDArray[np.float64]
    outward: npt.NDArray[np.float64]
    foot: int
    points_um: npt.NDArray[np.float64]
    volume_um3: npt.NDArray[np.float64]


def _draw_spine(course: Course, foot: int, side: float, rng: np.random.Generator) -> Spine:
    neck_um = rng.uniform(*_NECK_UM)
    lean = rng.uniform(-_LEAN_RAD, _LEAN_RAD)
    volume = _HEAD_VOLUME_UM3 * np.exp(_HEAD_VOLUME_CV * rng.standard_normal())
    radius_um = float(np.cbrt(3 * volume / (4 * np.pi)))
    outward = side * np.cos(lean) * course.normal[foot] + np.sin(lean) * course.direction[foot]
    surface_um = course.points_um[foot] + course.radius_um[foot] * outward
    head_um = surface_um + (neck_um + radius_um) * outward
    points, parts = ball_points(head_um, radius_um)
    steps = int(np.ceil(neck_um / STEP_UM))
    along = (np.arange(steps) + 0.5) / steps * neck_um
    neck_points = surface_um + along[:, None] * outward
    neck_parts = np.full(steps, np.pi * _NECK_RADIUS_UM**2 * neck_um / steps)
    return Spine(
        head_um,
        outward,
        foot,
        np.concatenate([points, neck_points]),
        np.concatenate([parts, neck_parts]),
    )


def draw_spines(
    course: Course,
    allowed: npt.NDArray[np.bool_],
    count: int,
    avoid_um: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> list[Spine]:
    """Draw spines along a dendrite, on both sides of it.

    Parameters
    ----------
    course : Course
        The dendrite.
    allowed : (points,) bool array
        Points of the course that may carry a spine; those around the middle one are used.
    count : int
        How many spines.
    avoid_um : (points, 2) array
        Places a head should keep away from, such as a branch.
    rng : numpy.random.Generator
        Decides where they are and how they lean.

    Returns
    -------
    list of Spine
        In order along the dendrite.
    """
    feet = np.flatnonzero(allowed)
    middle = len(feet) // 2
    half = int(_LONGEST_STRETCH_UM / STEP_UM / 2)
    feet = feet[max(0, middle - half) : middle + half]
    slot = len(feet) / count
    spines: list[Spine] = []
    side = 1.0 if rng.random() < 0.5 else -1.0
    for k in range(count):
        foot = int(feet[int((k + rng.uniform(0.2, 0.8)) * slot)])
        near = bool(spines) and (foot - spines[-1].foot) * STEP_UM < _NEAREST_UM
        if near or rng.random() < 0.5:
            side = -side
        spine = _draw_spine(course, foot, side, rng)
        if len(avoid_um) and np.hypot(*(avoid_um - spine.head_um).T).min() < _NEAREST_UM:
            spine = _draw_spine(course, foot, -side, rng)
        spines.append(spine)
    return spines
