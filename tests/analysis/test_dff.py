"""dF/F equals the formula written out frame by frame; lost and damaged frames are NaN."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueslice.analysis import (
    AnalysisParameters,
    FrameState,
    Roi,
    SaturationFinder,
    TrialSums,
    compute_dff,
)
from blueslice.analysis import map_frames as place

FRAMES = 24
ROIS = (Roi.parse("spine=3,4,5,6"), Roi.from_mask("mask", np.tri(9, 9, -2)), Roi.parse("p=0,0,1,1"))


def make_parameters(**change):
    values = {
        "ions": ("sodium", "calcium"),
        "sign": {"sodium": 1, "calcium": -1},
        "background": {"sodium": 31.5, "calcium": 12.25},
        "frame_rate_Hz": 500.0,
        "exposure_s": 0.0018,
        "led_threshold_V": 0.5,
        "stimulus_threshold_V": 0.5,
        "baseline_s": (0.004, 0.02),
        "rois": ROIS,
    }
    return AnalysisParameters(**{**values, **change})


def make_sums(seed=3, stored=FRAMES):
    rng = np.random.default_rng(seed)
    pixels = np.array([roi.pixel_count for roi in ROIS])
    return TrialSums(
        roi_sums=(rng.uniform(2000, 9000, (len(ROIS), stored)) * pixels[:, None]).astype(np.int64),
        dark_roi_sums=rng.uniform(800, 1000, len(ROIS)) * pixels,
        roi_pixels=pixels,
        light=rng.uniform(200, 400, stored),
    )


def states_of(frames=FRAMES):
    return np.resize(np.array([1, 2], np.int8), frames)


def take(sums, stored):
    return TrialSums(
        sums.roi_sums[:, stored], sums.dark_roi_sums, sums.roi_pixels, sums.light[stored]
    )


def test_equals_the_formula_written_out():
    sums, parameters = make_sums(), make_parameters()
    traces = compute_dff(sums, place(range(FRAMES), states_of(), FRAMES), parameters)
    assert [trace.ion for trace in traces] == ["sodium", "calcium"]
    for trace, first, sign, background in zip(traces, (0, 1), (1, -1), (31.5, 12.25), strict=True):
        frames = list(range(first, FRAMES, 2))
        times = [k / 500 + 0.0009 for k in frames]
        base = [k for k, t in zip(frames, times, strict=True) if 0.004 <= t < 0.02]
        mean_light = sum(sums.light[k] for k in base) / len(base)
        for r, pixels in enumerate(sums.roi_pixels):
            fluorescence = {
                k: (sums.roi_sums[r, k] - sums.dark_roi_sums[r]) / pixels
                / (sums.light[k] / mean_light) - background
                for k in frames
            }  # fmt: skip
            f0 = sum(fluorescence[k] for k in base) / len(base)
            expected = [sign * (fluorescence[k] / f0 - 1) for k in frames]
            np.testing.assert_allclose(trace.dff[r], expected, rtol=1e-12, atol=1e-14)
            assert trace.baseline_fluorescence[r] == pytest.approx(f0, rel=1e-12)
        np.testing.assert_allclose(trace.time_s, times, rtol=1e-14)
        assert trace.baseline_frame_count == len(base) == 4
        assert trace.valid.all()
        assert trace.reason == ""


@pytest.mark.parametrize("edge_s", [0.0049, 0.0089])
def test_baseline_includes_its_start_and_excludes_its_end(edge_s):
    # mid-exposure of frame k is k / 500 + 0.0009 s: the edges are those of frames 2 and 4
    times = {0.0049: 2, 0.0089: 4}
    sums = make_sums()
    frame_map = place(range(FRAMES), states_of(), FRAMES)
    exact_s = float(np.array([times[edge_s]])[0] / 500.0 + 0.0018 / 2)
    begins = compute_dff(sums, frame_map, make_parameters(baseline_s=(exact_s, 0.02)))[0]
    ends = compute_dff(sums, frame_map, make_parameters(baseline_s=(0.0, exact_s)))[0]
    assert begins.baseline_frame_count == (10 - times[edge_s]) // 2
    assert ends.baseline_frame_count == times[edge_s] // 2


def test_lost_frame_is_nan_and_later_ones_keep_their_time_and_led():
    sums, parameters = make_sums(), make_parameters()
    whole = compute_dff(sums, place(range(FRAMES), states_of(), FRAMES), parameters)
    stored = [k for k in range(FRAMES) if k != 13]
    frame_map = place(stored, states_of(), FRAMES)
    traces = compute_dff(take(sums, stored), frame_map, parameters)
    lost = traces[1].clock_frames == 13
    assert lost.sum() == 1
    assert np.isnan(traces[1].dff[:, lost]).all()
    assert not traces[1].valid[lost].any()
    for trace, full in zip(traces, whole, strict=True):
        assert np.array_equal(trace.time_s, full.time_s)
        assert np.array_equal(trace.dff[:, trace.valid], full.dff[:, trace.valid])
    assert traces[0].valid.all()


def test_duplicate_is_used_once():
    sums, parameters = make_sums(), make_parameters()
    whole = compute_dff(sums, place(range(FRAMES), states_of(), FRAMES), parameters)
    stored = [*range(10), 9, *range(10, FRAMES)]
    doubled = take(sums, stored)
    doubled.roi_sums[:, 10] = 0  # the second copy of frame 9: must not matter
    traces = compute_dff(doubled, place(stored, states_of(), FRAMES), parameters)
    for trace, full in zip(traces, whole, strict=True):
        assert trace.dff.tobytes() == full.dff.tobytes()


@pytest.mark.parametrize("state", [FrameState.DARK, FrameState.BOTH, FrameState.CHANGED, 3])
def test_damaged_frame_is_nan_for_the_ion_it_was_meant_for(state):
    states = states_of()
    states[6] = state
    frame_map = place(range(FRAMES), states, FRAMES)
    sodium, calcium = compute_dff(make_sums(), frame_map, make_parameters())
    assert np.flatnonzero(~sodium.valid).tolist() == [3]
    assert np.isnan(sodium.dff[:, 3]).all()
    assert np.isfinite(np.delete(sodium.dff, 3, axis=1)).all()
    assert calcium.valid.all()
    assert sodium.dff.shape == calcium.dff.shape == (3, 12)
    assert sodium.baseline_frame_count == 3


def test_swapped_frame_goes_to_the_led_that_was_proved():
    states = states_of()
    states[6] = 2
    frame_map = place(range(FRAMES), states, FRAMES)
    sodium, calcium = compute_dff(make_sums(), frame_map, make_parameters())
    assert calcium.clock_frames.tolist() == sorted([6, *range(1, FRAMES, 2)])
    assert 6 not in sodium.clock_frames
    assert sodium.fit_to(12).dff.shape == calcium.fit_to(12).dff.shape == (3, 12)
    assert "13 calcium frames instead of 12" in calcium.fit_to(12).reason
    padded = sodium.fit_to(12)
    assert np.isnan(padded.dff[:, -1]).all()
    assert np.isnan(padded.time_s[-1])
    assert padded.clock_frames[-1] == -1
    assert not padded.valid[-1]
    assert padded.dff[:, :-1].tobytes() == sodium.dff.tobytes()


def test_a_frame_planned_dark_is_no_ones_sample():
    states = np.resize(np.array([1, 0], np.int8), FRAMES)
    parameters = make_parameters(excitation_order=(1, 0))
    sodium, calcium = compute_dff(make_sums(), place(range(FRAMES), states, FRAMES), parameters)
    assert sodium.valid.all()
    assert sodium.dff.shape == (3, 12)
    assert calcium.dff.shape == (3, 0)


def test_frame_without_corner_light_is_nan():
    sums = make_sums()
    sums.light[[2, 8]] = [0.0, -5.0]
    sodium, _ = compute_dff(sums, place(range(FRAMES), states_of(), FRAMES), make_parameters())
    assert np.flatnonzero(~sodium.valid).tolist() == [1, 4]
    assert np.isfinite(sodium.dff[:, sodium.valid]).all()


def test_no_baseline_frame_gives_nan_and_a_reason():
    states = states_of()
    states[4:10:2] = FrameState.DARK
    parameters = make_parameters(baseline_s=(0.008, 0.018))
    frame_map = place(range(FRAMES), states, FRAMES)
    sodium, calcium = compute_dff(make_sums(), frame_map, parameters)
    assert np.isnan(sodium.dff).all()
    assert sodium.reason == "no usable sodium frame in the baseline 0.008 to 0.018 s"
    assert np.isfinite(calcium.dff).all()


def test_roi_without_light_is_nan_alone():
    sums = make_sums()
    sums.roi_sums[2] = sums.dark_roi_sums[2].astype(np.int64)
    sodium, _ = compute_dff(sums, place(range(FRAMES), states_of(), FRAMES), make_parameters())
    assert np.isnan(sodium.dff[2]).all()
    assert np.isfinite(sodium.dff[:2]).all()
    assert sodium.reason == "no sodium fluorescence above dark and background in ROI 'p'"


def test_empty_trial_gives_empty_traces():
    traces = compute_dff(make_sums(stored=0), place([], [], 0), make_parameters())
    assert [trace.dff.shape for trace in traces] == [(3, 0), (3, 0)]
    assert not any(trace.baseline_complete for trace in traces)


@pytest.mark.parametrize("so_far", range(1, FRAMES + 1))
def test_first_frames_give_the_bits_of_the_whole_trial(so_far):
    states = states_of()
    states[15] = FrameState.CHANGED
    stored = [k for k in range(FRAMES) if k != 6]
    sums, parameters = take(make_sums(), stored), make_parameters()
    whole = compute_dff(sums, place(stored, states, FRAMES), parameters)
    count = sum(k < so_far for k in stored)
    frame_map = place(stored[:count], states[:so_far], FRAMES, frames_so_far=so_far)
    part = compute_dff(take(sums, slice(count)), frame_map, parameters)
    for trace, full in zip(part, whole, strict=True):
        samples = len(trace.time_s)
        assert trace.baseline_complete == (so_far >= 10)
        assert trace.time_s.tobytes() == full.time_s[:samples].tobytes()
        assert np.array_equal(trace.valid, full.valid[:samples])
        if trace.baseline_complete:
            assert np.array_equal(trace.dff, full.dff[:, :samples], equal_nan=True)


def test_an_roi_has_the_same_bits_alone_and_among_others():
    sums, frame_map = make_sums(), place(range(FRAMES), states_of(), FRAMES)
    together = compute_dff(sums, frame_map, make_parameters(baseline_s=(0.0, 0.04)))[0]
    for index, roi in enumerate(ROIS):
        one = TrialSums(
            sums.roi_sums[[index]],
            sums.dark_roi_sums[[index]],
            sums.roi_pixels[[index]],
            sums.light,
        )
        alone = compute_dff(one, frame_map, make_parameters(baseline_s=(0.0, 0.04), rois=(roi,)))[0]
        assert alone.dff[0].tobytes() == together.dff[index].tobytes()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(0, 4), st.sampled_from([1, 21]))
def test_saturation_is_found_as_by_looking_at_every_pixel(seed, stored, squares, least_box):
    rng = np.random.default_rng(seed)
    shape = (13, 11)
    rois = [Roi.from_mask(f"m{k}", rng.random(shape) < 0.2) for k in range(4)]
    rois[squares:squares] = [Roi(name="box", y=2, x=3, height=4, width=5)]
    frames = np.where(rng.random((stored, *shape)) < 0.01, 255 + rng.integers(0, 2), 254)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blueslice.analysis.saturation.LEAST_BOX_PIXELS", least_box)
        found = SaturationFinder(rois, shape, 255).find(frames.astype(np.uint16))
    expected = [[bool((frame[roi.mask(shape)] >= 255).any()) for frame in frames] for roi in rois]
    assert found.tolist() == expected
    assert not SaturationFinder(rois, shape, None).find(frames.astype(np.uint16)).any()
    assert SaturationFinder(rois, shape, 255).find(np.zeros((0, *shape), np.uint16)).shape == (5, 0)
