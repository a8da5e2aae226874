"""The page's state: what each message does to it."""

import numpy as np
import pytest

from blueslice.view.live.numbers import headline, phase_means, rest_text, trial_rows, trial_sizes
from blueslice.view.live.state import LiveState, apply, label_of, shown_trial

RUN = {
    "kind": "run",
    "uid": "abcdefgh-1",
    "trials": 4,
    "frame_rate_Hz": 500.0,
    "frame_count": 100,
    "pulses": [{"onset_s": 0.036}],
    "blanks": [False, True, False, False],
    "trial_table": {
        "number": [5, 6, 7, 8],
        "phase": ["control", "control", "CNQX", "CNQX"],
        "drug": ["", "", "CNQX", "CNQX"],
        "concentration_uM": [0.0, 0.0, 5.0, 5.0],
        "blank": [False, True, False, False],
    },
    "leds": {
        "led_1": {"channel": "sodium", "wavelength_nm": 470.0},
        "led_2": {"channel": "calcium", "wavelength_nm": 385.0},
    },
}
ROI = {"name": "spine", "y": 4, "x": 5, "height": 6, "width": 6}


def trace(ion, values):
    values = np.asarray([values], float)
    return {
        "ion": ion,
        "time_s": 0.030 + 0.01 * np.arange(values.shape[1]),
        "dff": values,
        "valid": np.isfinite(values[0]),
        "frames": np.arange(values.shape[1]),
    }


def result(trial, sodium, *, rois=(ROI,), images=(), reasons=()):
    return {
        "kind": "result",
        "run": RUN["uid"],
        "trial": trial,
        "rois": list(rois),
        "run_rois": list(rois),
        "traces": [trace("sodium", sodium), trace("calcium", sodium)],
        "images": list(images),
        "baseline_s": [0.0, 0.036],
        "reasons": list(reasons),
    }


def after(*messages, state=None):
    state = state or LiveState(connected=True)
    for message in messages:
        state = apply(state, message)
    return state


BEGIN = {"kind": "begin", "run": RUN["uid"], "trial": 1}
PARTIAL = {"kind": "partial", "trial": 1, "rois": [ROI], "traces": [trace("sodium", [0, 0.01])]}


def test_a_trial_grows_and_becomes_a_result():
    state = after(RUN, BEGIN)
    assert shown_trial(state) is None
    state = after(PARTIAL, state=state)
    assert shown_trial(state) is PARTIAL
    whole = result(1, [0.0, 0.02], images=["picture"])
    state = after(whole, state=state)
    assert state.partial is None
    assert shown_trial(state) is whole
    assert state.pictures is whole
    # One without pictures leaves those of the trial before.
    later = after({**BEGIN, "trial": 2}, result(2, [0, 0.1]), state=state)
    assert later.pictures is whole
    assert shown_trial(later)["trial"] == 2


def test_only_what_is_to_be_drawn_anew_changes_the_structure():
    state = after(RUN, BEGIN)
    grown = after(PARTIAL, {"kind": "voltage"}, {"kind": "status"}, state=state)
    assert (grown.structure, grown.revision) == (state.structure, state.revision + 3)
    assert after(result(1, [0.0, 0.1]), state=grown).structure == grown.structure + 1


def test_an_unknown_message_changes_nothing():
    state = after(RUN)
    assert apply(state, {"kind": "of another version"}) is state


def test_a_snapshot_stands_for_all_that_was_before():
    before = after(RUN, result(1, [0.0, 0.1]))
    messages = [{**RUN, "uid": "other"}, {"kind": "status", "state": "running"}]
    state = after({"kind": "snapshot", "messages": messages}, state=before)
    assert state.run["uid"] == "other"
    assert state.results == {}
    assert state.connected
    assert state.revision > before.revision


def test_a_session_that_has_not_run_leaves_the_last_run_in_view():
    before = after(RUN, result(1, [0.0, 0.1]), {"kind": "lost"})
    assert not before.connected
    state = after({"kind": "snapshot", "messages": [{"kind": "status"}]}, state=before)
    assert state.connected
    assert list(state.results) == [1]


def test_the_table_names_the_trials():
    state = after(RUN)
    label = label_of(state, 3)
    assert (label.number, label.phase, label.drug, label.concentration_uM) == (7, "CNQX", "CNQX", 5)
    assert label_of(state, 2).blank
    assert label_of(state, 9).number == 9  # beyond the table


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ((), "No run yet"),
        ((RUN,), "4 trials planned"),
        ((RUN, {**BEGIN, "trial": 3}), "Trial 7 of 8"),
        ((RUN, result(2, [0, 1])), "Trial 6 of 8"),
        (({**RUN, "trial_table": {}}, BEGIN), "Trial 1 of 4"),
        (({**RUN, "trial_table": {}, "trials": 0}, BEGIN), "Trial 1"),
    ],
)
def test_the_headline(messages, text):
    assert headline(after(*messages)) == text


