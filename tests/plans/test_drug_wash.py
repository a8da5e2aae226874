"""Drug washes on the simulated rig: what is taken in which solution, gates, waits, devices."""

import contextlib
import re
import threading

import numpy as np
import pytest
from bluesky.utils import RunEngineInterrupted
from ophyd import Component, Device, Signal

from blueslice.errors import BadInputError
from blueslice.plans import Gates, WashRecord, WashStep, drug_wash
from blueslice.rig import make_sim_rig
from blueslice.sim import SliceParameters
from blueslice.sim.lines import AmplifierParameters
from blueslice.trial import Trial, paired_pulses

CNQX = "ACSF + 5 uM CNQX"
STEPS = (
    WashStep(name="control", trials=2, blanks=1, interval_s=30),
    WashStep(name="CNQX", solution=CNQX, trials=2, blanks=1, interval_s=30),
    WashStep(name="wash", solution="ACSF", trials=2, wait=1800, interval_s=30),
)
OPEN_GATES = Gates(rest_mV=(-80, -60), response_mV=(1, 15), access_MOhm=(10, 20), bridge_MOhm=15)
# Also met by a cell in CNQX.
STEADY_GATES = Gates(rest_mV=(-80, -60), access_MOhm=(10, 20), bridge_MOhm=15)
ARRIVAL_S = 60.0 + 4 * 90.0
TRIAL_S = 0.2


def held(**amplifier):
    return SliceParameters(amplifier=AmplifierParameters(**amplifier))


def sodium_jumps(rig, documents):
    """Return the relative rise of the target spine's sodium light in each trial."""
    frames = documents.read("camera") - documents.read("camera-dark")[:, None]
    source = rig.bench.source
    y, x = np.rint(source.scene.spine_px[source.target_spine]).astype(int)
    sodium = frames[:, ::2, y - 1 : y + 2, x - 1 : x + 2].mean((2, 3))
    return sodium[:, 13:17].mean(1) / sodium[:, :9].mean(1) - 1


def test_cnqx_takes_the_sodium_and_its_wash_brings_it_back(
    run_engine, documents, directory, steady_slice
):
    rig = make_sim_rig(5, data_directory=directory, slice_parameters=steady_slice)
    run_engine(drug_wash(rig, STEPS), documents)
    phases = documents.column("trials", "trial-phase")
    assert phases == [*["control"] * 3, *["CNQX"] * 3, *["wash"] * 2]
    blanks = np.array(documents.column("trials", "trial-blank"))
    assert blanks.tolist() == [False, True, False] * 2 + [False, False]
    jumps = sodium_jumps(rig, documents)
    of = {name: jumps[(np.array(phases) == name) & ~blanks].mean() for name in set(phases)}
    drift = jumps[blanks].mean()
    assert of["control"] - drift > 0.04
    assert of["CNQX"] - drift < 0.3 * (of["control"] - drift)
    assert of["wash"] - drift > 0.6 * (of["control"] - drift)


def test_each_trial_says_what_it_was(run_engine, documents, small_rig):
    run_engine(drug_wash(small_rig, STEPS, md={"cell": "c1"}), documents)
    start, table = documents.start, documents.start["trial_table"]
    assert (start["plan_name"], start["cell"]) == ("drug_wash", "c1")
    assert [WashStep.from_document(step) for step in start["wash_steps"]] == list(STEPS)
    assert start["completed_before"] == []
    assert "resumes" not in start
    for name in ("number", "phase", "step", "blank"):
        assert documents.column("trials", f"trial-{name}") == table[name], name
    assert table["number"] == [*range(1, 9)]
    assert table["step"] == [1, 1, 1, 2, 2, 2, 3, 3]
    assert start["blanks"] == table["blank"]
    # The first step does not say what flows.
    assert table["solution"] == ["unknown"] * 3 + [CNQX] * 3 + ["ACSF"] * 2
    assert table["drug"] == ["unknown"] * 3 + ["CNQX"] * 3 + [""] * 2
    assert "concentration_uM" not in table
    # The valves do, and since when.
    for of in ("trial", "perfusion"):
        flowed = documents.column("trials", f"{of}-solution")
        assert flowed == ["ACSF"] * 3 + [CNQX] * 3 + ["ACSF"] * 2
        assert documents.column("trials", f"{of}-drug") == [""] * 3 + ["CNQX"] * 3 + [""] * 2
        dose_uM = documents.column("trials", f"{of}-concentration_uM")
        assert dose_uM == [0.0] * 3 + [5.0] * 3 + [0.0] * 2
    since_s = np.array(documents.column("trials", "perfusion-since_s"))
    assert np.isnan(since_s[:3]).all()
    ended_s = np.array(documents.column("trials", "rest-experiment_time_s"))
    np.testing.assert_allclose(since_s[3:6], ended_s[2], atol=1e-6)
    np.testing.assert_allclose(since_s[6:], ended_s[5], atol=1e-6)
    arrived = documents.column("trials", "perfusion-arrived")
    assert np.isnan(arrived[:2]).all()
    assert arrived[3] == pytest.approx(1 - np.exp(-4), abs=0.001)
    assert arrived[3] < arrived[4] < arrived[5] < 1
    assert documents.stop["num_events"] == {"baseline": 1, "primary": 8, "trials": 8}


