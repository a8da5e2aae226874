"""Analysis parameters: exact in JSON, and refused with a clear line when they make no sense."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blueslice.analysis import AnalysisParameters, Roi
from blueslice.errors import BadInputError

PARAMETERS = {
    "ions": ("sodium", "calcium"),
    "sign": {"sodium": 1, "calcium": -1},
    "frame_rate_Hz": 500.0,
    "exposure_s": 0.0018,
    "led_threshold_V": 0.36,
    "stimulus_threshold_V": 0.4,
    "baseline_s": (0.0, 0.036),
    "response_s": (0.05, 0.076),
    "rois": (Roi.parse("spine=31,24,6,6"), Roi.from_mask("mask", np.eye(4))),
    "corner": {"y": 2, "x": 68, "height": 10, "width": 10},
    "dark": "camera-dark",
}
numbers = st.floats(1e-9, 1e9, allow_nan=False)


@given(numbers, numbers, numbers)
def test_document_comes_back_exactly_through_json(threshold_V, baseline_end_s, background):
    parameters = AnalysisParameters(
        **{
            **PARAMETERS,
            "led_threshold_V": threshold_V,
            "baseline_s": (-1 / 3, baseline_end_s),
            "response_s": (baseline_end_s, math.nextafter(baseline_end_s, math.inf)),
            "background": {"sodium": background},
        }
    )
    text = json.dumps(parameters.to_document(), allow_nan=False)
    assert AnalysisParameters.from_document(json.loads(text)) == parameters


def test_document_has_the_keys_that_readers_of_the_catalogue_look_for():
    document = AnalysisParameters(**PARAMETERS).to_document()
    assert document["rois"][0] == {"name": "spine", "y": 31, "x": 24, "height": 6, "width": 6}
    assert document["rois"][1]["spans"] == [[0, 0, 1], [1, 1, 2], [2, 2, 3], [3, 3, 4]]
    assert document["corner"] == {"y": 2, "x": 68, "height": 10, "width": 10}
    assert document["baseline_s"] == [0.0, 0.036]
    assert document["background"] == {"sodium": 0.0, "calcium": 0.0}
    assert document["sign"] == {"sodium": 1, "calcium": -1}
    assert document["dark"] == "camera-dark"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ions": ()}, "ions"),
        ({"ions": ("sodium", "sodium")}, "repeat a name"),
        ({"ions": "sodium"}, "ions"),
        ({"sign": {"sodium": 1}}, "sign is given for"),
        ({"sign": {"sodium": 0, "calcium": 1}}, "should be -1 or 1"),
        ({"background": {"calcum": 3.0}}, "background is given for .*'calcum'"),
        ({"background": 3.0}, "background"),
        ({"excitation_order": (1, 3)}, "names LED 3"),
        ({"excitation_order": ()}, "excitation_order"),
        ({"exposure_s": 0.0021}, "longer than a frame"),
        ({"exposure_s": math.nan}, "exposure_s"),
        ({"frame_rate_Hz": 0.0}, "frame_rate_Hz"),
        ({"baseline_s": (0.1, 0.1)}, "baseline_s = .* is empty"),
        ({"response_s": (0.2, 0.1)}, "response_s = .* is empty"),
        ({"response_s": (0.03, 0.1)}, "begins before the end of baseline_s"),
        ({"rois": ()}, "rois is empty"),
        ({"rois": (Roi.parse("a=0,0,1,1"), Roi.parse("a=1,1,1,1"))}, "two ROIs are named 'a'"),
        ({"rois": ({"name": "a"},)}, "y: Field required"),
        ({"dark": ""}, "dark"),
        ({"baseline": (0, 1)}, "baseline: there is no such key"),
    ],
)
def test_nonsense_is_refused_in_one_line(change, message):
    with pytest.raises(BadInputError, match=message) as caught:
        AnalysisParameters(**{**PARAMETERS, **change})
    assert "\n" not in str(caught.value)


def test_missing_sign_is_refused():
    values = {key: value for key, value in PARAMETERS.items() if key != "sign"}
    with pytest.raises(BadInputError, match="sign: Field required"):
        AnalysisParameters(**values)


@pytest.mark.parametrize(
    ("order", "counts"), [((1, 2), (4, 3)), ((2, 1), (3, 4)), ((1, 0), (4, 0)), ((1, 1, 2), (5, 2))]
)
def test_planned_samples_follow_the_order(order, counts):
    parameters = AnalysisParameters(**{**PARAMETERS, "excitation_order": order})
    assert parameters.sample_counts(7) == counts
    assert parameters.planned_excitation(7).tolist() == [order[k % len(order)] for k in range(7)]


@pytest.mark.parametrize("shape", [(36, 80), (80, 77)])
def test_image_that_is_too_small_is_refused(shape):
    parameters = AnalysisParameters(**PARAMETERS)
    parameters.check_image((80, 80))
    with pytest.raises(BadInputError, match="leaves the image"):
        parameters.check_image(shape)
