"""dF/F with the rest of the movement taken away: by known movement, and on real recordings."""

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage

from blueslice.analysis import (
    AnalysisParameters,
    Roi,
    Shift,
    moved_roi,
    movement_within_trial,
    placed_dff,
    recompute,
    register,
)
from blueslice.errors import BadInputError

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings"
FILES = ("70127A101.da", "70127A103.da")
SPINE = Roi(name="spine", y=24, x=24, height=6, width=6)
CORNER = {"y": 2, "x": 40, "height": 8, "width": 8}
FRAMES = 100
LINES = np.zeros((2, FRAMES, 20))
for _frame in range(FRAMES):
    LINES[_frame % 2, _frame, :18] = 5.0


def parameters(rois=(SPINE,), corner=CORNER, threshold_V=2.5):
    return AnalysisParameters(
        ions=("sodium", "calcium"),
        sign={"sodium": 1, "calcium": -1},
        frame_rate_Hz=500.0,
        exposure_s=0.0018,
        led_threshold_V=threshold_V,
        stimulus_threshold_V=threshold_V,
        baseline_s=(0.0, 0.036),
        response_s=(0.050, 0.076),
        rois=rois,
        corner=corner,
    )


def scene(y_px=0.0, x_px=0.0):
    """Return a dendrite with a spine on it, in counts, moved so far."""
    y, x = np.indices((52, 52)) - 26.0
    y, x = y - y_px, x - x_px
    dendrite = np.exp(-((y + 0.3 * x + 4) ** 2) / 8)
    spine = 0.8 * np.exp(-(y**2 + x**2) / 4)
    beside = 0.5 * np.exp(-((y - 9) ** 2 + (x + 12) ** 2) / 10)
    return 300 + 2000 * (dendrite + spine + beside)


def trial(path_px, rng=None):
    frames = np.stack([scene(y, x) for y, x in path_px])
    if rng is not None:
        # Bright, so that what is left is movement and not photon noise.
        frames = rng.poisson(10 * frames)
    return np.round(frames).astype(np.uint16)


def test_a_trial_that_lies_elsewhere_measures_the_same_tissue():
    frames = trial([(1.4, -0.6)] * FRAMES)
    still = recompute(trial([(0, 0)] * FRAMES), None, np.arange(FRAMES), LINES, parameters())
    result = recompute(frames, None, np.arange(FRAMES), LINES, parameters())
    placed = placed_dff(frames, None, result.frame_map, parameters(), Shift(y_px=1.4, x_px=-0.6))
    for trace, own in zip(placed, still.traces, strict=True):
        np.testing.assert_allclose(trace.dff, own.dff, atol=1e-4)
        np.testing.assert_array_equal(trace.time_s, own.time_s)


def test_movement_within_a_trial_is_found_and_taken_away():
    rng = np.random.default_rng(3)
    path_px = np.stack([np.linspace(0, 1.2, FRAMES), np.linspace(0, -0.8, FRAMES)], axis=1)
    frames = trial(path_px, rng)
    moving = recompute(frames, None, np.arange(FRAMES), LINES, parameters())
    shifts = movement_within_trial(frames, scene())
    found_px = np.array([(shift.y_px, shift.x_px) for shift in shifts])
    assert np.sqrt(np.mean((found_px - path_px) ** 2)) < 0.02
    placed = placed_dff(frames, None, moving.frame_map, parameters(), shifts)
    late = [trace.time_s > 0.1 for trace in placed]
    before = [abs(t.dff[0, k].mean()) for t, k in zip(moving.traces, late, strict=True)]
    after = [abs(t.dff[0, k].mean()) for t, k in zip(placed, late, strict=True)]
    assert min(before) > 0.02
    assert max(after) < 0.003


def test_an_image_without_movement_is_left_as_it_is():
    frames = trial([(0, 0)] * FRAMES, np.random.default_rng(1))
    result = recompute(frames, None, np.arange(FRAMES), LINES, parameters())
    placed = placed_dff(frames, None, result.frame_map, parameters(), Shift(y_px=0, x_px=0))
    for trace, own in zip(placed, result.traces, strict=True):
        np.testing.assert_allclose(trace.dff, own.dff, rtol=0, atol=1e-12)


def shifted(y_px):
    return Shift(y_px=y_px, x_px=0.25)


@pytest.mark.parametrize(
    ("shifts", "text"),
    [
        ([shifted(0)] * 3, "3 shifts for 100 frames; give one for each, or a single one"),
        (shifted(26.0), "the tissue of ROI 'spine' lies outside frame 0, which is shifted by y 26"),
    ],
)
def test_bad_shifts_are_refused(shifts, text):
    frames = trial([(0, 0)] * FRAMES)
    result = recompute(frames, None, np.arange(FRAMES), LINES, parameters())
    with pytest.raises(BadInputError, match=text):
        placed_dff(frames, None, result.frame_map, parameters(), shifts)


