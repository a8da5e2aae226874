"""Movement of the slice, and pictures moved by parts of a pixel."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.optics import (
    Movement,
    PointSpread,
    Window,
    draw_next_position,
    draw_trial_shifts,
    shift_image,
    spread_points,
)

TIME_S = np.arange(100) * 0.002
SHARPEST = PointSpread(halo_fraction=0)


def spot(y, x):
    window = Window(0, 0, 41, 41)
    return spread_points(np.array([[y, x]]), np.ones(1), window, SHARPEST, 0.4)


@pytest.mark.parametrize(
    "shift",
    [(0.5, 0.5), (0.5, 0.0), (-0.25, 0.37), (0.01, -0.02), (2.6, -3.45), (3.0, -2.0), (0.0, 0.0)],
)
@pytest.mark.parametrize("place", [(20.0, 20.0), (20.3, 19.6), (19.5, 20.5)])
def test_a_moved_spot_is_the_spot_at_its_new_place(shift, place):
    moved = shift_image(spot(*place), shift)
    true = spot(place[0] + shift[0], place[1] + shift[1])
    assert np.abs(moved - true).max() < 1e-3 * spot(20.0, 20.0).max()
    assert moved.sum() == pytest.approx(1, abs=1e-3)


def test_whole_pixels_are_exact_and_an_even_picture_stays_even():
    image = np.random.default_rng(0).uniform(size=(30, 20))
    np.testing.assert_array_equal(shift_image(image, (2, -3))[2:, :-3], image[:-2, 3:])
    np.testing.assert_allclose(shift_image(np.full((9, 7), 5.0), (0.3, -1.7)), 5.0)


@pytest.mark.parametrize("shift", [(1,), (np.nan, 0), (0, np.inf)])
def test_a_shift_that_is_none_is_refused(shift):
    with pytest.raises(BadInputError, match="shift_px"):
        shift_image(np.zeros((20, 20)), shift)


def test_between_trials_it_moves_pixels_and_stays_near():
    movement = Movement()
    rng = np.random.default_rng(2)
    places = [np.zeros(2)]
    for _ in range(500):
        places.append(draw_next_position(places[-1], movement, rng))
    steps = np.diff(places, axis=0)
    assert 1.6 < steps.std() < 2.4
    assert 2.0 < np.std(places) < 4.5
    assert np.abs(places).max() <= movement.limit_px


def test_within_a_trial_it_drifts_by_parts_of_a_pixel_and_jerks_at_times():
    movement = Movement()
    rng = np.random.default_rng(3)
    trials = np.array([draw_trial_shifts(TIME_S, (1.0, -2.0), movement, rng) for _ in range(500)])
    moved = trials - np.array([1.0, -2.0])
    jumps = np.abs(np.diff(moved, axis=1)).max(axis=(1, 2))
    jerked = jumps > 0.004
    assert jerked.mean() == pytest.approx(0.3, abs=0.08)
    assert moved[~jerked][:, -1].std() == pytest.approx(0.04, rel=0.15)
    assert 0.05 < jumps[jerked].mean() < 0.3
    assert np.abs(moved).max() < 1


def test_same_seed_same_movement_and_none_when_still():
    still = Movement(between_trials_px=0, drift_px=0, jerk_px=0)
    one, two = (
        draw_trial_shifts(TIME_S, (0, 0), Movement(), np.random.default_rng(5)) for _ in range(2)
    )
    assert one.tobytes() == two.tobytes()
    assert not draw_trial_shifts(TIME_S, (0, 0), still, np.random.default_rng(5)).any()
    assert draw_trial_shifts([], (0, 0), Movement(), np.random.default_rng(5)).shape == (0, 2)
