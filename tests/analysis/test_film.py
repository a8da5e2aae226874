"""Each picture of a film strip is the mean of its frames less the baseline, in place."""

import numpy as np
import pytest

from blueslice.analysis import Shift, film_strip, film_windows
from blueslice.errors import BadInputError

TIME_S = np.arange(20) * 0.004 + 0.0009
ROWS, COLUMNS = np.indices((30, 32), float)
WINDOWS_S = film_windows(0.04, 0.08, 0.008)
BASELINE_S = (0.0, 0.04)


def scene(y_px=0.0, x_px=0.0):
    return 200 + 100 * np.exp(-((ROWS - 14 - y_px) ** 2 + (COLUMNS - 16 - x_px) ** 2) / 18)


def test_windows_follow_each_other():
    assert len(WINDOWS_S) == 5
    assert np.array(WINDOWS_S) == pytest.approx(
        np.array([(0.04 + 0.008 * k, 0.048 + 0.008 * k) for k in range(5)])
    )
    assert len(film_windows(0, 0.1, 0.03)) == 3


def test_pictures_are_means_minus_the_baseline():
    frames = scene()[None] + np.arange(20.0)[:, None, None]
    strip = film_strip(frames, TIME_S, WINDOWS_S, BASELINE_S)
    # frames 10 and 11 are in the first window, 0 to 9 in the baseline
    assert strip.baseline == pytest.approx(scene() + 4.5)
    assert strip.delta[:, 3, 4] == pytest.approx([6, 8, 10, 12, 14])
    assert strip.frame_counts.tolist() == [2] * 5
    assert strip.from_s[0] == 0.04
    assert strip.dff(sign=-1, background=100)[1] == pytest.approx(-8 / (scene() - 95.5))


def test_dark_and_led_drift_are_taken_out():
    light = 1 + 0.01 * np.arange(20)
    frames = scene()[None] * light[:, None, None] + 50
    strip = film_strip(
        frames, TIME_S, WINDOWS_S, BASELINE_S, dark=np.full((30, 32), 50.0), light=light
    )
    assert strip.delta == pytest.approx(0, abs=1e-9)
    assert strip.baseline == pytest.approx(scene() * light[:10].mean())


@pytest.mark.parametrize("each", [False, True])
def test_frames_are_moved_back(each):
    shift = Shift(y_px=1.4, x_px=-2.3)
    frames = np.tile(scene(1.4, -2.3), (20, 1, 1))
    frames[12:] += 30
    given = [shift] * 20 if each else shift
    strip = film_strip(frames, TIME_S, WINDOWS_S, BASELINE_S, shift=given)
    inside = (slice(6, -6), slice(6, -6))
    assert strip.baseline[inside] == pytest.approx(scene()[inside], abs=0.05)
    assert strip.delta[2][inside] == pytest.approx(30)
    assert np.isnan(strip.delta[2][:, :2]).all()


def test_frames_that_move_differently():
    shifts = [Shift(y_px=0.1 * k, x_px=-0.05 * k) for k in range(20)]
    frames = [scene(shift.y_px, shift.x_px) for shift in shifts]
    inside = (slice(None), slice(6, -6), slice(6, -6))
    moved = film_strip(frames, TIME_S, WINDOWS_S, BASELINE_S, shift=shifts)
    assert moved.delta[inside] == pytest.approx(0, abs=0.05)
    left = film_strip(frames, TIME_S, WINDOWS_S, BASELINE_S)
    assert np.abs(left.delta[inside]).max() > 5


def test_unknown_pixels_and_empty_windows():
    frames = np.tile(scene(), (20, 1, 1))
    frames[10, 5, 5] = np.nan
    frames[:, 7, 7] = np.nan
    strip = film_strip(frames, TIME_S, [*WINDOWS_S, (0.5, 0.6)], BASELINE_S)
    assert strip.delta[0, 5, 5] == pytest.approx(0, abs=1e-9)
    assert np.isnan(strip.delta[:, 7, 7]).all()
    assert np.isnan(strip.delta[-1]).all()
    assert strip.frame_counts[-1] == 0
    assert np.isnan(strip.dff(background=1e6)).all()


MOVIE = np.ones((20, 30, 32))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: film_strip(MOVIE[0], TIME_S, WINDOWS_S, BASELINE_S), "give .frames, y, x."),
        (lambda: film_strip(MOVIE, TIME_S, [(0.1, 0.1)], BASELINE_S), "is empty"),
        (lambda: film_strip(MOVIE, TIME_S, WINDOWS_S, (5, 6)), "no frame is within"),
        (
            lambda: film_strip(MOVIE, TIME_S, WINDOWS_S, BASELINE_S, dark=np.ones((2, 2))),
            "dark image",
        ),
        (
            lambda: film_strip(MOVIE, TIME_S, WINDOWS_S, BASELINE_S, light=np.zeros(20)),
            "above 0",
        ),
        (
            lambda: film_strip(MOVIE, TIME_S, WINDOWS_S, BASELINE_S, shift=[Shift(y_px=0, x_px=0)]),
            "1 shifts",
        ),
        (lambda: film_strip(MOVIE, TIME_S, WINDOWS_S, BASELINE_S).dff(sign=2), "sign = 2"),
        (lambda: film_windows(0, 1, 2), "do not fit"),
        (lambda: film_windows(0, 1, 0), "do not fit"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(BadInputError, match=message):
        call()
