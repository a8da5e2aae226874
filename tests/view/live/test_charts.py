"""The chart's data and the pictures: what is drawn, and that gaps stay gaps."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from blueslice.view.live.chart_series import led_rows, points
from blueslice.view.live.charts import chart_option, chart_update
from blueslice.view.live.pictures import difference_picture, mean_picture, roi_svg
from blueslice.view.live.state import LiveState, apply
from blueslice.view.live.theme import DARK, LIGHT

ROI = {"name": "spine", "y": 4, "x": 5, "height": 6, "width": 6}
RUN = {
    "kind": "run",
    "uid": "one",
    "trials": 3,
    "frame_rate_Hz": 500.0,
    "frame_count": 100,
    "pulses": [{"onset_s": 0.036}, {"onset_s": 0.046}],
    "blanks": [],
    "trial_table": {"phase": ["control"] * 3, "number": [1, 2, 3]},
    "leds": {
        "led_1": {"channel": "sodium", "wavelength_nm": 470.0},
        "led_2": {"channel": "calcium", "wavelength_nm": 385.0},
    },
}


def whole(trial, kind="result"):
    traces = []
    for led, ion in enumerate(("sodium", "calcium")):
        time_s = np.arange(50) * 0.004 + 0.0009 + 0.002 * led
        dff = np.full((1, 50), 0.01 * trial)
        dff[0, 7] = np.nan
        valid = np.isfinite(dff[0])
        frames = np.arange(50)
        known = {"ion": ion, "time_s": time_s, "dff": dff, "valid": valid, "frames": frames}
        traces.append(known)
    told = {"kind": kind, "trial": trial, "rois": [ROI], "run_rois": [ROI], "traces": traces}
    return {**told, "images": [], "baseline_s": [0, 0.036], "reasons": []}


VOLTAGE = {
    "kind": "voltage",
    "trial": 3,
    "voltage_mV": np.full(400, -68.0),
    "rate_Hz": 2000.0,
    "pulses_s": np.array([0.0361]),
}


@pytest.fixture
def state():
    state = LiveState(connected=True)
    for message in (RUN, whole(1), whole(2), {"kind": "begin", "trial": 3}, VOLTAGE):
        state = apply(state, message)
    return apply(state, whole(3, "partial"))


def by_id(series):
    return {one["id"]: one for one in series}


def test_a_value_that_is_none_is_a_gap():
    found = points(np.array([0.001, 0.002, np.nan]), np.array([0.05, np.nan, 1.0]), 100, 3)
    assert found == [[1.0, 5.0], [2.0, None]]
    assert len(points(np.arange(10_000.0), np.arange(10_000.0), 1, 1)) <= 900


def test_the_update_has_the_trial_in_hand_only(state):
    series = by_id(chart_update(state, DARK))
    assert set(series) == {
        "now-0-0", "now-1-0", "leds-0", "leds-1", "leds-2", "voltage", "marks-0", "marks-1",
        "marks-3",
    }  # fmt: skip
    assert series["now-0-0"]["data"][8] == [32.9, 3.0]
    assert series["now-0-0"]["data"][7][1] is None
    marks = [
        (one["xAxis"], one["lineStyle"]["type"]) for one in series["marks-3"]["markLine"]["data"]
    ]
    assert marks == [(46.0, "dashed"), (36.1, "solid")]  # the second pulse is still to come
    assert len(json.dumps(list(series.values()), allow_nan=False)) < 40_000


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_the_whole_chart_keeps_the_ids_that_the_update_grows(state, theme):
    option = chart_option(state, theme)
    series = by_id(option["series"])
    assert set(by_id(chart_update(state, theme))) <= set(series)
    assert {"earlier-0-1", "earlier-1-2", "mean-0-control"} <= set(series)
    assert series["mean-0-control"]["data"][0][1] == pytest.approx(1.5)
    assert option["xAxis"][0]["max"] == 200.0
    texts = [title["text"] for title in option["title"]]
    assert "sodium ΔF/F (%)" in texts
    assert any("control, n=2" in text for text in texts)
    json.dumps(option, allow_nan=False)


def test_the_switches_take_lines_away(state):
    series = by_id(chart_option(state, DARK, earlier=False, means=False)["series"])
    assert not [name for name in series if name.startswith(("earlier", "mean"))]


def test_a_chart_without_any_run_can_be_drawn():
    json.dumps(chart_option(LiveState(), DARK), allow_nan=False)


def test_each_frame_is_in_the_row_of_its_led_or_of_no_use():
    rows = led_rows(whole(1))
    assert len(rows) == 100
    assert [row for t, row in sorted(rows)][:4] == [2, 1, 2, 1]
    assert sum(row == 0 for _, row in rows) == 2
    assert led_rows(None) == []


def decoded(picture):
    data = base64.b64decode(picture.source.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)))


def test_pictures_show_the_values_in_order():
    ramp = np.linspace(100, 900, 400).reshape(20, 20)
    grey = decoded(mean_picture(ramp))[..., 0].ravel().astype(int)
    assert (np.diff(grey) >= 0).all()
    assert (grey[0], grey[-1]) == (0, 255)
    rise = np.zeros((30, 30))
    rise[10:14, 20:24] = 50.0
    rise[3, 3] = np.nan
    picture = difference_picture(rise)
    bright = decoded(picture).sum(axis=2, dtype=int)
    assert bright[12, 22] > 4 * bright[25, 5]
    assert picture.low == 0.0
    decoded(mean_picture(np.full((4, 4), np.nan)))


def test_names_cannot_break_out_of_the_drawing():
    svg = roi_svg([{**ROI, "name": "<script>x</script>"}], 2, ["#fff"])
    assert "<script>" not in svg
    assert 'x="2.5" y="2" width="3" height="3"' in svg
