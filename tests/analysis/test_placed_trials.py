"""Trials together: films and traces of a trial whose camera lost frames."""

import numpy as np
import pytest

from blueslice.analysis import AnalysisParameters, Corner, PlacedTrials, Roi, Shift
from blueslice.errors import BadInputError
from blueslice.trial import Trial

ROI = Roi(name="spine", y=10, x=10, height=4, width=4)
FRAMES = 40
PARAMETERS = AnalysisParameters(
    ions=("sodium", "calcium"),
    sign={"sodium": 1, "calcium": -1},
    frame_rate_Hz=500.0,
    exposure_s=0.0018,
    led_threshold_V=2.5,
    stimulus_threshold_V=2.5,
    baseline_s=(0.0, 0.036),
    response_s=(0.040, 0.060),
    rois=(ROI,),
    corner=Corner(y=0, x=0, height=4, width=4),
    dark="camera-dark",
)


def make_trials(lost=(), leds=(1, 2)):
    """Two trials; the frames' light is 100 and, from frame 20 on, 20 more (LED 2: 10 less)."""
    frames = np.full((2, FRAMES, 24, 24), 110, np.uint16)
    frames[:, 20::2, 10:14, 10:14] += 20
    frames[:, 21::2, 10:14, 10:14] -= 10
    counter = np.tile(np.arange(FRAMES), (2, 1))
    for place in sorted(lost, reverse=True):
        # What comes later moves up in the file; the last places stay empty.
        frames[:, place:-1] = frames[:, place + 1 :].copy()
        counter[:, place:-1] = counter[:, place + 1 :].copy()
        counter[:, -1] = -1
        frames[:, -1] = 0
    lines = {}
    for led in leds:
        line = np.zeros((2, FRAMES, 8), np.float32)
        line[:, led - 1 :: 2, :7] = 5.0
        lines[f"amplifier-led_{led}"] = line
    arrays = {
        "camera": frames,
        "camera-counter": counter,
        "camera-dark": np.full((2, 24, 24), 10.0, np.float32),
        "amplifier-stimulus": np.zeros((2, FRAMES, 8), np.float32),
        "amplifier-voltage": np.zeros((2, FRAMES, 8), np.float32),
        **lines,
    }
    start = {"trial": Trial(frame_count=FRAMES).to_document(), "blanks": [True, False]}
    trials = PlacedTrials(start, arrays, PARAMETERS)
    # Even pictures cannot be registered; these lie still.
    trials.results = [trials.analyse(k, ROI) for k in range(2)]
    trials.shifts = [Shift(y_px=0.0, x_px=0.0)] * 2
    return trials


@pytest.mark.parametrize("lost", [(), (3,), (3, 5, 22)])
def test_a_film_shows_each_ions_own_frames_also_after_lost_ones(lost):
    sodium, calcium = make_trials(lost).film(1, [(0.020, 0.036), (0.044, 0.060)])
    for strip, change in ((sodium, 20.0), (calcium, -10.0)):
        inside = strip.delta[:, 10:14, 10:14]
        assert inside[0] == pytest.approx(np.zeros((4, 4)), abs=1e-9)
        assert inside[1] == pytest.approx(np.full((4, 4), change))
        assert strip.baseline[2, 20] == pytest.approx(100.0)


def test_a_rig_with_one_led_has_one_ions_traces_and_film():
    trials = make_trials(leds=(1,))
    sodium, calcium = trials.traces(1, ROI)
    assert np.isfinite(sodium.dff).all()
    assert not np.isfinite(calcium.dff).any()
    assert trials.voltage(0).shape == (FRAMES * 8,)
    assert trials.sample_rate_Hz == 4000.0
    assert trials.stimulated == [1]


def test_bleaching_is_that_of_the_blanks_and_needs_one():
    trials = make_trials()
    plain = trials.traces(1, ROI)[0].dff[0]
    less = trials.traces(1, ROI, trials.bleaching(ROI))[0].dff[0]
    # Both trials are alike: what the blank shows is taken away.
    assert np.abs(less).max() < 0.5 * np.abs(plain).max()
    with pytest.raises(BadInputError, match="no blank trial shows ROI 'spine'"):
        trials.only([1]).bleaching(ROI)