def test_each_step_waits_as_it_says(run_engine, documents, small_rig):
    run_engine(drug_wash(small_rig, STEPS), documents)
    times_s = np.diff([0.0, *documents.column("trials", "rest-experiment_time_s")])
    expected = [0.0, 30.0, 30.0, ARRIVAL_S, 30.0, 30.0, 1800.0, 30.0]
    np.testing.assert_allclose(times_s, np.add(expected, TRIAL_S), atol=1e-6)


def test_what_flows_already_has_arrived(run_engine, documents, small_rig):
    steps = [WashStep(name="control", solution="ACSF", trials=1)]
    run_engine(drug_wash(small_rig, steps), documents)
    assert documents.column("trials", "rest-experiment_time_s") == [pytest.approx(TRIAL_S)]
    assert documents.column("trials", "trial-solution") == ["ACSF"]


def test_a_step_without_a_solution_keeps_that_of_the_one_before(run_engine, documents, small_rig):
    steps = [WashStep(name="CNQX", solution=CNQX, trials=1), WashStep(name="later", trials=1)]
    run_engine(drug_wash(small_rig, steps), documents)
    assert documents.column("trials", "trial-solution") == [CNQX, CNQX]
    assert documents.column("trials", "trial-drug") == ["CNQX", "CNQX"]
    assert np.diff(documents.column("trials", "rest-experiment_time_s")) == pytest.approx(TRIAL_S)


def test_stable_waits_for_the_response(run_engine, documents, small_rig):
    steps = [
        WashStep(
            name="CNQX",
            solution=CNQX,
            trials=1,
            wait="stable",
            stability={"responses": 3, "interval_s": 60, "within": 0.1, "within_mV": 0.4},
        )
    ]
    run_engine(drug_wash(small_rig, steps, arrival_s=60.0), documents)
    responses = np.array(documents.column("checks", "check-response_mV"))
    ok = documents.column("checks", "check-ok")
    # The drug comes in while it is watched: large at first, gone at last.
    assert responses[0] > 3.0
    assert np.ptp(responses[-3:]) <= max(0.4, 0.1 * responses[-3:].mean())
    assert all(
        np.ptp(responses[k - 3 : k]) > 0.1 * responses[k - 3 : k].mean()
        for k in range(3, len(responses))
    )
    assert ok == [False] * (len(ok) - 1) + [True]
    times_s = documents.column("checks", "rest-experiment_time_s")
    assert times_s[0] == pytest.approx(60.0 + TRIAL_S)
    np.testing.assert_allclose(np.diff(times_s), 60.0 + TRIAL_S, atol=1e-6)
    assert documents.stop["num_events"]["primary"] == 1


def test_unstable_goes_on_after_its_time_and_says_so(run_engine, documents, small_rig, caplog):
    steps = [
        {
            "name": "control",
            "trials": 1,
            "wait": "stable",
            "stability": {"within": 1e-6, "within_mV": 0, "interval_s": 10, "timeout_s": 60},
        }
    ]
    run_engine(drug_wash(small_rig, steps), documents)
    assert "trial 1 (control) was not stable within 60 s" in caplog.text
    assert len(documents.events("checks")) == 5
    assert documents.stop["num_events"]["trials"] == 1


