"""Faults of the simulated rig, each through a plan: what its user then sees, and that it is dark.

What is told apart: a sample that the live analysis marks, a line that shows it, or a plan that
ends with one line to act on.
"""

from typing import Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import bluesky.plan_stubs as bps
import h5py
import numpy as np
import pytest
from bluesky.utils import FailedStatus
from ophyd_async.core import NotConnectedError

from blueslice.analysis import Roi, prove_excitation
from blueslice.callbacks import LiveDFF
from blueslice.errors import InstrumentError
from blueslice.ledger import run_exposure
from blueslice.plans import replay, two_pulse
from blueslice.rig import make_replay_rig, make_sim_rig
from blueslice.sim import Faults
from blueslice.sim.faults import CALLS

FRAMES, TRIALS = 100, 3
SPINE = Roi(name="spine", y=17, x=17, height=6, width=6)
ALL = [*range(FRAMES // 2)]
SECOND = {"trials": (2,)}
CNQX = "1 Mg ACSF + 5 uM CNQX"


def broken(**faults: Any) -> Faults:
    return Faults(**faults)


class Run:
    """A run of three trials on a fast rig, its files and its live analysis."""

    def __init__(self, run_engine, directory, plan=None, rois=(SPINE,), **faults):
        self.rig: Any = make_sim_rig(
            5, data_directory=directory, rows=40, columns=40, faults=broken(**faults)
        )
        self.documents, self.derived, self.results, self.error = [], [], {}, None
        self.parameters: Any = None
        live = LiveDFF(self.rig.camera, self.rig.amplifier, self._keep_derived, rois=rois)
        live.on_result(self._keep_result)
        tokens = [run_engine.subscribe(live), run_engine.subscribe(self._keep)]
        try:
            run_engine((plan or two_pulse)(self.rig, trials=TRIALS))
        except (FailedStatus, InstrumentError, NotConnectedError) as error:
            self.error = error
        assert live.wait(30)
        live.close()
        for token in tokens:
            run_engine.unsubscribe(token)

    def _keep(self, name, doc):
        self.documents.append((name, doc))

    def _keep_derived(self, name, doc):
        if name == "event":
            self.derived.append(doc["data"])

    def _keep_result(self, trial):
        self.results[trial.trial], self.parameters = trial.result, trial.run_parameters

    @staticmethod
    def warnings(caplog):
        """Return what the live analysis has told in the log."""
        told = [r for r in caplog.records if r.name.startswith("blueslice.callbacks")]
        return [record.getMessage() for record in told]

    def of(self, name):
        return [doc for kind, doc in self.documents if kind == name]

    def in_trials(self, key):
        """Return one value of each event in the stream ``trials``."""
        return [e["data"][key] for e in self.of("event") if "trial-number" in e["data"]]

    def read(self, key):
        (uri,) = [doc["uri"] for doc in self.of("stream_resource") if doc["data_key"] == key]
        path = url2pathname(unquote(urlparse(uri).path))
        with h5py.File(path, "r", swmr=True) as file:
            return np.asarray(file[key])

    def states(self, trial=2):
        lines = np.stack([self.read(f"amplifier-led_{n}")[trial - 1] for n in (1, 2)])
        return prove_excitation(lines, threshold_V=2.5, frame_rate_Hz=500.0, exposure_s=0.0018)

    def damaged(self, trial=2):
        """Return which samples of sodium and calcium are marked."""
        return tuple(
            np.flatnonzero(np.isnan(trace.dff[0])).tolist() for trace in self.results[trial].traces
        )

    def times_s(self, trial=2):
        return tuple(trace.time_s[0] for trace in self.results[trial].traces)

    def check_dark(self):
        bench = self.rig.bench
        assert bench.lit_now() == 0
        assert bench._leds == ((), 0.0)
        assert bench.programmed_pulses == ()


@pytest.fixture
def run(run_engine, directory):
    return lambda plan=None, **options: Run(run_engine, directory, plan, **options)


# fault: samples marked of sodium and of calcium, whether the trial has all its frames
MARKED = {
    "a sodium frame dropped": ({"dropped_frame": {"frames": (40,)}}, [20], [], False),
    "two frames dropped": ({"dropped_frame": {"frames": (40, 41)}}, [20], [20], False),
    "the first frame dropped": ({"dropped_frame": {"frames": (0,)}}, [0], [], False),
    "a sodium frame again": ({"duplicated_frame": {"frames": (40,)}}, [], [20], False),
    "a frame again and again": (
        {"duplicated_frame": {"frames": (40, 41, 42)}},
        *([21], [20, 21], False),
    ),
    "LED 1 stuck on": ({"led_stuck_on": {"led": 1, "first_frame": 50}}, [], ALL[25:], True),
    "LED 2 stuck on": ({"led_stuck_on": {"led": 2}}, ALL, [], True),
    "LED 1 stuck off": ({"led_stuck_off": {"led": 1, "first_frame": 50}}, ALL[25:], [], True),
    "LED 2 stuck off for a while": (
        {"led_stuck_off": {"led": 2, "first_frame": 30, "last_frame": 39}},
        *([], ALL[15:20], True),
    ),
    "LEDs swapped": ({"leds_swapped": {}}, [], [], True),
    "a late trigger": ({"late_trigger": {"late_s": 0.0005}}, ALL, ALL, True),
    "a trigger late by no more than a sample": ({"late_trigger": {"late_s": 5e-5}}, [], [], True),
    "a lost seal": ({"lost_seal": {"first_frame": 50}}, [], [], True),
}


@pytest.mark.parametrize("case", MARKED)
def test_live_dff_marks_what_is_damaged_and_nothing_else(run, case):
    faults, sodium, calcium, ok = MARKED[case]
    taken = run(**{kind: [{**SECOND, **more}] for kind, more in faults.items()})
    assert taken.error is None
    assert taken.damaged(2) == (sodium, calcium)
    assert taken.damaged(1) == taken.damaged(3) == ([], [])
    assert taken.in_trials("trial-ok") == [True, ok, True]
    for trace in taken.results[2].traces:
        assert ("no usable" in trace.reason) == np.isnan(trace.dff).all()
    taken.check_dark()


def test_a_lost_frame_moves_no_other(run):
    whole = run()
    lost = run(dropped_frame=[{**SECOND, "frames": (40,)}])
    for ours, theirs in zip(lost.results[2].traces, whole.results[2].traces, strict=True):
        np.testing.assert_array_equal(ours.time_s, theirs.time_s)
        kept = ~np.isnan(ours.dff[0])
        np.testing.assert_array_equal(ours.dff[0, kept], theirs.dff[0, kept])


def test_an_led_that_is_stuck_on_shows_in_its_line_in_the_frames_and_in_the_dose(run):
    stuck = run(led_stuck_on=[{**SECOND, "led": 1, "first_frame": 50}])
    line = stuck.read("amplifier-led_1") > 2.5
    assert line[1, 50:].all()
    assert line[[0, 2]].mean() == pytest.approx(0.45)
    light = stuck.read("camera").mean(axis=(2, 3)) - 900
    assert light[1, 51::2].mean() > 1.3 * light[1, 1:50:2].mean()
    assert light[1, 50::2].mean() == pytest.approx(light[1, :50:2].mean(), rel=0.1)
    dose_s = stuck.in_trials("led_pair-led_1_light_s")
    assert dose_s == pytest.approx([0.09, 0.045 + 50 * 0.002, 0.09])


def test_swapped_leds_give_each_ion_to_the_frames_that_its_led_lit(run):
    swapped = run(leds_swapped=[SECOND])
    assert swapped.times_s(1) == pytest.approx((0.0009, 0.0029))
    assert swapped.times_s(2) == pytest.approx((0.0029, 0.0009))
    assert swapped.states(2)[:4].tolist() == [2, 1, 2, 1]
    light = swapped.read("camera").mean(axis=(2, 3)) - 900
    ratios = light[:, ::2].mean(axis=1) / light[:, 1::2].mean(axis=1)
    assert ratios[1] == pytest.approx(1 / ratios[0], rel=0.1)
    assert abs(ratios[0] - 1) > 0.1


@pytest.mark.parametrize("drift_ppm", [3000.0, -3000.0])
def test_a_drifting_clock_costs_the_frames_that_it_has_left_behind(run, drift_ppm):
    drifted = run(drifting_clock=[{**SECOND, "drift_ppm": drift_ppm}])
    states = drifted.states(2)
    good = np.flatnonzero(states > 0)
    # A sample at either end of an exposure is not looked at: a drift of 50 us is let pass.
    assert good.tolist() == [*range(len(good))]
    assert 8 <= len(good) <= 17
    sodium, calcium = drifted.damaged(2)
    assert sorted([2 * k for k in sodium] + [2 * k + 1 for k in calcium]) == [
        *range(len(good), FRAMES)
    ]
    assert drifted.damaged(3) == ([], [])


def test_saturated_pixels_read_full_scale_and_show_no_response(run):
    box = {"y": SPINE.y, "x": SPINE.x, "height": SPINE.height, "width": SPINE.width}
    full = run(saturated_pixels=[{**SECOND, **box}])
    frames = full.read("camera")
    saturated = frames == 16383
    assert saturated[1].sum() == FRAMES * 36
    assert not saturated[[0, 2]].any()


def test_saturated_pixels_are_marked(run, caplog):
    # As large as the ROI, which moves with the slice by some pixels.
    box = {"y": SPINE.y, "x": SPINE.x, "height": SPINE.height, "width": SPINE.width}
    full = run(saturated_pixels=[{**SECOND, **box, "first_frame": 50}])
    assert full.damaged(2) == (ALL[25:], ALL[25:])
    assert full.damaged(1) == full.damaged(3) == ([], [])
    (descriptor,) = [doc for doc in full.of("descriptor") if doc["name"] == "primary"]
    assert descriptor["configuration"]["camera"]["data"]["camera-full_scale_counts"] == 16383
    (event,) = [e for e in full.derived if e["trial"] == 2]
    for ion in ("sodium", "calcium"):
        assert event[f"{ion}_damaged"] == 25
        assert np.asarray(event[f"{ion}_saturated"]).tolist() == [25]
    (line,) = full.warnings(caplog)
    assert line.startswith("trial 2: a pixel reads full scale (16383 counts) in 25 sodium and 25 ")
    assert "lower the LED's current or the exposure" in line
    assert line.removeprefix("trial 2: ") in event["note"]


def test_saturated_pixels_beside_the_roi_cost_nothing(run, caplog):
    box = {"y": SPINE.y, "x": 35, "height": 6, "width": 2}
    full = run(saturated_pixels=[{**SECOND, **box, "first_frame": 50}])
    assert full.damaged(2) == ([], [])
    assert full.warnings(caplog) == []


@pytest.mark.parametrize(("frames", "words"), [(1, "1 whole frame (2 ms)"), (2, "2 whole frames")])
def test_a_trigger_late_by_whole_frames_swaps_no_ions(run, caplog, frames, words):
    late = run(late_trigger=[{**SECOND, "late_s": 0.002 * frames}])
    assert late.damaged(2) == (ALL, ALL)
    assert late.damaged(1) == late.damaged(3) == ([], [])
    (line,) = late.warnings(caplog)
    assert line.startswith(f"trial 2: the LEDs began {words}")
    assert "check that one trigger starts camera, LEDs, stimulator and amplifier" in line
    (event,) = [e for e in late.derived if e["trial"] == 2]
    assert line.removeprefix("trial 2: ") in event["note"]


def test_a_late_first_trial_moves_no_other_baseline(run):
    late = run(late_trigger=[{"trials": (1,), "late_s": 0.002}])
    assert late.damaged(1) == (ALL, ALL)
    assert late.damaged(2) == late.damaged(3) == ([], [])
    assert late.parameters.baseline_s == pytest.approx((0.0, 0.036))


def test_when_all_trials_are_late_a_user_without_rois_is_told_why(run, caplog):
    late = run(rois=None, late_trigger=[{"probability": 1.0, "late_s": 0.002}])
    assert late.results == {}
    *trials, last = late.warnings(caplog)
    assert [line[:8] for line in trials] == ["trial 1:", "trial 2:", "trial 3:"]
    assert all("the LEDs began 1 whole frame (2 ms) later" in line for line in trials)
    assert "no stimulated trial with frames to use" in last


def test_a_trigger_late_by_a_whole_frame_shows_in_the_lines(run):
    late = run(late_trigger=[{**SECOND, "late_s": 0.002}])
    onsets = (late.read("amplifier-stimulus").reshape(TRIALS, -1) > 2.5).argmax(axis=1)
    assert onsets.tolist() == [720, 760, 720]
    assert late.states(2)[:3].tolist() == [0, 1, 2]


def test_a_lost_seal_shows_in_the_potential(run):
    lost = run(lost_seal=[{**SECOND, "first_frame": 50, "offset_mV": 25.0, "noise_mV": 4.0}])
    voltage_mV = lost.read("amplifier-voltage")
    rest_mV = voltage_mV[:, :15].mean(axis=(1, 2))
    assert rest_mV[1] == pytest.approx(rest_mV[0], abs=1)
    ends_mV = voltage_mV[:, 90:]
    assert ends_mV[1].mean() - ends_mV[[0, 2]].mean() == pytest.approx(25, abs=3)
    assert ends_mV[1].std() > 10 * ends_mV[0].std()


def epsps_mV(taken):
    voltage_mV = taken.read("amplifier-voltage").reshape(TRIALS, -1)
    return voltage_mV[:, 1040:1300].max(axis=1) - voltage_mV[:, :700].mean(axis=1)


def with_cnqx(rig, **options):
    def plan():
        yield from bps.mv(rig.perfusion, CNQX)
        yield from bps.abs_set(rig.rest, 1200.0, wait=True)
        return (yield from two_pulse(rig, **options))

    return plan()


def test_a_blocked_perfusion_shows_in_the_response_and_not_at_the_valves(run_engine, directory):
    def take(where, plan, **faults):
        place = type(directory)(directory.path / where)
        return Run(run_engine, place, plan, **faults)

    control = take("control", two_pulse)
    washed = take("washed", with_cnqx)
    blocked = take("blocked", with_cnqx, blocked_perfusion=[{"trials": (1,)}])
    assert epsps_mV(washed).mean() < 0.5 * epsps_mV(control).mean()
    np.testing.assert_allclose(epsps_mV(blocked), epsps_mV(control), atol=0.01)
    assert blocked.rig.bench.bath.flowing.name == CNQX


# device and phase: trials in stream primary, in stream trials, and how the run ended
ENDED = {
    ("camera", "arm"): (1, 1, "fail"),
    ("camera", "read"): (1, 1, "fail"),
    ("camera", "stop"): (2, 2, "fail"),
    ("amplifier", "arm"): (1, 1, "fail"),
    ("amplifier", "read"): (1, 1, "fail"),
    ("amplifier", "stop"): (2, 2, "fail"),
    ("led_pair", "arm"): (1, 1, "fail"),
    ("led_pair", "read"): (2, 2, "fail"),
    ("led_pair", "stop"): (3, 3, "success"),
    ("stimulator", "arm"): (1, 1, "fail"),
    ("stimulator", "stop"): (3, 3, "success"),
    ("clock", "arm"): (1, 1, "fail"),
    ("clock", "start"): (1, 1, "fail"),
    ("clock", "read"): (1, 1, "fail"),
    ("clock", "stop"): (3, 3, "success"),
    ("rest", "start"): (2, 2, "fail"),
    ("rest", "read"): (2, 2, "fail"),
}
CASES = [pytest.param(*case) for case in ENDED]


def resting(rig, **options):
    return two_pulse(rig, rest_s=5.0, **options)


def silent(device, phase, **when):
    return {"silent_instrument": [{"device": device, "phase": phase, **when}]}


def check_kept(taken, collected, entered, status):
    (stop,) = taken.of("stop")
    assert stop["exit_status"] == status
    assert stop["num_events"]["primary"] == collected
    assert taken.in_trials("trial-number") == [*range(1, entered + 1)]
    assert sorted(taken.results) == [*range(1, collected + 1)]
    for device in ("camera", "amplifier"):
        with_frames = taken.read(device if device == "camera" else "amplifier-voltage")
        assert np.isfinite(with_frames[:collected]).all()
    assert (taken.read("camera-counter")[:collected] == np.arange(FRAMES)).all()
    assert (taken.read("camera")[:collected].mean(axis=(2, 3)) > 905).all()


@pytest.mark.parametrize(("device", "phase"), ENDED)
def test_an_instrument_that_is_silent_costs_no_completed_trial(run, device, phase):
    taken = run(resting, **silent(device, phase, **SECOND))
    assert isinstance(taken.error, FailedStatus | InstrumentError)
    check_kept(taken, *ENDED[device, phase])
    assert taken.rig.bench.lit_now() == 0
    assert taken.rig.bench._clock is None or phase in ("arm", "stop")
    if phase != "stop":
        taken.check_dark()


@pytest.mark.parametrize(("device", "phase"), CASES)
def test_an_instrument_that_is_silent_is_named_in_one_line(run, device, phase):
    taken = run(resting, **silent(device, phase, **SECOND))
    cause = taken.error.__cause__ or taken.error
    assert isinstance(cause, InstrumentError)
    line = str(cause)
    assert "\n" not in line
    assert f"the instrument {device} has stopped answering" in line
    assert "check its power and its cable, then start the protocol again" in line


def test_a_trial_whose_light_is_not_told_is_kept_with_the_planned_light(run):
    taken = run(**silent("led_pair", "read", **SECOND))
    assert taken.in_trials("led_pair-light_measured") == [True, False]
    assert taken.in_trials("led_pair-led_1_light_s") == pytest.approx([0.09, 0.09])
    assert taken.in_trials("trial-ok") == [True, True]
    line = str(taken.error.__cause__)
    assert line.startswith("led_pair did not tell how long it was lit in the last trial, for which")


@pytest.mark.parametrize(
    ("device", "urgent", "call"),
    [
        ("led_pair", "light of led_pair may still be on: switch off the LED driver's power", "off"),
        ("stimulator", "stimulator may still be armed, and give pulses: switch off the", "disarm"),
    ],
)
def test_what_may_still_be_on_is_told_and_switched_off_first_in_the_next_run(
    run, run_engine, device, urgent, call
):
    taken = run(**silent(device, "stop", trials=(3,)))
    cause = taken.error.__cause__ or taken.error
    assert str(cause).startswith(urgent)
    assert "by hand (the instrument" in str(cause)
    asked, backend = [], getattr(taken.rig, device).backend
    getattr(taken.rig, device).backend = Noted(backend, asked)
    run_engine(two_pulse(taken.rig, trials=1))
    assert asked[:2] == ["connect", call]
    assert asked.index(call) < asked.index("program")
    assert asked[-1] == call
    taken.check_dark()


class Noted:
    """A backend that notes what it is asked."""

    def __init__(self, backend, asked):
        self._backend, self._asked = backend, asked

    def __getattr__(self, name):
        self._asked.append(name)
        return getattr(self._backend, name)


# device and phase of a driver that never returns: as `ENDED`, and what it was asked
HANGING = {
    ("camera", "arm"): (1, 1, "fail", "camera was asked to be ready for trial 2"),
    ("camera", "read"): (1, 1, "fail", "camera was asked for the frames of trial 2"),
    ("amplifier", "read"): (1, 1, "fail", "amplifier was asked for the frames of trial 2"),
    ("camera", "stop"): (2, 2, "fail", "camera was asked to stop"),
    ("led_pair", "arm"): (1, 1, "fail", "led_pair was asked to be ready for a trial"),
    ("led_pair", "read"): (2, 2, "fail", "led_pair was asked how long it was lit"),
    ("led_pair", "stop"): (3, 3, "success", "led_pair was asked to go dark"),
    ("stimulator", "arm"): (1, 1, "fail", "stimulator was asked to be ready for a trial"),
    ("stimulator", "stop"): (3, 3, "success", "stimulator was asked to be disarmed"),
    ("clock", "start"): (1, 1, "fail", "clock was asked to start a trial"),
    ("clock", "read"): (1, 1, "fail", "clock was asked for the end of a trial of 0.2 s"),
    ("clock", "stop"): (3, 3, "success", "clock was asked to stop"),
    ("rest", "read"): (2, 2, "fail", "rest was asked whether the rest is over"),
}


@pytest.mark.parametrize(("device", "phase"), HANGING)
def test_a_driver_that_never_returns_ends_the_plan_in_the_dark(run, monkeypatch, device, phase):
    # Enough for a small trial to be computed on a busy machine.
    monkeypatch.setattr("blueslice.devices._answer.ANSWER_MARGIN_S", 1.0)
    monkeypatch.setattr("blueslice.devices._answer.STOP_MARGIN_S", 0.3)
    monkeypatch.setattr("blueslice.devices.timer.WAIT_S", 0.1)
    taken = run(resting, **silent(device, phase, blocks_s=3600.0, **SECOND))
    *ended, asked = HANGING[device, phase]
    cause = taken.error.__cause__ or taken.error
    assert isinstance(cause, InstrumentError)
    assert f"{asked} and has not answered for" in str(cause)
    assert "check its power and its cable, then start the protocol again" in str(cause)
    assert "\n" not in str(cause)
    check_kept(taken, *ended)
    assert taken.rig.bench.lit_now() == 0
    if phase != "stop":
        taken.check_dark()
    elif device != "led_pair":
        assert taken.rig.bench._leds == ((), 0.0)


@pytest.mark.parametrize("device", CALLS)
def test_an_instrument_that_cannot_be_connected_begins_no_run(run, device):
    taken = run(**silent(device, "connect"))
    assert isinstance(taken.error, NotConnectedError)
    assert f"the instrument {device} has stopped answering (being connected)" in str(taken.error)
    assert taken.documents == []
    taken.check_dark()


@pytest.mark.parametrize(("phase", "when"), [("arm", SECOND), ("read", {"trials": (1,)})])
def test_valves_that_do_not_answer_end_the_plan(run, phase, when):
    def changing(rig, *, trials):
        yield from two_pulse(rig, trials=1)
        yield from bps.mv(rig.perfusion, CNQX)
        yield from bps.read(rig.perfusion)

    taken = run(changing, **silent("perfusion", phase, **when))
    cause = taken.error.__cause__ or taken.error
    assert "the instrument perfusion has stopped answering" in str(cause)
    assert taken.rig.bench.bath.flowing.name != CNQX or phase == "read"
    taken.check_dark()


def test_after_a_silent_instrument_the_same_rig_takes_a_run_again(run_engine, directory):
    faults = broken(**silent("camera", "read", trials=(2,)))
    rig = make_sim_rig(5, data_directory=directory, rows=24, columns=24, faults=faults)
    with pytest.raises(FailedStatus):
        run_engine(two_pulse(rig, trials=2))
    documents = []
    run_engine(two_pulse(rig, trials=1), lambda *document: documents.append(document))
    assert documents[-1][1]["exit_status"] == "success"


def test_a_replay_loses_a_frame_too(run_engine, directory, recordings):
    faults = broken(dropped_frame=({"trials": (1,), "frames": (40,)},))
    files = [recordings / "70127A101.da"]
    rig = make_replay_rig(files, data_directory=directory, faults=faults)
    results = []
    live = LiveDFF(rig.camera, rig.amplifier, lambda *_: None, rois=[SPINE])
    live.on_result(results.append)
    run_engine.subscribe(live)
    run_engine(replay(rig))
    assert live.wait(30)
    live.close()
    sodium, calcium = results[0].result.traces
    assert np.flatnonzero(np.isnan(sodium.dff[0])).tolist() == [20]
    assert not np.isnan(calcium.dff).any()


def test_a_trial_is_kept_when_the_clock_of_the_experiment_does_not_tell_its_end(
    run_engine, directory
):
    rig = make_sim_rig(5, data_directory=directory, rows=24, columns=24)
    documents, now_s, asked = [], rig.rest.backend.now_s, []

    def silent_from_the_second():
        asked.append(True)
        if len(asked) > 1:
            raise InstrumentError("the clock has stopped answering; check its cable")
        return now_s()

    rig.rest.backend.now_s = silent_from_the_second
    with pytest.raises(FailedStatus) as failed:
        run_engine(two_pulse(rig, trials=3), lambda *document: documents.append(document))
    line = str(failed.value.__cause__)
    assert line.startswith("rest did not tell the time of the experiment, for which the last that")
    assert "\n" not in line
    events = [doc["data"] for name, doc in documents if name == "event"]
    trials = [data for data in events if "trial-number" in data]
    assert [data["trial-number"] for data in trials] == [1, 2]
    assert trials[0]["rest-experiment_time_s"] == trials[1]["rest-experiment_time_s"]
    assert not any("led_pair-cut_off-led_1_light_s" in data for data in events)


@pytest.mark.parametrize(("device", "phase"), [("clock", "read"), ("camera", "read")])
def test_light_of_a_trial_that_a_fault_cuts_off_is_noted(run, device, phase):
    taken = run(**silent(device, phase, **SECOND))
    assert taken.in_trials("trial-number") == [1]
    given_s = sum(taken.rig.bench.source.source._dose_s)
    noted_s = [
        event["data"]["led_pair-cut_off-led_1_light_s"]
        for event in taken.of("event")
        if "led_pair-cut_off-led_1_light_s" in event["data"]
    ]
    # A camera is read as soon as it is armed: it may fail before the clock has lit anything.
    # What was given drifts with the LEDs: a trial has 0.18 s, give or take a few percent.
    was_lit = given_s > 0.27
    assert noted_s == pytest.approx([0.09] if was_lit else [])
    assert noted_s or device == "camera"
    documents = [("start", {**taken.of("start")[0], "cell": "c1"}), *taken.documents[1:]]
    exposure = run_exposure(documents)
    assert exposure.trials == 1
    assert exposure.total_s == pytest.approx(0.36 if was_lit else 0.18)


def test_a_trial_that_was_never_started_has_no_light(run):
    taken = run(**silent("stimulator", "arm", **SECOND))
    assert not [e for e in taken.of("event") if "led_pair-cut_off-led_1_light_s" in e["data"]]
