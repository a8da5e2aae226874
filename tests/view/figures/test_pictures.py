"""Pictures in panels: ROIs on their pixels, bars of a round length, colours that start at 0."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from blueslice.analysis import Roi
from blueslice.view.figures import Scale
from blueslice.view.figures._pictures import change_limits, outline_roi, scale_bar, show_change


@pytest.fixture
def axes():
    return Figure().subplots()


@pytest.mark.parametrize(
    ("shape", "pixel_um", "length", "text"),
    [
        ((80, 80), 0.4, 5.0, "5 µm"),
        ((25, 25), 0.4, 2.0, "2 µm"),
        ((2048, 2048), 0.1, 50.0, "50 µm"),
        ((80, 80), None, 20.0, "20 px"),
    ],
)
def test_a_scale_bar_has_a_round_length(axes, shape, pixel_um, length, text):
    scale_bar(axes, shape, Scale(pixel_um))
    (line,) = axes.lines
    assert np.ptp(line.get_xdata()) == pytest.approx(length)
    assert axes.texts[0].get_text() == text


@pytest.mark.parametrize("pixel_um", [None, 0.5])
def test_a_mask_is_outlined_along_its_pixels_edges(axes, pixel_um):
    mask = np.zeros((20, 30), bool)
    mask[5:8, 10:12] = mask[7, 10:16] = True
    outline_roi(axes, Roi.from_mask("spine", mask), Scale(pixel_um), named=True)
    step = pixel_um or 1.0
    (contour,) = axes.collections
    box = contour.get_paths()[0].get_extents()
    assert (box.x0, box.x1) == pytest.approx((9.5 * step, 15.5 * step))
    assert (box.y0, box.y1) == pytest.approx((4.5 * step, 7.5 * step))
    assert axes.texts[0].get_text() == "spine"


def test_colours_begin_at_zero_and_unknown_pixels_stay_empty(axes):
    change = np.zeros((20, 20))
    change[10, 10] = 100.0
    change[:, 0] = np.nan
    low, high = change_limits(change)
    assert low == 0.0
    assert 10 < high < 100  # seen through the Gaussian
    show_change(axes.figure, axes, change, Scale(), bar=False)
    shown = axes.images[0]
    assert shown.get_clim() == (low, high)
    assert np.ma.getmaskarray(shown.get_array())[:, 0].all()
    assert not np.ma.getmaskarray(shown.get_array())[:, 1:].any()
    assert change_limits(np.full((3, 3), np.nan)) == (0.0, 1.0)