@pytest.mark.parametrize("count", [0, 101])
def test_means_of_more_frames_than_there_are_are_refused(count):
    with pytest.raises(BadInputError, match=f"frames_per_mean = {count}: a trial of 100 frames"):
        movement_within_trial(trial([(0, 0)] * FRAMES), scene(), frames_per_mean=count)


def read(name):
    """Read frames, dark image and LED lines of a .da file, by its layout as published."""
    words = np.fromfile(RECORDINGS / name, "<i2")
    frames, columns, rows, ratio = (int(words[i]) for i in (4, 384, 385, 391))
    pixels = rows * columns
    body = words[2560:]
    movie = body[: pixels * frames].reshape(rows, columns, frames).transpose(2, 0, 1)
    lines = body[pixels * frames :][: 8 * frames * ratio].reshape(8, frames, ratio) / 32768
    dark = body[pixels * frames + lines.size :][:pixels].reshape(rows, columns)
    return np.ascontiguousarray(movie).astype(np.uint16), dark.astype(float), lines[[5, 4]]


def wrapped(frames):
    """Tell the margin that rolling the frames by whole pixels filled from the other side.

    There the picture jumps: rows and columns from the edge up to the largest step, if it is
    larger than any in the middle.
    """
    mean = frames.mean(axis=0)
    known = np.ones(mean.shape, bool)
    for axis in (0, 1):
        step = np.abs(np.diff(mean, axis=axis)).mean(axis=1 - axis)
        inner = step[12:-12].max()
        for place in np.flatnonzero(step > 1.5 * inner):
            cut = slice(0, place + 1) if place < len(step) / 2 else slice(place + 1, None)
            known[(cut, slice(None)) if axis == 0 else (slice(None), cut)] = False
    return known


@pytest.mark.skipif(
    not all((RECORDINGS / name).is_file() for name in FILES),
    reason="the real recordings are not in ../shared/recordings beside the repository",
)
def test_the_remainder_between_real_trials_is_found_and_removed():
    corner = {"y": 2, "x": 68, "height": 10, "width": 10}
    roi = Roi(name="spine", y=31, x=24, height=6, width=6)
    (first, first_dark, _), (frames, dark, lines) = (read(name) for name in FILES)
    reference = np.where(wrapped(first), first[:18].mean(axis=0) - first_dark, np.nan)
    picture = frames[:18].mean(axis=0) - dark
    mask = wrapped(frames)
    shift = register(picture, reference, mask=mask)
    assert (shift.y_px, shift.x_px) == pytest.approx((-0.45, 0.87), abs=0.03)
    assert shift.correlation is not None
    assert shift.correlation > 0.97

    whole = moved_roi(roi, shift, (80, 80))
    chosen = parameters((roi,), corner, 0.36)
    before = recompute(frames, dark, np.arange(100), lines, chosen.replace(rois=(whole,)))
    after = placed_dff(frames, dark, before.frame_map, chosen, shift)

    # Nothing is left between the placed trial and the reference.
    moved = scipy.ndimage.shift(picture, (-shift.y_px, -shift.x_px), order=5, cval=np.nan)
    left = register(np.where(mask, moved, np.nan), reference)
    assert np.hypot(left.y_px, left.x_px) < 0.03

    # The same steps in a few lines.
    box, lit = np.s_[roi.y : roi.y + 6, roi.x : roi.x + 6], np.s_[2:12, 68:78]
    light = frames - dark
    sums = np.array(
        [
            scipy.ndimage.shift(frame, (-shift.y_px, -shift.x_px), order=5)[box].mean()
            for frame in light
        ]
    )
    led = light[(slice(None), *lit)].mean(axis=(1, 2))
    for start, sign, trace in ((0, 1, after[0]), (1, -1, after[1])):
        fluorescence = sums[start::2] / (led[start::2] / led[start:18:2].mean())
        dff = sign * (fluorescence / fluorescence[:9].mean() - 1)
        np.testing.assert_allclose(trace.dff[0], dff, rtol=0, atol=1e-6)

    # The same response, a little different: the ROI is at most half a pixel elsewhere.
    sodium_before, sodium_after = before.traces[0].dff[0], after[0].dff[0]
    assert np.corrcoef(sodium_before, sodium_after)[0, 1] > 0.9
    assert np.abs(sodium_before - sodium_after).max() > 1e-3
