"""Scenes: a dendrite with spines, of any size, the same for the same seed."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.optics import SceneParameters, background_ratios, draw_scene

SEEDS = range(40)


def scene(seed, shape=(80, 80)):
    return draw_scene(shape, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def scenes():
    return [scene(seed) for seed in SEEDS]


def test_background_under_spines_is_the_papers(scenes):
    ratios = np.concatenate(
        [
            background_ratios(s.rest_image(), s.spine_px + s.parameters.margin_px, s.spine_outward)
            for s in scenes
        ]
    )
    assert ratios.mean() == pytest.approx(0.62, abs=0.015)
    assert ratios.std() == pytest.approx(0.11, abs=0.015)
    assert 0.40 < ratios.min() < 0.46
    assert 0.80 < ratios.max() < 0.86


def test_spines_are_beside_the_dendrite_and_brighter_than_beside_them(scenes):
    for s in scenes:
        assert 8 <= s.spine_count <= 20
        assert len(s.maps) == s.compartment_count == s.spine_count + len(s.segment_px)
        assert np.all(np.diff(s.spine_position_um) >= 0)
        foot = s.segment_px[s.spine_segment]
        apart_um = 0.4 * np.hypot(*(s.spine_px - foot).T)
        assert apart_um.min() > 1.0
        assert apart_um.max() < 3.0
        assert not s.segment_on_branch[s.spine_segment].any()
        assert np.all((s.spine_px > 0) & (s.spine_px < 79))
        feet_um = s.segment_position_um[s.spine_segment]
        assert np.abs(feet_um - s.spine_position_um).max() <= 0.6
    turns = np.concatenate(
        [(s.spine_outward[:-1] * s.spine_outward[1:]).sum(axis=1) < 0 for s in scenes]
    )
    assert 0.4 < turns.mean() < 0.9
    assert {bool(s.segment_on_branch.any()) for s in scenes} == {True, False}


def test_positions_along_a_branch_go_on_from_the_fork(scenes):
    for s in scenes:
        dendrite, branch = ~s.segment_on_branch, s.segment_on_branch
        assert np.all(np.diff(s.segment_position_um[dendrite]) > 0)
        if branch.any():
            first = s.segment_px[branch][0]
            nearest = np.argmin(np.hypot(*(s.segment_px[dendrite] - first).T))
            fork_um = s.segment_position_um[dendrite][nearest]
            assert s.segment_position_um[branch][0] == pytest.approx(fork_um + 0.5, abs=1.0)
            assert np.all(np.diff(s.segment_position_um[branch]) > 0)


def test_the_dendrite_is_one_on_its_axis_and_as_thick_as_it_was_drawn(scenes):
    on_axis, widths_um = [], []
    for s in scenes:
        margin = s.parameters.margin_px
        own = np.zeros(s.background.shape)
        s.maps.add_to(own, s.spine_count)
        chosen = s.segment_px[~s.segment_on_branch]
        seen = chosen[np.all((chosen >= 4) & (chosen <= 75), axis=1)]
        rows, columns = (np.rint(seen).astype(int) + margin).T
        on_axis.append(own[rows, columns].mean())
        # Light per length over light on the axis is the width of the profile.
        widths_um.append(own[margin:-margin, margin:-margin].sum() * 0.4**2 / (0.4 * 80))
    assert np.mean(on_axis) == pytest.approx(1, abs=0.08)
    assert 1.2 < np.median(widths_um) < 4.0


def test_most_of_what_is_out_of_focus_near_the_dendrite_is_the_cell_s_own(scenes):
    shares = []
    for s in scenes:
        assert s.out_of_focus.shape == s.background.shape
        assert s.out_of_focus.min() >= 0
        # What is left has no structure but a tilt.
        rest = s.background.astype(float) - s.out_of_focus
        assert rest.min() > 0
        assert np.abs(np.diff(rest, 2, axis=0)).max() < 1e-5
        assert np.abs(np.diff(rest, 2, axis=1)).max() < 1e-5
        at = np.rint(s.spine_px).astype(int) + s.parameters.margin_px
        shares.append((s.out_of_focus / s.background)[tuple(at.T)].mean())
    assert 0.3 < np.mean(shares) < 0.7


@pytest.mark.parametrize("shape", [(24, 24), (24, 200), (131, 40), (512, 512)])
def test_any_sensor_size(shape):
    s = scene(3, shape)
    margin = s.parameters.margin_px
    assert s.shape == shape
    assert s.background.shape == (shape[0] + 2 * margin, shape[1] + 2 * margin)
    assert s.spine_count >= 8
    assert np.all((s.spine_px > -1) & (s.spine_px < np.array(shape)))
    image = s.rest_image()
    assert np.isfinite(image).all()
    assert image.min() > 0.1
    # Few pixels a compartment, however large the sensor.
    assert len(s.maps.values) < 4500 * s.compartment_count


def test_same_seed_same_bytes_and_another_seed_another_scene():
    one, same, other = scene(8), scene(8), scene(9)
    assert one.maps.values.tobytes() == same.maps.values.tobytes()
    assert one.background.tobytes() == same.background.tobytes()
    assert one.out_of_focus.tobytes() == same.out_of_focus.tobytes()
    assert one.spine_px.tobytes() == same.spine_px.tobytes()
    assert one.background.tobytes() != other.background.tobytes()


@pytest.mark.parametrize(
    ("shape", "parameters", "word"),
    [
        ((23, 80), SceneParameters(), "24"),
        ((80,), SceneParameters(), "24"),
        ((80, 80), SceneParameters(fewest_spines=9, most_spines=8), "fewest_spines"),
    ],
)
def test_impossible_scenes_are_refused(shape, parameters, word):
    with pytest.raises(BadInputError, match=word):
        draw_scene(shape, np.random.default_rng(0), parameters)
