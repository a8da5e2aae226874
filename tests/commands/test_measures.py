"""The tables of a run's responses: what they print, and of what they say that it is unknown."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from blueslice.analysis import Roi
from blueslice.callbacks import AT_BRIGHTEST, ON_RESPONSE
from blueslice.callbacks._live_run import LiveOptions
from blueslice.commands._measures import print_means, print_measures
from blueslice.commands._protocol_run import _keep_rois

SIZE = {"size_dff": 0.0342, "size_se_dff": 0.0047, "response": True, "least_dff": 0.011}
SHAPE = {"peak_dff": 0.05, "peak_time_s": 0.0209, "rise_10_90_s": 0.004, "half_decay_s": 0.0123}
NO_SHAPE = dict.fromkeys(SHAPE)
ROW = {
    "trial": 1,
    "phase": "control",
    "condition": "",
    "blank": False,
    "roi": "spine",
    "roi_found_here": False,
    "ion": "sodium",
    **SIZE,
    **SHAPE,
    "bleaching_dff": 0.001,
    "window_s": [0.05, 0.076],
    "damaged_frames": 0,
}
FAILED = {**ROW, "trial": 2, "size_dff": 0.0021, "response": False, **NO_SHAPE}
UNKNOWN = {**ROW, "trial": 3, **dict.fromkeys(SIZE), **NO_SHAPE, "window_s": None}
MEAN = {
    "condition": "control",
    "roi": "spine",
    "ion": "sodium",
    "trials": 3,
    "size_dff": 0.03,
    "se_dff": 0.002,
    "low_dff": 0.021,
    "high_dff": 0.039,
    "failures": 1,
    "potency_dff": 0.044,
    "left": None,
    "left_low": None,
    "left_high": None,
}
DRUG = {**MEAN, "condition": "CNQX", "left": 0.222, "left_low": 0.05, "left_high": None}


def printed(print_table, *args):
    console = Console(file=io.StringIO(), width=80)
    print_table(console, *args)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        ([ROW], ["dF/F of ROI spine", "3.42 ± 0.47", "5.0", "20.9", "4.0", "12.3"]),
        ([ROW], ["mean of 50 to 76 ms ± SE, less the bleaching of the blanks"]),
        ([{**ROW, "bleaching_dff": None}], ["bleaching not subtracted"]),
        ([ROW, FAILED], ["0.21 ± 0.47", "none", "no response above the noise"]),
        ([UNKNOWN], ["unknown", "no stimulus was planned"]),
        ([{**ROW, "roi_found_here": True}], ["found on the response of trial 1"]),
        ([ROW, {**ROW, "roi": "dendrite"}], ["spine", "dendrite"]),
        ([{**ROW, "damaged_frames": 7}], ["damaged", "7"]),
    ],
)
def test_trials_are_printed(rows, texts):
    shown = " ".join(printed(print_measures, rows).split())
    assert [text for text in texts if text not in shown] == []


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        ([MEAN], ["3.00 ± 0.20", "2.1 to 3.9", "1 of 3", "4.40"]),
        ([MEAN, DRUG], ["22.2 (5.0 to inf)", "left: of the mean of control"]),
        (
            [MEAN, {**DRUG, "left": None}],
            ["-: not told, because the interval of control"],
        ),
        ([{**MEAN, "potency_dff": None, "failures": 3}], ["3 of 3"]),
        ([{**MEAN, "low_dff": None, "high_dff": None, "se_dff": None}], ["unknown"]),
    ],
)
def test_means_are_printed(rows, texts):
    shown = " ".join(printed(print_means, rows, [ROW]).split())
    assert [text for text in texts if text not in shown] == []


def test_the_trial_on_which_the_roi_was_found_is_told_of():
    assert "without trial 1" in printed(print_means, [MEAN], [{**ROW, "roi_found_here": True}])
    assert "without trial" not in printed(print_means, [MEAN], [ROW])


@pytest.mark.parametrize(("table", "rows"), [(print_measures, ()), (print_means, ([],))])
def test_nothing_is_printed_of_nothing(table, rows):
    assert printed(table, [], *rows) == ""


def test_both_tables_fit_into_80_letters():
    long = [{**ROW, "trial": 10, "blank": True, "ion": "calcium"}, FAILED]
    means = [{**MEAN, "ion": "calcium"}, {**DRUG, "left_high": 0.352}]
    for shown in (printed(print_measures, long), printed(print_means, means, [ROW])):
        assert "…" not in shown


@pytest.mark.parametrize(("where", "kept"), [(ON_RESPONSE, True), (AT_BRIGHTEST, False)])
def test_the_next_step_is_measured_where_something_answered(where, kept):
    roi = Roi(name="found", y=1, x=2, height=6, width=6)
    session: Any = SimpleNamespace(
        parameters=SimpleNamespace(rois=(roi,)),
        live=SimpleNamespace(options=LiveOptions()),
        analysed={1: SimpleNamespace(roi_found=where)},
    )
    _keep_rois(session)
    assert session.live.options.rois == ((roi,) if kept else None)
