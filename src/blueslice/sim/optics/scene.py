"""What lies under the camera: a dendrite with spines, and the light around them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice.errors import BadInputError
from blueslice.sim.optics._dendrite import Arbor, draw_arbor
from blueslice.sim.optics._neurites import STEP_UM
from blueslice.sim.optics._out_of_focus import draw_background
from blueslice.sim.optics._spines import Spine, draw_spines
from blueslice.sim.optics.background import draw_background_ratios, fit_spine_light
from blueslice.sim.optics.light_maps import LightMaps, PointSources
from blueslice.sim.optics.point_spread import PointSpread, Window

__all__ = ["Scene", "SceneParameters", "draw_scene"]

_SMALLEST = 24
# Heads stay so far inside the picture, if it is large enough.
_INSET_PX = 6.0


class SceneParameters(Data):
    """How a scene is drawn.

    Parameters
    ----------
    pixel_um : float
        Size of a pixel in the slice, in um.
    margin_px : int
        Pixels known beyond each edge of the picture, so that the slice may move.
    fewest_spines, most_spines : int
        Bounds of the number of spines.
    dendrite_diameter_um : float
        Thickness of the dendrite in the middle of the picture.
    segment_um : float
        Length of a piece of dendrite that is one compartment.
    point_spread : PointSpread
        Of objective and tissue.
    """

    pixel_um: Real = Field(default=0.4, gt=0.05, le=5)
    margin_px: Whole = Field(default=16, ge=8, le=256)
    fewest_spines: Whole = Field(default=8, ge=1, le=100)
    most_spines: Whole = Field(default=20, ge=1, le=100)
    dendrite_diameter_um: Real = Field(default=1.0, gt=0.1, le=5)
    segment_um: Real = Field(default=1.0, ge=0.2, le=20)
    point_spread: PointSpread = PointSpread()

    @property
    def brightness(self) -> float:
        """Light on the dendrite's axis relative to that of one of 1 um.

        In focus it grows as the depth of dye that the light goes through: the diameter.
        """
        return self.dendrite_diameter_um / 1.0


@dataclass(frozen=True, eq=False)
class Scene:
    """Where the dye is and how the camera sees it at rest.

    The compartments are the spines, each its head and neck, and after them the segments of the
    dendrite. Light is in units of the dendrite's own on its axis: with every compartment and the
    background at 1, the picture is that of the resting cell.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the camera's picture.
    parameters : SceneParameters
        What it was drawn with.
    maps : LightMaps
        Light per compartment, in a picture that is larger by the margin on each side.
    background : (rows + 2 margin, columns + 2 margin) float32 array
        Light from elsewhere.
    out_of_focus : (rows + 2 margin, columns + 2 margin) float32 array
        The part of it that is dye of the same cell above and below the focal plane.
    spine_px : (spines, 2) array
        y and x of each head in pixels of the camera's picture, without movement.
    spine_outward : (spines, 2) array
        Unit vector from the dendrite to the head.
    spine_position_um : (spines,) array
        Where the neck begins, in um along the dendrite from the scene's edge; rising.
    spine_segment : (spines,) int array
        The segment at that place, counted from 0.
    spine_light : (spines,) array
        Light per volume of each spine relative to the dendrite's: above 1 in better focus.
    segment_px : (segments, 2) array
        y and x of each segment's middle in pixels.
    segment_position_um : (segments,) array
        The middle of each segment in um along the dendrite; along a branch it goes on from
        the fork.
    segment_on_branch : (segments,) bool array
        Which segments are on the branch. The dendrite's come first.
    """

    shape: tuple[int, int]
    parameters: SceneParameters
    maps: LightMaps
    background: npt.NDArray[np.float32]
    out_of_focus: npt.NDArray[np.float32]
    spine_px: npt.NDArray[np.float64]
    spine_outward: npt.NDArray[np.float64]
    spine_position_um: npt.NDArray[np.float64]
    spine_segment: npt.NDArray[np.intp]
    spine_light: npt.NDArray[np.float64]
    segment_px: npt.NDArray[np.float64]
    segment_position_um: npt.NDArray[np.float64]
    segment_on_branch: npt.NDArray[np.bool_]

    @property
    def spine_count(self) -> int:
        """Number of spines: compartments 0 to `spine_count` - 1."""
        return len(self.spine_px)

    @property
    def compartment_count(self) -> int:
        """Number of compartments: spines and segments."""
        return len(self.maps)

    def rest_image(self) -> npt.NDArray[np.float64]:
        """Return the picture with everything at 1, margin included, in units of light."""
        image = self.background.astype(np.float64)
        self.maps.add_to(image)
        return image


def _check(shape: tuple[int, int], parameters: SceneParameters) -> None:
    if len(shape) != 2 or min(shape) < _SMALLEST:
        raise BadInputError(
            f"scene: a picture of {shape} pixels is too small for a dendrite; give at least "
            f"{_SMALLEST} rows and columns"
        )
    if parameters.fewest_spines > parameters.most_spines:
        raise BadInputError(
            f"scene: fewest_spines = {parameters.fewest_spines} is above most_spines = "
            f"{parameters.most_spines}; give a lower one"
        )


def draw_scene(
    shape: tuple[int, int],
    rng: np.random.Generator,
    parameters: SceneParameters | None = None,
) -> Scene:
    """Draw a dendrite with spines, perhaps a branch, and what is out of focus.

    The light of each spine is set so that the background under it is as Miyazaki & Ross (2017,
    Fig 4D) measured: 41 to 85 % of the value at the spine, see `background_ratios`.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the camera's picture, each at least 24.
    rng : numpy.random.Generator
        Decides everything.
    parameters : SceneParameters, optional
        How it is drawn.

    Raises
    ------
    BadInputError
        When the picture is too small, or the numbers of spines contradict each other.
    """
    parameters = parameters or SceneParameters()
    _check(shape, parameters)
    pixel_um, margin_px = parameters.pixel_um, parameters.margin_px
    rows, columns = int(shape[0]), int(shape[1])
    inside = Window(-margin_px, -margin_px, rows + 2 * margin_px, columns + 2 * margin_px)
    size_um = np.array([rows - 1, columns - 1]) * pixel_um
    arbor = draw_arbor(
        size_um, margin_px * pixel_um, parameters.dendrite_diameter_um / 2,
        parameters.segment_um, rng,
    )  # fmt: skip
    spines = _draw_spines(arbor, (rows, columns), parameters, rng)
    maps = LightMaps.of_points(
        _sources(arbor, spines, pixel_um), inside, parameters.point_spread, pixel_um
    )
    cell = np.zeros((inside.height, inside.width))
    maps.add_to(cell, len(spines), len(spines) + len(arbor.segments))
    unit = _light_on_axis(maps, len(spines), arbor, (rows, columns), parameters)
    maps = maps.scaled(np.full(len(maps), 1 / unit))
    background, out_of_focus = draw_background(inside, arbor.dendrite, pixel_um, rng)
    spine_px = np.array([spine.head_um for spine in spines]) / pixel_um
    outward = np.array([spine.outward for spine in spines])
    ratios = draw_background_ratios(len(spines), rng)
    around = cell / unit + background
    light = fit_spine_light(around, maps, spine_px + margin_px, outward, pixel_um, ratios)
    foot_um = np.array([spine.foot * STEP_UM for spine in spines])
    ends_um = arbor.segment_end_um[: arbor.on_dendrite]
    return Scene(
        shape=(rows, columns),
        parameters=parameters,
        maps=maps.scaled(np.concatenate([light, np.ones(len(arbor.segments))])),
        background=background.astype(np.float32),
        out_of_focus=out_of_focus.astype(np.float32),
        spine_px=spine_px,
        spine_outward=outward,
        spine_position_um=foot_um,
        spine_segment=np.minimum(np.searchsorted(ends_um, foot_um, "right"), len(ends_um) - 1),
        spine_light=light,
        segment_px=arbor.segment_middle_um / pixel_um,
        segment_position_um=arbor.segment_position_um,
        segment_on_branch=np.arange(len(arbor.segments)) >= arbor.on_dendrite,
    )


def _draw_spines(
    arbor: Arbor, shape: tuple[int, int], parameters: SceneParameters, rng: np.random.Generator
) -> list[Spine]:
    count = int(rng.integers(parameters.fewest_spines, parameters.most_spines + 1))
    points_px = arbor.dendrite.points_um / parameters.pixel_um
    inset = min(_INSET_PX, 0.22 * min(shape))
    allowed = np.all((points_px > inset) & (points_px < np.array(shape) - 1 - inset), axis=1)
    return draw_spines(arbor.dendrite, allowed, count, arbor.branch_um, rng)


def _sources(arbor: Arbor, spines: list[Spine], pixel_um: float) -> list[PointSources]:
    filled = [(spine.points_um, spine.volume_um3) for spine in spines]
    filled += [segment.volume_points() for segment in arbor.segments]
    return [(points_um / pixel_um, volume) for points_um, volume in filled]


def _light_on_axis(
    maps: LightMaps,
    spine_count: int,
    arbor: Arbor,
    shape: tuple[int, int],
    parameters: SceneParameters,
) -> float:
    """Return the mean light on the dendrite's axis, of the dendrite alone, where it is seen."""
    margin_px = parameters.margin_px
    image = np.zeros((shape[0] + 2 * margin_px, shape[1] + 2 * margin_px))
    maps.add_to(image, spine_count, spine_count + arbor.on_dendrite)
    points_px = arbor.dendrite.points_um / parameters.pixel_um
    seen = np.all((points_px >= 0) & (points_px <= np.array(shape) - 1), axis=1)
    rows, columns = np.rint(points_px[seen]).astype(int).T + margin_px
    return float(image[rows, columns].mean())