def test_a_good_cell_passes_its_gates_in_the_dark(run_engine, documents, small_rig):
    steps = [STEPS[0], STEPS[1].replace(gates=Gates(rest_mV=(-80, -60)))]
    run_engine(drug_wash(small_rig, steps, gates=OPEN_GATES.to_document()), documents)
    checks = documents.events("checks")
    assert [check["check-before_trial"] for check in checks] == [*range(1, 7)]
    assert all(check["check-ok"] for check in checks)
    assert all(check["check-reason"] == "" for check in checks)
    rests_mV = [check["check-rest_mV"] for check in checks]
    # The simulated bridge is balanced at the 15 MOhm of the pipette.
    access_MOhm = np.array([check["check-access_MOhm"] for check in checks[:3]])
    unbalanced_MOhm = [check["check-unbalanced_MOhm"] for check in checks[:3]]
    np.testing.assert_allclose(access_MOhm, 15.0, atol=1.5)
    np.testing.assert_allclose(unbalanced_MOhm, access_MOhm - 15.0, atol=1e-9)
    np.testing.assert_allclose(rests_mV, -68.0, atol=0.2)
    assert all(check["check-response_mV"] > 3 for check in checks[:3])
    assert np.isnan([check["check-response_mV"] for check in checks[3:]]).all()
    # A check is no trial: it is not kept, and it costs no light.
    assert documents.stop["num_events"]["primary"] == 6
    assert documents.read("camera").shape[0] == 6
    assert documents.read("amplifier-voltage").shape[0] == 6
    pulses = np.diff((documents.read("amplifier-stimulus") > 2.5).reshape(6, -1).astype(int))
    assert (pulses == 1).sum(axis=1).tolist() == [2, 0, 2, 2, 0, 2]
    light_s = small_rig.bench.source._dose_s[0]
    assert light_s == pytest.approx(6 * 50 * 0.0018, rel=0.1)


GATE_FAULTS = {
    "resting potential": (
        {"holding_pA": 200.0},
        {"rest_mV": [-80, -60]},
        "the resting potential is -53.0 mV, allowed are -80 to -60 mV",
    ),
    "access resistance": (
        {"clamp": "voltage", "series_resistance_MOhm": 40.0},
        {"access_MOhm": [5, 30], "clamp": "voltage"},
        r"the access resistance is (39|40|41)\.\d MOhm, allowed are 5 to 30 MOhm",
    ),
    "response": (
        {},
        {"response_mV": [8, 15]},
        r"the response is \d\.\d mV, allowed are 8 to 15 mV",
    ),
}


@pytest.mark.parametrize("name", GATE_FAULTS)
def test_a_gate_that_fails_pauses_with_its_reason(run_engine, documents, directory, caplog, name):
    amplifier, gates, reason = GATE_FAULTS[name]
    rig = make_sim_rig(
        1, data_directory=directory, rows=24, columns=24, slice_parameters=held(**amplifier)
    )
    steps = [
        WashStep(name="control", trials=1, wait=0),
        WashStep(name="CNQX", solution=CNQX, trials=1, wait=0, gates=Gates()),
    ]
    with pytest.raises(RunEngineInterrupted):
        run_engine(drug_wash(rig, steps, gates=gates), documents)
    assert run_engine.state == "paused"
    advice, said = [r.getMessage() for r in caplog.records if r.name.startswith("blueslice.plans")]
    assert advice.startswith("step 'CNQX': wait = 0 s is shorter than")
    assert "\n" not in said
    assert re.search(rf"paused before trial 1 \(control\): {reason}; RE.resume\(\)", said), said
    assert documents.events("trials") == []
    assert rig.bench.lit_now() == 0
    assert rig.bench._leds == ((), 0.0)
    assert rig.bench.programmed_pulses == ()
    run_engine.resume()
    # It goes on with that very trial, and is asked no second time.
    assert documents.column("trials", "trial-number") == [1, 2]
    (check,) = documents.events("checks")
    assert not check["check-ok"]
    assert re.search(reason, check["check-reason"])
    assert documents.stop["num_events"] == {"baseline": 1, "primary": 2, "trials": 2, "checks": 1}


