"""The width of a single spine's answer, when a neighbour answers in the clearest trial."""

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from blueslice.paper.experiments._spine import _clearest_lines
from blueslice.paper.trials import Trials

Y, X = 20.0, 20.0
FWHM_UM, PIXEL_UM = 1.3, 0.4
PULSE_S = 0.046


def spot(column: float, height: float) -> NDArray[np.float64]:
    sd_px = FWHM_UM / PIXEL_UM / math.sqrt(8 * math.log(2))
    rows, columns = np.mgrid[:41, :41]
    return height * np.exp(-((rows - Y) ** 2 + (columns - column) ** 2) / (2 * sd_px**2))


class Pictures:
    """Difference images by trial and ion; sodium's light falls when there is more of it."""

    parameters = SimpleNamespace(ions=("sodium", "calcium"), sign={"sodium": -1, "calcium": 1})

    def __init__(self, by_trial: dict[int, NDArray[np.float64]]) -> None:
        self._by_trial = by_trial

    def film(self, trial: int, windows_s: list[tuple[float, float]]) -> tuple[Any, ...]:
        assert windows_s == [pytest.approx((PULSE_S + 0.008, PULSE_S + 0.020))]
        picture = self._by_trial[trial][None]
        return tuple(SimpleNamespace(delta=sign * picture) for sign in (-1, 1))


def shown(peaks: dict[int, float]) -> dict[int, tuple[Any, ...]]:
    return {k: (SimpleNamespace(dff=np.array([[0.0, peak]])),) for k, peak in peaks.items()}


def widths_um(by_trial: dict[int, NDArray[np.float64]], peaks: dict[int, float]) -> list[float]:
    trials = cast(Trials, Pictures(by_trial))
    pulse_s = dict.fromkeys(by_trial, PULSE_S)
    return _clearest_lines(trials, shown(peaks), pulse_s, (Y, X, 0.0))[1]


ALONE, FAINT = spot(X, 40.0), spot(X, 10.0) + spot(X + 4, 6.0)
TOGETHER = spot(X, 60.0) + spot(X + 4, 50.0)


@pytest.mark.parametrize(
    ("by_trial", "peaks"),
    [
        pytest.param({0: TOGETHER, 1: ALONE, 2: FAINT}, {0: 0.2, 1: 0.1, 2: 0.03}, id="beside it"),
        pytest.param({0: ALONE, 1: TOGETHER}, {0: 0.2, 1: 0.1}, id="less clear"),
    ],
)
def test_the_width_is_that_of_the_clearest_trial_of_one_spine(
    by_trial: dict[int, NDArray[np.float64]], peaks: dict[int, float]
):
    assert widths_um(by_trial, peaks) == pytest.approx([FWHM_UM, FWHM_UM], abs=0.05)


def test_two_spines_that_always_answer_together_have_no_width():
    assert all(math.isnan(width) for width in widths_um({0: TOGETHER}, {0: 0.2}))
