"""The whole analysis on a real two-ion recording."""

from pathlib import Path

import numpy as np
import pytest

from blueslice.analysis import (
    AnalysisParameters,
    Corner,
    choose_corner,
    find_pulses,
    find_responding_roi,
    recompute,
    response_measures,
)

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings"
FILES = ("70127A101.da", "70127A103.da")
pytestmark = pytest.mark.skipif(
    not all((RECORDINGS / name).is_file() for name in FILES),
    reason="the real recordings are not in ../shared/recordings beside the repository",
)


def read_frames_dark_and_channels(name):
    """Read the parts of a .da file that the tests use, by its layout as published there."""
    words = np.fromfile(RECORDINGS / name, "<i2")
    frames, columns, rows, ratio = (int(words[i]) for i in (4, 384, 385, 391))
    pixels = rows * columns
    body = words[2560:]
    movie = body[: pixels * frames].reshape(rows, columns, frames).transpose(2, 0, 1)
    electrical = body[pixels * frames :][: 8 * frames * ratio].reshape(8, frames, ratio) / 32768
    dark = body[pixels * frames + electrical.size :][:pixels].reshape(rows, columns)
    return np.ascontiguousarray(movie).astype(np.uint16), dark, electrical


def parameters(rois, corner):
    return AnalysisParameters(
        ions=("sodium", "calcium"),
        sign={"sodium": 1, "calcium": -1},
        frame_rate_Hz=500.0,
        exposure_s=0.0018,
        led_threshold_V=0.36,
        stimulus_threshold_V=0.4,
        baseline_s=(0.0, 0.036),
        response_s=(0.050, 0.076),
        rois=rois,
        corner=corner,
    )


SPINE = {"name": "spine", "y": 31, "x": 24, "height": 6, "width": 6}
CORNER = {"y": 2, "x": 68, "height": 10, "width": 10}


def analyse(name):
    frames, dark, electrical = read_frames_dark_and_channels(name)
    lines = electrical[[5, 4]]
    return recompute(frames, dark, np.arange(100), lines, parameters([SPINE], CORNER))


@pytest.mark.parametrize(("name", "jump"), [(FILES[0], 0.08), (FILES[1], 0.06)])
def test_sodium_jumps_after_the_stimulus(name, jump):
    result = analyse(name)
    assert result.frame_map.states.tolist() == [1, 2] * 50
    assert result.frame_map.missing.size == 0
    sodium, calcium = result.traces
    before = sodium.dff[0, sodium.time_s < 0.036]
    after = sodium.dff[0, (sodium.time_s > 0.054) & (sodium.time_s < 0.064)]
    assert after.mean() == pytest.approx(jump, abs=0.015)
    assert before.std() < 0.012
    assert sodium.dff.shape == calcium.dff.shape == (1, 50)
    late = calcium.dff[0, calcium.time_s > 0.15].mean()
    assert 0.01 < late < 0.06


def test_kinetics_of_the_jump():
    sodium = analyse(FILES[0]).traces[0]
    measures = response_measures(sodium.time_s, sodium.dff[0], 0.046)
    assert 0.06 < measures.peak_dff < 0.11
    assert 0.002 < measures.peak_time_s < 0.03
    assert measures.rise_10_90_s < 0.02
    assert 0.005 < measures.half_decay_s < 0.1


def test_roi_corner_and_pulses_are_found():
    frames, dark, electrical = read_frames_dark_and_channels(FILES[0])
    corner = choose_corner(frames[:18].mean(axis=0) - dark)
    assert corner == Corner(**CORNER)
    image = analyse(FILES[0]).difference_images[0]
    roi, score, significance = find_responding_roi(image.baseline, image.response)
    assert abs(roi.y - 31) <= 2
    assert abs(roi.x - 24) <= 2
    assert score > 1
    assert significance > 6
    onsets_s = find_pulses(electrical[3], sample_rate_Hz=4000, threshold_V=0.4)
    assert onsets_s.tolist() == [0.036, 0.046]