def test_a_run_given_up_at_a_gate_has_no_trial_of_the_check(run_engine, documents, small_rig):
    steps = [WashStep(name="a", trials=1), WashStep(name="b", gates=Gates(rest_mV=(-60, -50)))]
    with pytest.raises(RunEngineInterrupted):
        run_engine(drug_wash(small_rig, steps), documents)
    run_engine.abort("the cell is gone")
    assert documents.stop["num_events"] == {"baseline": 1, "primary": 1, "trials": 1, "checks": 1}
    ranges = {(d["indices"]["start"], d["indices"]["stop"]) for d in documents.of("stream_datum")}
    assert ranges == {(0, 1)}


class ClassicValve(Device):
    """A perfusion of classic ophyd: set to the name of a solution, reads it back."""

    solution = Component(Signal, value="ACSF", kind="hinted")

    def set(self, value):
        return self.solution.set(value)


@pytest.mark.parametrize("given", ["as a device", "by its name", "as the rig's own"])
def test_a_classic_perfusion_does_as_well(run_engine, documents, small_rig, given):
    valve = ClassicValve(name="valve")
    valve.solution.name = "valve"
    perfusion = valve
    if given == "by its name":
        small_rig.extra["valve"] = valve
        perfusion = "valve"
    elif given == "as the rig's own":
        small_rig.perfusion, perfusion = valve, None
    steps = [
        WashStep(name="control", solution="ACSF", trials=1),
        WashStep(name="any", solution="bottle 2", drugs_uM={"CPP": 10, "CNQX": 5}, trials=1),
        WashStep(name="wash", solution="ACSF", drugs_uM={}, trials=1, wait=600),
    ]
    plan = drug_wash(small_rig, steps, perfusion=perfusion, arrival_s=120.0)
    run_engine(plan, documents)
    assert documents.column("trials", "valve") == ["ACSF", "bottle 2", "ACSF"]
    # Nobody has said that no drug is in the first.
    assert documents.column("trials", "trial-drug") == ["unknown", "CPP + CNQX", ""]
    np.testing.assert_equal(
        documents.column("trials", "trial-concentration_uM"), [np.nan, 10.0, 0.0]
    )
    times_s = np.diff([0.0, *documents.column("trials", "rest-experiment_time_s")])
    np.testing.assert_allclose(times_s, np.add([0.0, 120.0, 600.0], TRIAL_S), atol=1e-6)
    # The rig's own perfusion was left alone.
    assert small_rig.bench.bath.flowing.name == "ACSF"


def test_without_a_perfusion_a_pause_asks_for_the_solution(
    run_engine, documents, small_rig, caplog
):
    small_rig.perfusion = None
    steps = [WashStep(name="CNQX", solution="bottle 2", drugs_uM={"CNQX": 5}, wait=60, trials=1)]
    with pytest.raises(RunEngineInterrupted):
        run_engine(drug_wash(small_rig, steps), documents)
    assert "paused before 'CNQX': let 'bottle 2' flow; RE.resume() goes on with it" in caplog.text
    run_engine.resume()
    assert len(documents.events("baseline")) == 1
    assert documents.column("trials", "trial-drug") == ["CNQX"]
    assert documents.column("trials", "rest-experiment_time_s") == [pytest.approx(60 + TRIAL_S)]


def test_a_resumed_run_takes_the_rest_of_the_step_in_hand(run_engine, documents, small_rig):
    record = WashRecord(
        uid="0123456789",
        steps=STEPS,
        trial=Trial(pulses=paired_pulses()),
        completed_trials=(1, 2, 3, 4),
    )
    # It has to be waited for again, though it flows: nobody knows since when.
    small_rig.bench.perfuse(CNQX)
    run_engine(drug_wash(small_rig, resume=record.to_document()), documents)
    assert documents.column("trials", "trial-number") == [5, 6, 7, 8]
    assert documents.column("trials", "trial-phase") == ["CNQX", "CNQX", "wash", "wash"]
    assert documents.column("trials", "trial-blank") == [True, False, False, False]
    times_s = np.diff([0.0, *documents.column("trials", "rest-experiment_time_s")])
    np.testing.assert_allclose(times_s, np.add([420.0, 30, 1800, 30], TRIAL_S), atol=1e-6)
    start = documents.start
    assert start["resumes"] == "0123456789"
    assert start["completed_before"] == [1, 2, 3, 4]
    assert start["blanks"] == start["trial_table"]["blank"] == [True, False, False, False]
    assert len(start["wash_steps"]) == 3


