"""The dendrite in focus with its branch, cut into the pieces that are compartments."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from blueslice.sim.optics._neurites import STEP_UM, Course, draw_course

__all__ = ["Arbor", "draw_arbor"]

_BRANCH_CHANCE = 0.5
_TAPER_PER_UM = 0.008

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Arbor:
    """A dendrite and perhaps a branch of it.

    Attributes
    ----------
    dendrite : Course
        From one edge of the scene to another.
    branch : Course or None
        The branch.
    forked_um : float
        Where it leaves, in um along the dendrite.
    segments : tuple of Course
        The pieces of the dendrite, then those of the branch.
    on_dendrite : int
        How many of them are the dendrite's.
    """

    dendrite: Course
    branch: Course | None
    forked_um: float
    segments: tuple[Course, ...]
    on_dendrite: int

    @property
    def branch_um(self) -> Values:
        """Places along the branch, half a um apart: (places, 2), none without a branch."""
        every = round(0.5 / STEP_UM)
        return np.empty((0, 2)) if self.branch is None else self.branch.points_um[::every]

    @property
    def segment_end_um(self) -> Values:
        """Where each segment ends, in um along its path from the scene's edge: (segments,)."""
        lengths_um = np.array([segment.length_um for segment in self.segments])
        on_branch = self.forked_um + np.cumsum(lengths_um[self.on_dendrite :])
        return np.concatenate([np.cumsum(lengths_um[: self.on_dendrite]), on_branch])

    @property
    def segment_position_um(self) -> Values:
        """The middle of each segment in um along its path: (segments,)."""
        return self.segment_end_um - np.array([part.length_um for part in self.segments]) / 2

    @property
    def segment_middle_um(self) -> Values:
        """The middle of each segment in the slice: (segments, 2)."""
        return np.array([part.points_um[len(part.points_um) // 2] for part in self.segments])


def _draw_dendrite(
    size_um: Values, margin_um: float, radius_um: float, rng: np.random.Generator
) -> Course:
    """Draw the dendrite: it passes near the middle and leaves the scene at both ends."""
    middle = size_um / 2 + rng.uniform(-0.1, 0.1, 2) * size_um
    heading = rng.uniform(0, 2 * np.pi)
    reach_um = 0.75 * float(np.hypot(*size_um)) + 2 * margin_um
    # One line, drawn from its start and then laid so that its middle is where it should be.
    course = draw_course(np.zeros(2), heading, 2 * reach_um, radius_um, 0.0, rng)
    half = len(course.points_um) // 2
    points = course.points_um - course.points_um[half] + middle
    from_middle_um = STEP_UM * (np.arange(len(points)) - half)
    taper = np.clip(1 - _TAPER_PER_UM * from_middle_um, 0.75, 1.4)
    inside = np.all((points > -margin_um) & (points < size_um + margin_um), axis=1)
    outside = np.flatnonzero(~inside)
    first = int(outside[outside < half].max(initial=-1)) + 1
    stop = int(outside[outside > half].min(initial=len(points)))
    return Course(points, course.direction, course.radius_um * taper).part(first, stop)


def _draw_branch(dendrite: Course, rng: np.random.Generator) -> tuple[Course, float]:
    """Draw a thinner branch, and where along the dendrite it leaves, in um."""
    count = len(dendrite.points_um)
    fork = int(rng.choice([rng.uniform(0.3, 0.45), rng.uniform(0.55, 0.7)]) * count)
    along = dendrite.direction[fork]
    heading = np.arctan2(along[0], along[1]) + rng.choice([-1, 1]) * rng.uniform(0.6, 1.0)
    radius_um = 0.7 * float(dendrite.radius_um[fork])
    length_um = 0.8 * dendrite.length_um
    course = draw_course(dendrite.points_um[fork], heading, length_um, radius_um, 0.005, rng)
    return course, fork * STEP_UM


def _cut(course: Course, segment_um: float) -> list[Course]:
    pieces = max(1, round(course.length_um / segment_um))
    edges = np.linspace(0, len(course.points_um), pieces + 1).round().astype(int)
    return [course.part(first, stop) for first, stop in pairwise(edges.tolist())]


def draw_arbor(
    size_um: Values,
    margin_um: float,
    radius_um: float,
    segment_um: float,
    rng: np.random.Generator,
) -> Arbor:
    """Draw a dendrite that crosses a picture, in half of the cases with a branch.

    Parameters
    ----------
    size_um : (2,) array
        Height and width of the picture.
    margin_um : float
        How far the dendrite goes on beyond it.
    radius_um : float
        Half the dendrite's thickness in the middle.
    segment_um : float
        Length of a segment, about.
    rng : numpy.random.Generator
        Decides everything.
    """
    dendrite = _draw_dendrite(size_um, margin_um, radius_um, rng)
    segments = _cut(dendrite, segment_um)
    if rng.random() >= _BRANCH_CHANCE:
        return Arbor(dendrite, None, 0.0, tuple(segments), len(segments))
    branch, forked_um = _draw_branch(dendrite, rng)
    both = (*segments, *_cut(branch, segment_um))
    return Arbor(dendrite, branch, forked_um, both, len(segments))
