"""Line profiles: the change along the dendrite, and the resting light across it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from blueslice.analysis import LineProfile, WidthAtHalfMaximum, line_profile, width_at_half_maximum
from blueslice.view.figures._panels import draw_line
from blueslice.view.figures._pictures import PIXELS, Scale, show_picture
from blueslice.view.figures._style import (
    CONTROL,
    GREY,
    ROI,
    TWO_COLUMNS_MM,
    ion_colour,
    ion_symbol,
    new_figure,
    note,
    styled,
)
from blueslice.view.figures.difference import ChangeOfIon

__all__ = ["ProfilePictures", "draw_profile", "profiles_along"]

_ACROSS = np.pi / 2
# Of the change far from the middle: a lower peak has no width.
_SDS = 3.0


@dataclass(frozen=True, eq=False)
class ProfilePictures:
    """What the figure of line profiles shows.

    Attributes
    ----------
    resting : ndarray, shape (y, x)
        Mean resting light in counts.
    changes : sequence of ChangeOfIon
        On the same pixels.
    y_px, x_px : float
        The middle of both lines.
    angle_rad : float
        Of the dendrite, from +x towards +y.
    length_px, width_px : float
        Of both lines.
    scale : Scale
        Of the pixels.
    note : str
        For the figure's foot.
    """

    resting: npt.NDArray[np.float64]
    changes: Sequence[ChangeOfIon]
    y_px: float
    x_px: float
    angle_rad: float
    length_px: float = 24.0
    width_px: float = 3.0
    scale: Scale = PIXELS
    note: str = ""

    def line(self, image: npt.ArrayLike, turned_rad: float = 0.0) -> LineProfile:
        """Sample an image along the dendrite, or turned against it."""
        return line_profile(image, self.y_px, self.x_px, self.angle_rad + turned_rad,
                            length_px=self.length_px, width_px=self.width_px)  # fmt: skip


def profiles_along(pictures: ProfilePictures) -> list[tuple[LineProfile, WidthAtHalfMaximum]]:
    """Return each ion's change along the dendrite, and its width at half of its maximum.

    The width is NaN where the peak does not stand out of the noise.
    """
    lines = [pictures.line(one.change) for one in pictures.changes]
    return [(line, _told_width(line)) for line in lines]


def _told_width(line: LineProfile) -> WidthAtHalfMaximum:
    outer = max(1, len(line.values) // 8)
    if not np.isfinite(np.r_[line.values[:outer], line.values[-outer:]]).any():
        # It lies at the picture's edge, and the level under its peak is outside.
        return replace(width_at_half_maximum(line, baseline=0.0), width_px=np.nan)
    width = width_at_half_maximum(line)
    beside = line.values[np.abs(line.distance_px) > np.abs(line.distance_px).max() / 2]
    noise = float(np.nanstd(beside))
    stands_out = width.peak - float(np.nanmean(beside)) > _SDS * noise
    return width if stands_out else replace(width, width_px=np.nan)


@styled
def draw_profile(pictures: ProfilePictures) -> Figure:
    """Draw where the lines lie, the changes along the dendrite, the light across it."""
    figure = new_figure(TWO_COLUMNS_MM, 62)
    place, along, across = np.asarray(figure.subplots(1, 3))
    scale = pictures.scale
    unit = "px" if scale.pixel_um is None else "µm"
    show_picture(place, pictures.resting, scale, "resting light", ticks=True)
    for turned, text in ((0.0, "along"), (_ACROSS, "across")):
        angle = pictures.angle_rad + turned
        half = pictures.length_px / 2 * np.array([-1.0, 1.0])
        y = (pictures.y_px + half * np.sin(angle)) * scale.per_pixel
        x = (pictures.x_px + half * np.cos(angle)) * scale.per_pixel
        place.plot(x, y, color=ROI, lw=1.0, ls="-" if turned == 0 else (0, (2, 1)))
        place.annotate(text, (x[1], y[1]), color=ROI, xytext=(2, 0), textcoords="offset points",
                       va="center")  # fmt: skip
    place.set(xlim=scale.extent(pictures.resting.shape)[:2])
    for k, (one, (line, width)) in enumerate(
        zip(pictures.changes, profiles_along(pictures), strict=True)
    ):
        label = f"{ion_symbol(one.ion)}" + (" (\N{MINUS SIGN}ΔF)" if one.sign < 0 else "")
        if np.isfinite(width.width_px):
            label += f": {width.width_px * scale.per_pixel:.1f} {unit} at half maximum"
        draw_line(along, line.distance_px * scale.per_pixel, line.values,
                  ion_colour(one.ion, k), label=label)  # fmt: skip
    along.axhline(0, color=GREY, lw=0.5)
    along.set(xlabel=f"along the dendrite ({scale.unit})", ylabel="change of light ΔF (counts)")
    along.set_title("change along the dendrite")
    along.set_ylim(top=along.get_ylim()[1] + 0.3 * np.ptp(along.get_ylim()))
    along.legend(loc="upper left")
    light = pictures.line(pictures.resting, _ACROSS)
    top = float(np.nanmax(light.values))
    draw_line(across, light.distance_px * scale.per_pixel, 1e2 * light.values / top, CONTROL,
              xlabel=f"across the dendrite ({scale.unit})",
              ylabel="resting light (% of its peak)")  # fmt: skip
    across.set_ylim(0, 105)
    across.set_title("light across the dendrite")
    note(figure, pictures.note)
    return figure