def record_of(**changes):
    return WashRecord(
        **{
            "uid": "0123456789",
            "steps": STEPS,
            "trial": Trial(pulses=paired_pulses()),
            "completed_trials": (1,),
            **changes,
        }
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"steps": None}, "steps = None: give a list of steps"),
        ({"steps": [{"name": "a", "solution": "tea"}]}, "no solution 'tea'; it has ACSF"),
        (
            {"steps": [{"name": "a", "solution": CNQX, "drugs_uM": {"CNQX": 10}}]},
            "is said of 'ACSF . 5 uM CNQX', in which perfusion has {'CNQX': 5.0}",
        ),
        ({"pulses": 3}, "pulses = 3"),
        ({"amplitude_uA": 5000.0}, "at most 1000 uA"),
        ({"arrival_s": -1}, "arrival_s = -1"),
        ({"perfusion": "valve"}, "perfusion = 'valve': simulated has no such device"),
        ({"gates": {"rest": [1, 2]}}, "rest: there is no such key"),
        (
            {
                "gates": {"access_MOhm": [0, 9], "bridge_MOhm": 0, "response_mV": [1, 9]},
                "frame_count": 30,
            },
            "no room for a test pulse",
        ),
        ({"gates": {"access_MOhm": [0, 9], "test_pulse_pA": 20000}}, "test_pulse_pA = 20000"),
        (
            {"gates": {"access_MOhm": [0, 9]}},
            "step 'control': access_MOhm in current clamp needs bridge_MOhm",
        ),
        (
            {"gates": {"access_MOhm": [0, 9], "clamp": "voltage", "bridge_MOhm": 9}},
            "bridge_MOhm = 9 is of current clamp",
        ),
        (
            {"steps": [{"name": "a", "wait": "stable", "gates": {"clamp": "voltage"}}]},
            "step 'a' waits until the response is stable, .* voltage clamp",
        ),
        ({"resume": "0123456789"}, "resume = '0123456789': give the record of the run"),
        ({"resume": {"uid": "1"}}, "WashRecord: steps: Field required"),
        ({"resume": record_of(completed_trials=range(1, 9)), "steps": None}, "is complete: all"),
        ({"resume": record_of(completed_trials=(9,)), "steps": None}, "trial 9 is said"),
        ({"resume": record_of(steps=STEPS[:2])}, "the steps are not those of run 01234567"),
        (
            {"resume": record_of(trial=Trial(frame_count=50))},
            "frame_count is not that of run 01234567",
        ),
        ({"resume": record_of(), "amplitude_uA": 60.0}, "pulses is not that of run 01234567"),
    ],
)
def test_bad_input_is_refused_before_anything_is_told(small_rig, arguments, text):
    with pytest.raises(BadInputError, match=text) as refused:
        next(drug_wash(small_rig, **{"steps": STEPS, **arguments}))
    assert "\n" not in str(refused.value)


def test_a_classic_perfusion_has_to_say_how_long_it_takes(small_rig):
    with pytest.raises(BadInputError, match="give arrival_s, or a time in s for each step"):
        next(drug_wash(small_rig, STEPS, perfusion=ClassicValve(name="valve")))


@pytest.mark.parametrize(
    ("channels", "gates", "missing"),
    [
        (["voltage"], OPEN_GATES, "current"),
        (["current"], {"rest_mV": [-80, -60]}, "voltage"),
        (["voltage"], {"rest_mV": [-80, -60]}, ""),
        ([], None, ""),
    ],
)
def test_what_gates_need_has_to_be_recorded(
    messages, small_rig, monkeypatch, channels, gates, missing
):
    monkeypatch.setattr(small_rig.bench.source, "channels", dict.fromkeys(channels, "mV"))
    plan = drug_wash(small_rig, STEPS, gates=gates)
    if not missing:
        assert "open_run" in messages(plan).names()
        return
    with pytest.raises(BadInputError, match=f"does not record the {missing}, by which"):
        next(plan)


