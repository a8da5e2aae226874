"""Live in any blocks gives the bits of offline, and both give an independent answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueslice.analysis import AnalysisParameters, FrameState, Roi, TrialAnalysis, recompute
from blueslice.errors import BadInputError

SHAPE, FRAMES, FULL = (30, 41), 40, 4095
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
    full_scale_counts=FULL,
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
    if fault == "late":
        lines = np.concatenate([0 * lines[:, :1], lines[:, :-1]], axis=1)
    if fault == "saturated":
        frames[[3, 8, 22], 13, 15] = FULL
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
    "late",
    "saturated",
]


def assert_same_bits(one, other):
    assert one.reasons == other.reasons
    for a, b in zip(one.traces, other.traces, strict=True):
        assert a.reason == b.reason
        for name in (
            "time_s",
            "dff",
            "valid",
            "saturated",
            "clock_frames",
            "baseline_fluorescence",
        ):
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


def test_late_leds_leave_no_frame_and_no_image():
    frames, dark, counter, lines = make_trial()
    *_, lines = damage(frames, counter, lines, "late")
    result = recompute(frames, dark, counter, lines, PARAMETERS)
    assert set(result.frame_map.states.tolist()) == {FrameState.UNATTRIBUTED}
    for trace, image in zip(result.traces, result.difference_images, strict=True):
        assert np.isnan(trace.dff).all()
        assert trace.damaged.all()
        assert not trace.saturated.any()
        assert len(trace.time_s) == FRAMES // 2
        assert np.isnan(image.dff).all()
        assert np.isnan(image.delta).all()
        assert image.reason == f"no usable {trace.ion} frame in the baseline and the response"
    (reason,) = result.reasons
    assert "the LEDs began 1 whole frame (2 ms) later than planned" in reason
    assert "\n" not in reason


def test_a_saturated_frame_is_lost_to_its_roi_alone():
    frames, dark, counter, lines = make_trial()
    whole = recompute(frames, dark, counter, lines, PARAMETERS)
    frames[[4, 8, 23], 13, 15] = FULL
    frames[6, 29, 40] = FULL  # in no ROI
    full = recompute(frames, dark, counter, lines, PARAMETERS)
    for trace, before, lost in zip(full.traces, whole.traces, ([2, 4], [11]), strict=True):
        assert trace.valid.all()
        assert np.flatnonzero(trace.saturated[0]).tolist() == lost
        assert np.flatnonzero(np.isnan(trace.dff[0])).tolist() == lost
        assert trace.damaged[0].sum() == len(lost)
        # the mask holds that pixel too where it covers it
        in_mask = PARAMETERS.rois[1].mask(SHAPE)[13, 15]
        assert trace.saturated[1].sum() == (len(lost) if in_mask else 0)
        f0 = before.baseline_fluorescence[0]
        dff = before.dff[0]
        sign = PARAMETERS.sign[trace.ion]
        in_baseline = trace.time_s < PARAMETERS.baseline_s[1]
        kept = np.delete(np.arange(len(dff)), lost)
        mean = f0 * (1 + sign * dff[[k for k in kept if in_baseline[k]]]).mean()
        assert trace.baseline_fluorescence[0] == pytest.approx(mean, rel=1e-12)
        expected = sign * (f0 * (1 + sign * dff[kept]) / mean - 1)
        np.testing.assert_allclose(trace.dff[0, kept], expected, rtol=1e-9, atol=1e-12)
    (reason,) = full.reasons
    assert "full scale (4095 counts) in 2 sodium and 1 calcium frames of ROI 'spine'" in reason
    unknown = PARAMETERS.replace(full_scale_counts=None)
    assert recompute(frames, dark, counter, lines, unknown).reasons == ()


def test_a_baseline_that_is_all_saturated_says_so():
    frames, dark, counter, lines = make_trial()
    frames[:16:2, 13, 15] = FULL
    sodium, calcium = recompute(frames, dark, counter, lines, PARAMETERS).traces
    assert np.isnan(sodium.dff[0]).all()
    assert sodium.reason == "every sodium frame of the baseline is saturated in ROI 'spine'"
    assert np.isfinite(calcium.dff).all()
    assert calcium.reason == ""
    padded = sodium.fit_to(30)
    assert padded.saturated.shape == (2, 30)
    assert padded.damaged[:, 20:].all()


def test_saturation_is_told_of_three_rois_and_counted_of_the_rest():
    frames, dark, counter, lines = make_trial()
    rois = tuple(Roi(name=f"r{k}", y=k, x=0, height=1, width=1) for k in range(6))
    frames[7, :6, 0] = FULL + 5
    (reason,) = recompute(frames, dark, counter, lines, PARAMETERS.replace(rois=rois)).reasons
    assert "in 1 calcium frames of ROI 'r0', 1 calcium" in reason
    assert "'r2' and of 3 ROIs more" in reason
