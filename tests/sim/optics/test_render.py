"""Frames from a scene: every compartment where it is, moved as told, in blocks."""

from itertools import pairwise

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.optics import (
    draw_scene,
    largest_shift_px,
    led_drift,
    led_light,
    render,
    shift_image,
)


@pytest.fixture(scope="module")
def scene():
    return draw_scene((60, 72), np.random.default_rng(4))


def whole(scene, *arguments, **options):
    return np.concatenate(list(render(scene, *arguments, **options)))


def test_a_frame_is_the_sum_of_its_compartments(scene):
    margin = scene.parameters.margin_px
    glow = np.random.default_rng(1).uniform(0, 500, (scene.compartment_count, 3))
    background = np.array([300.0, 0.0, 100.0])
    frames = whole(scene, glow, background)
    assert frames.dtype == np.float32
    for frame, one, light in zip(frames, glow.T, background, strict=True):
        expected = light * scene.background.astype(float)
        scene.maps.scaled(one).add_to(expected)
        expected = expected[margin:-margin, margin:-margin]
        np.testing.assert_allclose(frame, expected, rtol=1e-5, atol=1e-3)


def test_the_cell_s_dye_out_of_focus_has_a_light_of_its_own(scene):
    margin = scene.parameters.margin_px
    glow = np.full((scene.compartment_count, 3), 400.0)
    more = np.array([0.0, 150.0, -50.0])
    usual = whole(scene, glow, np.full(3, 300.0))
    frames = whole(scene, glow, np.full(3, 300.0), out_of_focus_light=more)
    assert frames[0].tobytes() == usual[0].tobytes()
    own = scene.out_of_focus[margin:-margin, margin:-margin]
    for k in (1, 2):
        np.testing.assert_allclose(frames[k] - usual[k], more[k] * own, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("shift", [(0.3, -0.45), (9.5, -8.25), (-10.0, 10.0), (0.0, 0.5)])
def test_a_moved_frame_is_the_moved_picture(scene, shift):
    margin = scene.parameters.margin_px
    glow = np.full((scene.compartment_count, 1), 400.0)
    frame = whole(scene, glow, [400.0], np.array([shift]))[0]
    expected = 400 * shift_image(scene.rest_image(), shift)[margin:-margin, margin:-margin]
    np.testing.assert_allclose(frame, expected, rtol=1e-4)


def test_each_frame_has_its_own_light_and_shift(scene):
    glow = np.full((scene.compartment_count, 4), 400.0) * np.array([1, 0, 1, 0.5])
    shifts = np.array([[0, 0], [1, 1], [2.5, -1.5], [0, 0]])
    together = whole(scene, glow, [400.0, 0.0, 400.0, 200.0], shifts)
    assert not together[1].any()
    np.testing.assert_allclose(2 * together[3], together[0], rtol=1e-6)
    alone = whole(scene, glow[:, 2:3], [400.0], shifts[2:3])
    assert alone.tobytes() == together[2:3].tobytes()


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_blocks_do_not_change_the_frames(scene, block):
    glow = np.random.default_rng(1).uniform(0, 500, (scene.compartment_count, 7))
    shifts = np.random.default_rng(2).uniform(-5, 5, (7, 2))
    blocks = list(render(scene, glow, np.full(7, 300.0), shifts, frames_per_block=block))
    assert [len(part) for part in blocks[:-1]] == [block] * (len(blocks) - 1)
    assert (
        np.concatenate(blocks).tobytes() == whole(scene, glow, np.full(7, 300.0), shifts).tobytes()
    )


def test_a_large_sensor_is_rendered_a_few_frames_at_a_time():
    large = draw_scene((1500, 1400), np.random.default_rng(0))
    frames = 100
    glow = np.zeros((large.compartment_count, frames))
    blocks = render(large, glow, np.full(frames, 300.0))
    first, second = next(blocks), next(blocks)
    assert first.nbytes <= 2**26
    assert first.shape[1:] == (1500, 1400)
    assert first.base is None
    assert first is not second


def test_drift_is_measured_back_from_a_corner(scene):
    time_s = np.arange(50) * 0.004
    drift = led_drift(time_s, led_light(520.0))
    corners = {(rows, columns): 0.0 for rows in (0, 50) for columns in (0, 62)}
    glow = np.outer(np.ones(scene.compartment_count), 400 * drift)
    frames = whole(scene, glow, 300 * drift)
    for row, column in corners:
        corner = frames[:, row : row + 10, column : column + 10].mean(axis=(1, 2))
        np.testing.assert_allclose(corner / corner.mean(), drift / drift.mean(), rtol=1e-5)


def test_a_spine_lights_where_it_is_said_to_be(scene):
    for k in range(scene.spine_count):
        glow = np.zeros((scene.compartment_count, 1))
        glow[k] = 100
        image = whole(scene, glow, [0.0])[0]
        place = np.unravel_index(np.argmax(image), image.shape)
        assert np.hypot(*(np.array(place) - scene.spine_px[k])) < 1.0


def test_a_segment_lights_where_it_is_said_to_be(scene):
    inside = np.all((scene.segment_px > 3) & (scene.segment_px < [56, 68]), axis=1)
    for k in np.flatnonzero(inside):
        glow = np.zeros((scene.compartment_count, 1))
        glow[scene.spine_count + k] = 100
        image = whole(scene, glow, [0.0])[0]
        place = np.unravel_index(np.argmax(image), image.shape)
        assert np.hypot(*(np.array(place) - scene.segment_px[k])) < 1.8
    on = scene.segment_px[~scene.segment_on_branch]
    steps = [0.4 * np.hypot(*(b - a)) for a, b in pairwise(on)]
    np.testing.assert_allclose(steps, 1.0, atol=0.25)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"glow": np.zeros((3, 5))}, "glow"),
        ({"glow": np.zeros(5)}, "glow"),
        ({"background_light": np.zeros(4)}, "background_light"),
        ({"background_light": np.full(5, np.nan)}, "finite"),
        ({"out_of_focus_light": np.zeros(4)}, "out_of_focus_light"),
        ({"shifts_px": np.zeros((5, 3))}, "shifts_px"),
        ({"shifts_px": np.full((5, 2), 10.1)}, "margin_px"),
        ({"frames_per_block": 0}, "frames_per_block"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(scene, change, word):
    assert largest_shift_px(scene) == 10
    good = {"glow": np.zeros((scene.compartment_count, 5)), "background_light": np.zeros(5)}
    with pytest.raises(BadInputError, match=word):
        render(scene, **(good | change))


def test_no_frames_are_no_blocks(scene):
    assert list(render(scene, np.zeros((scene.compartment_count, 0)), [])) == []