def test_the_messages_of_a_trial_behind_its_gate(messages, small_rig):
    steps = [WashStep(name="CNQX", solution=CNQX, trials=1)]
    sent = messages(drug_wash(small_rig, steps, gates={"rest_mV": [-80, -60], "settle_s": 7}))
    sent.check_dark()
    names = [name for name in sent.names() if name not in ("checkpoint", "wait")]
    first = names.index("set perfusion")
    check = ["prepare amplifier", "prepare clock", "prepare led_pair", "prepare stimulator"]
    assert names[first : first + 3] == ["set perfusion", "read rest", "trigger rest"]
    assert names[first + 3 : first + 9] == ["set rest", *check, "kickoff clock"]
    assert names[first + 9 : first + 11] == ["complete clock", "wait_for"]
    # What was measured is not measured again after a pause.
    everything = sent.names()
    measured = len(everything) - 1 - everything[::-1].index("wait_for")
    assert everything[measured + 1] == "checkpoint"
    # Nobody runs it, so nothing was measured, and that fails the gate.
    assert "pause" in names[: names.index("prepare camera")]
    lit = [
        m.args[0].light_s[1] for m in sent if m.command == "prepare" and m.obj is small_rig.led_pair
    ]
    assert lit == [0.0, pytest.approx(50 * 0.0018)]
    rests = [m.args[0] for m in sent if m.command == "set" and m.obj is small_rig.rest]
    assert rests == [ARRIVAL_S, 7.0]
    assert "sleep" not in names


# Of the plan's 200 messages or so.
PLACES = range(0, 200, 7)
SHORT = [
    WashStep(name="control", trials=1, blanks=1, interval_s=30),
    WashStep(name="CNQX", solution=CNQX, trials=1, gates=Gates(rest_mV=(-80, -60))),
]


@pytest.mark.long
def test_whatever_message_fails_it_ends_dark(messages, messages_broken_at, small_rig):
    error = RuntimeError("the cable was pulled")

    def plan():
        return drug_wash(small_rig, SHORT, gates=OPEN_GATES)

    whole = messages(plan())
    first = whole.names().index("set clock")
    last = max(k for k, name in enumerate(whole.names()) if name.startswith("unstage"))
    for place in range(first, last + 1):
        broken = messages_broken_at(plan(), place, error)
        after = type(broken)(broken[place + 1 :])
        assert after.settings()[-3:] == [
            ("clock", "stopped"),
            ("led_pair", "dark"),
            ("stimulator", "disarmed"),
        ], f"after {whole.names()[place]} ({place})"
        assert not {m.command for m in after} & {"kickoff", "prepare", "pause"}


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*get_index:pytest.PytestUnraisableExceptionWarning")
def test_a_pause_anywhere_keeps_every_trial_once(run_engine, small_rig, documents):
    rig = small_rig
    paused = 0
    for at in PLACES:
        documents.clear()
        commands = []

        def hook(message, at=at, commands=commands):
            commands.append(message.command)
            if len(commands) - 1 == at:
                threading.Thread(target=request, daemon=True).start()

        def request():
            with contextlib.suppress(RuntimeError):  # the run may be over by now
                run_engine.request_pause(defer=False)

        run_engine.msg_hook = hook
        with contextlib.suppress(RunEngineInterrupted):
            run_engine(drug_wash(rig, SHORT, gates=STEADY_GATES), documents)
        run_engine.msg_hook = None
        if run_engine.state == "paused":
            paused += 1
            assert rig.bench._leds == ((), 0.0), f"LEDs programmed while paused at {at}"
            run_engine.resume()
        assert run_engine.state == "idle", at
        assert documents.column("trials", "trial-number") == [1, 2, 3], at
        assert documents.column("trials", "trial-phase") == ["control", "control", "CNQX"], at
        assert documents.column("checks", "check-before_trial") == [1, 2, 3], at
        ranges = {
            (d["indices"]["start"], d["indices"]["stop"]) for d in documents.of("stream_datum")
        }
        assert ranges == {(0, 1), (1, 2), (2, 3)}, at
        flowed = documents.column("trials", "perfusion-solution")
        assert flowed[-1] == CNQX, at
        rig.bench.perfuse("ACSF")
    assert paused > len(PLACES) // 2
