"""Live in any blocks gives the bits of offline, and both give an independent answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueslice.analysis import AnalysisParameters, Roi, TrialAnalysis, recompute
from blueslice.errors import BadInputError

SHAPE, FRAMES = (30, 41), 40
PARAMETERS = AnalysisParameters(
    ions=("sodium", "calcium"),
    sign={"sodium": 1, "calcium": -1},
    background={"sodium": 40.0, "calcium": 25.0},
    frame_rate_Hz=500.0,
    exposure_s=0.0018,
    led_threshold_V=0.36,
    stimulus_threshold_V=0.4,
    baseline_s=(0.0, 0.03),
    response_s=(0.04, 0.07),
    rois=(Roi.parse("spine=12,14,6,6"), Roi.from_mask("mask", np.tri(20, 20) > 0)),
    corner={"y": 2, "x": 29, "height": 10, "width": 10},
)


def make_trial(seed=11):
    """Draw frames whose LED drifts and whose ROI jumps, their dark image, counter and lines."""
    rng = np.random.default_rng(seed)
    dark = rng.uniform(880, 920, SHAPE).astype(np.float32)
    k = np.arange(FRAMES)
    led_light = (1 + 0.1 * np.exp(-k / 9)) * np.where(k % 2, 0.7, 1.0)
    scene = np.full((FRAMES, *SHAPE), 300.0)
    scene[:, 12:18, 14:20] += 900
    scene[20::2, 12:18, 14:20] *= 1.08
    frames = rng.poisson(dark + scene * led_light[:, None, None]).astype(np.uint16)
    lines = np.zeros((2, FRAMES, 8))
    lines[0, ::2, :7] = lines[1, 1::2, :7] = 1.0
    return frames, dark, k.copy(), lines


def damage(frames, counter, lines, fault):
    """Give the trial one fault."""
    if fault == "dropped":
        return np.delete(frames, 9, axis=0), np.delete(counter, 9), lines
    if fault == "duplicate":
        return np.insert(frames, 9, frames[9] // 2, axis=0), np.insert(counter, 9, 8), lines
    if fault == "both":
        lines[:, 21] = 1
    if fault == "none":
        lines[:, 4] = 0
    if fault == "changed":
        lines[0, 30, 4:] = 0
    if fault == "garbled":
        counter[5] = 33
    if fault == "lines cut":
        lines = lines[:, :-7]
    if fault == "unfilled":
        counter[-3:] = -1
    return frames, counter, lines


FAULTS = [
    "whole",
    "dropped",
    "duplicate",
    "both",
    "none",
    "changed",
    "garbled",
    "lines cut",
    "unfilled",
]


def assert_same_bits(one, other):
    for a, b in zip(one.traces, other.traces, strict=True):
        assert a.reason == b.reason
        for name in ("time_s", "dff", "valid", "clock_frames", "baseline_fluorescence"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    for a, b in zip(one.difference_images, other.difference_images, strict=True):
        for name in ("baseline", "response", "delta", "dff"):
            assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    for name in ("clock_frames", "states", "problems", "missing"):
        assert np.array_equal(getattr(one.frame_map, name), getattr(other.frame_map, name))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(FAULTS),
    st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=30),
    st.integers(1, 3),
)
def test_blocks_interleaving_and_threads_leave_no_trace(fault, steps, threads):
    frames, dark, counter, lines = make_trial()
    frames, counter, lines = damage(frames, counter, lines, fault)
    offline = recompute(frames, dark, counter, lines, PARAMETERS, frame_count=FRAMES)
    live = TrialAnalysis(SHAPE, FRAMES, PARAMETERS, dark, threads=threads)
    taken, recorded = 0, 0
    for is_camera, size in [*steps, (True, len(frames)), (False, FRAMES)]:
        if is_camera:
            block = slice(taken, taken + size)
            buffer = frames[block].copy()
            live.add_frames(buffer, counter[block])
            buffer[:] = 0  # a camera reuses its buffer
            taken += size
        else:
            live.add_lines(lines[:, recorded : recorded + size])
            recorded += size
        live.traces()
    live.finish()
    assert_same_bits(live.result(), offline)


@pytest.mark.parametrize("fault", ["whole", "dropped", "duplicate"])
def test_equals_numpy_from_the_frames(fault):
    frames, dark, counter, lines = make_trial()
    stored_frames, stored_counter, lines = damage(frames, counter, lines, fault)
    result = recompute(stored_frames, dark, stored_counter, lines, PARAMETERS)
    light = (frames - dark.astype(float))[:, 2:12, 29:39].mean(axis=(1, 2))
    time_s = np.arange(FRAMES) / 500 + 0.0009
    for led, (trace, image) in enumerate(zip(result.traces, result.difference_images, strict=True)):
        ion_frames = np.arange(led, FRAMES, 2)
        kept = ion_frames[~((fault == "dropped") & (ion_frames == 9))]
        base = kept[time_s[kept] < 0.03]
        after = kept[(time_s[kept] >= 0.04) & (time_s[kept] < 0.07)]
        corrected = (frames - dark.astype(float)) / (light / light[base].mean())[:, None, None]
        for roi, dff in zip(PARAMETERS.rois, trace.dff, strict=True):
            f = corrected[:, roi.mask(SHAPE)].mean(axis=1) - PARAMETERS.background[trace.ion]
            expected = PARAMETERS.sign[trace.ion] * (f[kept] / f[base].mean() - 1)
            np.testing.assert_allclose(dff[trace.valid], expected, rtol=1e-10, atol=1e-13)
        assert trace.clock_frames[trace.valid].tolist() == kept.tolist()
        before = corrected[base].mean(axis=0)
        delta = corrected[after].mean(axis=0) - before
        sign, background = PARAMETERS.sign[trace.ion], PARAMETERS.background[trace.ion]
        assert (image.baseline_frame_count, image.response_frame_count) == (len(base), len(after))
        np.testing.assert_allclose(image.baseline, before, rtol=1e-5)
        np.testing.assert_allclose(image.delta, delta, atol=2e-3)
        np.testing.assert_allclose(image.dff, sign * delta / (before - background), atol=1e-5)
    if fault == "whole":
        sodium = result.traces[0].dff[0]
        assert sodium[sodium.size // 2 :].mean() == pytest.approx(0.08 * 1200 / 1160, abs=0.01)


def test_dark_frame_is_removed_exactly_from_the_images():
    # the same dark in every frame and no light but the corner's: nothing must remain
    dark = np.linspace(100, 20000, SHAPE[0] * SHAPE[1]).round().reshape(SHAPE)
    frames = np.repeat(dark[None].astype(np.uint16), FRAMES, axis=0)
    frames[:, 2:12, 29:39] += np.arange(50, 50 + FRAMES, dtype=np.uint16)[:, None, None]
    _, _, counter, lines = make_trial()
    for image in recompute(frames, dark, counter, lines, PARAMETERS).difference_images:
        cell = np.ones(SHAPE, bool)
        cell[2:12, 29:39] = False
        assert np.abs(image.baseline[cell]).max() < 0.01
        assert np.abs(image.delta[cell]).max() < 0.02


def test_partial_traces_are_the_beginning_of_the_final_ones():
    frames, dark, counter, lines = make_trial()
    final = recompute(frames, dark, counter, lines, PARAMETERS).traces
    live = TrialAnalysis(SHAPE, FRAMES, PARAMETERS, dark)
    compared = 0
    for k in range(FRAMES):
        live.add_frames(frames[k : k + 1], counter[k : k + 1])
        live.add_lines(lines[:, k : k + 1])
        for part, whole in zip(live.traces(), final, strict=True):
            samples = len(part.time_s)
            if part.baseline_complete:
                assert part.dff.tobytes() == whole.dff[:, :samples].tobytes()
                compared += samples
    assert compared > 500


def test_frames_wait_for_their_lines():
    frames, dark, counter, lines = make_trial()
    live = TrialAnalysis(SHAPE, FRAMES, PARAMETERS, dark)
    live.add_frames(frames, counter)
    assert [len(trace.time_s) for trace in live.traces()] == [0, 0]
    live.add_lines(lines[:, :5])
    assert [len(trace.time_s) for trace in live.traces()] == [3, 2]


def test_no_corner_and_no_response_window_and_no_dark():
    frames, _, counter, lines = make_trial()
    plain = PARAMETERS.model_copy(
        update={"corner": None, "response_s": None, "background": {"sodium": 0, "calcium": 0}}
    )
    result = recompute(frames, None, counter, lines, plain)
    f = frames[::2, 12:18, 14:20].mean(axis=(1, 2))
    np.testing.assert_allclose(result.traces[0].dff[0], f / f[:15].mean() - 1, rtol=0, atol=0.1)
    in_baseline = np.arange(0, FRAMES, 2) / 500 + 0.0009 < 0.03
    expected = f / f[in_baseline].mean() - 1
    np.testing.assert_allclose(result.traces[0].dff[0], expected, rtol=1e-10, atol=1e-13)
    assert result.difference_images == ()


def test_window_without_frames_is_nan_with_its_reason():
    frames, dark, counter, lines = make_trial()
    lines[0, 20:] = 0
    sodium, calcium = recompute(frames, dark, counter, lines, PARAMETERS).difference_images
    assert sodium.reason == "no usable sodium frame in the response"
    assert np.isnan(sodium.delta).all()
    assert np.isfinite(sodium.baseline).all()
    assert calcium.reason == ""


def test_frame_without_light_is_not_added():
    frames, dark, counter, lines = make_trial()
    frames[2] = 0
    image = recompute(frames, dark, counter, lines, PARAMETERS).difference_images[0]
    assert image.baseline_frame_count == 7
    assert np.isfinite(image.dff).all()


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda a: a.add_frames(np.zeros((1, 5, 5), np.uint16), [0]), "images of 30 x 41"),
        (lambda a: a.add_frames(np.zeros((1, *SHAPE), np.int16), [0]), "type int16"),
        (lambda a: a.add_frames(np.zeros((1, *SHAPE), np.uint16), [0, 1]), "counter of shape"),
        (lambda a: a.add_lines(np.zeros((2, FRAMES + 1, 8))), "trial of 40"),
        (lambda a: (a.finish(), a.add_lines(np.zeros((2, 1, 8)))), "finished"),
        (lambda a: (a.finish(), a.add_frames(np.zeros((0, *SHAPE), "u2"), [])), "finished"),
    ],
)
def test_what_does_not_fit_is_refused(act, message):
    with pytest.raises(BadInputError, match=message):
        act(TrialAnalysis(SHAPE, FRAMES, PARAMETERS))


@pytest.mark.parametrize(
    ("dark", "shape", "message"),
    [
        (np.zeros((4, 4)), SHAPE, "dark image has shape"),
        (np.full(SHAPE, np.nan), SHAPE, "finite counts"),
        (None, (19, 41), "leaves the image"),
    ],
)
def test_trial_that_cannot_be_analysed_is_refused_before_it_begins(dark, shape, message):
    with pytest.raises(BadInputError, match=message):
        TrialAnalysis(shape, FRAMES, PARAMETERS, dark)


def test_recompute_refuses_flat_arrays():
    frames, dark, counter, lines = make_trial()
    with pytest.raises(BadInputError, match="give"):
        recompute(frames.reshape(FRAMES, -1), dark, counter, lines, PARAMETERS)
    with pytest.raises(BadInputError, match="give"):
        recompute(frames, dark, counter, lines[0], PARAMETERS)
