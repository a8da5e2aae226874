"""Pictures of the cell as PNG, and the ROIs over them as SVG."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

__all__ = ["ROI_COLOURS", "Picture", "difference_picture", "mean_picture", "roi_svg"]

# Colour-blind safe (Okabe-Ito), for dark ground and for light.
ROI_COLOURS = {
    True: ("#F0E442", "#56B4E9", "#CC79A7", "#E69F00"),
    False: ("#0072B2", "#D55E00", "#009E73", "#CC79A7"),
}
# For the eye, by less than a pixel; nothing is measured on it.
SMOOTHING_PX = 0.8


class Picture:
    """A picture and its scale.

    Attributes
    ----------
    source : str
        A PNG as a data address.
    size : (int, int)
        Columns and rows of the PNG.
    low, high : float
        Values of the first and the last colour, in counts.
    """

    def __init__(self, values: NDArray[Any], low: float, high: float, colours: str) -> None:
        self.low, self.high = low, high
        self.size = (values.shape[1], values.shape[0])
        span = high - low if high > low else 1.0
        scaled = np.clip((np.nan_to_num(values, nan=low) - low) / span, 0, 1)
        rgb = (matplotlib.colormaps[colours](scaled)[..., :3] * 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(rgb).save(buffer, "PNG")
        self.source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def mean_picture(values: NDArray[Any]) -> Picture:
    """Draw resting light in grey, from the darkest to the brightest but for single pixels."""
    low, high = _quantiles(values, 0.005, 0.998)
    return Picture(values, low, high, "gray")


def difference_picture(values: NDArray[Any], at_least: float = 0.0) -> Picture:
    """Draw the rise of an ion in colours of even steps (inferno); a fall is black.

    The scale goes up to `at_least` counts or further: on that of a response before, the noise of
    a trial without one stays dark.
    """
    smooth = gaussian_filter(np.nan_to_num(np.asarray(values, np.float64)), SMOOTHING_PX)
    _, high = _quantiles(smooth, 0.0, 0.999)
    return Picture(smooth, 0.0, max(high, at_least, 1e-9), "inferno")


def _quantiles(values: NDArray[Any], low: float, high: float) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    first, last = np.quantile(finite, (low, high))
    return float(first), float(last)


def roi_svg(
    rois: Sequence[Mapping[str, Any]],
    step: int,
    colours: Sequence[str],
    selected: str = "",
    draft: bool = False,
) -> str:
    """Draw ROIs over a picture.

    Parameters
    ----------
    rois : sequence of mapping
        ROI documents, in pixels of the camera.
    step : int
        Pixels of the camera that one of the picture's is along a side.
    colours : sequence of str
        Of the ROIs, repeated.
    selected : str
        Name of the one that the keys move.
    draft : bool
        Whether they are not in use yet: drawn dashed.
    """
    parts = []
    for number, roi in enumerate(rois):
        x, y = roi["x"] / step, roi["y"] / step
        width, height = roi["width"] / step, roi["height"] / step
        colour = colours[number % len(colours)]
        dash = ' stroke-dasharray="4 3"' if draft else ""
        wide = 2.5 if roi["name"] == selected and len(rois) > 1 else 1.6
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="none" '
            f'stroke="{colour}" stroke-width="{wide}" vector-effect="non-scaling-stroke"{dash}>'
            f"<title>{escape(str(roi['name']))}</title></rect>"
        )
    return "".join(parts)