@pytest.mark.parametrize(
    ("state", "progress", "stop", "text"),
    [
        ("running", {"to_next_trial_s": 14.0}, None, "recording"),
        ("resting", {"to_next_trial_s": 14.0}, None, "next trial in 0:14"),
        ("resting", {"to_next_trial_s": None}, None, "running"),
        ("paused", {}, None, "paused"),
        ("pausing", {}, None, "pauses after this trial"),
        ("at prompt", {}, None, "paused at its prompt"),
        ("idle", {}, None, "waiting for a run"),
        ("idle", {}, "success", "done"),
        ("idle", {}, "abort", "stopped early"),
    ],
)
def test_what_goes_on_now(state, progress, stop, text):
    status = {"kind": "status", "state": state, "progress": progress}
    messages = [RUN, BEGIN, status]
    if state == "resting":
        messages.append({"kind": "event", "data": {"trial-number": 5}})
    if stop:
        messages.append({"kind": "stop", "exit_status": stop})
    assert rest_text(after(*messages)) == text
    assert rest_text(after(*messages, {"kind": "lost"})) == "no session is running"


def test_phases_are_averaged_apart_and_blanks_for_themselves():
    state = after(
        RUN,
        result(1, [0.0, 0.10, np.nan]),
        result(2, [0.0, 0.01, 0.0]),
        result(3, [0.0, 0.04, 0.02]),
        result(4, [0.0, 0.06, np.nan]),
    )
    means = {(m.phase, m.ion): m for m in phase_means(state, "spine")}
    assert {phase for phase, _ in means} == {"control", "control, blank", "CNQX"}
    mean = means["CNQX", "sodium"]
    assert mean.trials == 2
    np.testing.assert_allclose(mean.dff, [0.0, 0.05, 0.02])
    assert np.isnan(means["control", "sodium"].dff[2])


def test_an_roi_that_was_drawn_anew_begins_new_means():
    other = {**ROI, "x": 9}
    state = after(RUN, result(3, [0, 0.5]), result(4, [0, 0.1], rois=[other]))
    means = [m for m in phase_means(state, "spine") if m.ion == "sodium"]
    assert [(m.trials, m.dff[1]) for m in means] == [(1, 0.1)]
    assert phase_means(state, "another") == []


def measured(trial, sodium, *, rois=(ROI,), reasons=()):
    """A result of 8 samples of 10 ms: four of the baseline, a gap, two of the window."""
    times_s = 0.01 * np.arange(8)
    traces = [{**trace("sodium", sodium), "time_s": times_s}]
    windows = {"baseline_s": [0.0, 0.036], "response_s": [0.05, 0.07]}
    return {**result(trial, sodium, rois=rois, reasons=reasons), "traces": traces, **windows}


def test_the_table_has_the_size_in_the_window():
    noise = [0.01, -0.01, 0.01, -0.01]
    state = after(
        RUN,
        measured(1, [*noise, 0.9, 0.10, 0.12, 0.9]),
        measured(3, [*noise, 0.9, 0.01, 0.00, 0.9], reasons=["late"]),
        measured(4, [np.nan] * 8),
    )
    newest, failed, oldest = trial_rows(state, 5)
    # The SD of the baseline is 1.1547 %, the SE of 4 and 2 samples 1 %.
    assert (oldest["trial"], oldest["phase"], oldest["sodium"]) == ("5", "control", "11.00 ± 1.00")
    assert failed["sodium"] == "0.50 ± 1.00, no response (noise to 3.18)"
    assert (newest["sodium"], failed["note"]) == ("-", "late")
    assert len(trial_rows(state, 1)) == 1


def test_a_trial_is_corrected_by_blanks_of_the_same_rois_only():
    bleaching = 0.2 * 0.01 * np.arange(8)
    other = {**ROI, "x": 9}
    state = after(
        RUN,
        measured(2, bleaching),
        measured(3, [0, 0, 0, 0, 0, 0.1, 0.1, 0], rois=[other]),
        measured(4, [0, 0, 0, 0, 0, 0.1, 0.1, 0]),
    )
    drawn_anew, corrected = (trial_sizes(state, k)[k, "spine", "sodium"] for k in (3, 4))
    assert np.isnan(drawn_anew.bleaching_dff)
    assert corrected.bleaching_dff == pytest.approx(0.2 * (0.055 - 0.015))
    assert corrected.size_dff == pytest.approx(drawn_anew.size_dff - 0.2 * (0.055 - 0.015))
