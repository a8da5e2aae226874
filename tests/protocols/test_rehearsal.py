"""A rehearsed plan: times, light and solutions, with nothing touched."""

import gc

import bluesky.plan_stubs as bps
import pytest

from blueslice.errors import BadInputError
from blueslice.plans import blank, calibrate, drug_wash, find_threshold, two_pulse
from blueslice.protocols import (
    RehearsedSolution,
    RehearsedTrial,
    RehearsedWait,
    load_protocol,
    protocol,
    rehearse,
    step_plan,
)
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial


@pytest.fixture
def rig(directory):
    return make_sim_rig(1, data_directory=directory)


def test_trials_and_rests_in_their_time(rig, directory):
    rehearsal = rehearse(two_pulse(rig, trials=2, blanks=1, rest_s=20.0), rig, begins_s=5.0)
    kinds = [type(event) for event in rehearsal.events]
    wait = RehearsedWait
    assert kinds == [RehearsedTrial, wait, RehearsedTrial, wait, RehearsedTrial]
    begins_s = [event.begins_s for event in rehearsal.events]
    assert begins_s == pytest.approx([5.0, 5.2, 25.2, 25.4, 45.4])
    assert rehearsal.ends_s == pytest.approx(45.6)
    assert [trial.trial.blank for trial in rehearsal.trials] == [True, False, False]
    assert [trial.number for trial in rehearsal.trials] == [1, 2, 3]
    assert {trial.phase for trial in rehearsal.trials} == {""}
    assert rehearsal.light_s == pytest.approx({1: 0.27, 2: 0.27})
    assert rehearsal.runs == 1
    assert not rehearsal.depends_on_data
    # Nothing was touched: no file, no light, no device connected.
    assert not directory.path.exists()
    assert rig.bench.lit_now() == 0
    gc.collect()  # with warnings as errors: no coroutine is left lying


def test_solutions_wait_as_long_as_the_perfusion_says(rig):
    backend = rig.perfusion.backend
    steps = [{"name": "a", "trials": 1}, {"name": "b", "solution": "ACSF + 5 uM CNQX", "trials": 2}]
    rehearsal = rehearse(drug_wash(rig, steps), rig)
    (change,) = [event for event in rehearsal.events if isinstance(event, RehearsedSolution)]
    assert change.solution == "ACSF + 5 uM CNQX"
    waited_s = sum(e.length_s for e in rehearsal.events if isinstance(e, RehearsedWait))
    assert waited_s == pytest.approx(backend.delay_s + 4 * backend.exchange_s)
    assert [trial.phase for trial in rehearsal.trials] == ["a", "b", "b"]
    rehearsal = rehearse(calibrate(rig, sodium_mM=[0, 170], wait_s=100), rig)
    assert rehearsal.ends_s == pytest.approx(200 + 2 * 0.04)


def test_a_search_in_the_dark_gives_no_light(rig):
    rehearsal = rehearse(find_threshold(rig, from_uA=20, to_uA=60, step_uA=20, confirm=1), rig)
    assert len(rehearsal.trials) == 4
    assert rehearsal.light_s == {1: 0.0, 2: 0.0}


def test_a_plan_that_needs_data_is_gone_through_as_far_as_it_can_be(rig):
    def needs_data(rig):
        yield from blank(rig)
        reading = yield from bps.read(rig.trial_log)
        yield from bps.abs_set(rig.rest, reading["trial-number"]["value"])

    rehearsal = rehearse(needs_data(rig), rig)
    assert rehearsal.depends_on_data
    assert len(rehearsal.trials) == 1

    def broken(rig):
        yield from bps.null()
        raise KeyError("no such thing")

    with pytest.raises(KeyError):
        rehearse(broken(rig), rig)


def test_a_plan_without_end_is_refused(rig, monkeypatch):
    monkeypatch.setattr("blueslice.protocols.rehearsal._MOST_MESSAGES", 1000)

    def endless():
        while True:
            yield from bps.null()

    with pytest.raises(BadInputError, match="without coming to its end"):
        rehearse(endless(), rig)


def test_a_sweep_that_is_not_kept_is_no_trial(rig):
    trial = Trial(frame_count=10)

    def sweeps():
        yield from bps.prepare(rig.clock, trial)
        yield from bps.prepare(rig.led_pair, trial)
        yield from bps.kickoff(rig.clock, wait=True)
        # The LEDs were not made ready again.
        yield from bps.prepare(rig.clock, trial)
        yield from bps.kickoff(rig.clock, wait=True)

    rehearsal = rehearse(sweeps(), rig)
    assert rehearsal.trials == ()
    assert len(rehearsal.events) == 2
    assert rehearsal.light_s == pytest.approx({1: 0.009, 2: 0.009})


FILE = """
[metadata]
operator = "K. Ross"
[[steps]]
plan = "blank"
frame_count = 50
[[steps]]
plan = "two_pulse"
trials = 1
wait_before_s = 60
"""


def test_the_steps_of_a_file_follow_each_other(rig, tmp_path):
    (tmp_path / "file.toml").write_text(FILE)
    described = load_protocol(tmp_path / "file.toml")
    rehearsal = rehearse(protocol(rig, described), rig)
    assert rehearsal.ends_s == pytest.approx(0.1 + 60 + 0.2)
    assert rehearsal.runs == 2
    # The wait counts from the end of the step before, however long something else took since.
    late = rehearse(step_plan(described, 2, rig, since_s=10.0), rig, begins_s=50.0)
    assert late.ends_s == pytest.approx(10 + 60 + 0.2)


def test_a_file_at_the_prompt(rig, run_engine, tmp_path):
    (tmp_path / "file.toml").write_text(FILE)
    starts = []
    run_engine.subscribe(lambda name, doc: starts.append(doc), "start")
    run_engine(protocol(rig, tmp_path / "file.toml"))
    assert [start["plan_name"] for start in starts] == ["blank", "two_pulse"]
    assert {start["operator"] for start in starts} == {"K. Ross"}
    assert starts[1]["protocol"] == {"name": "file.toml", "step": 2, "steps": 2}
    (tmp_path / "file.toml").write_text(FILE + "rest_s = -1\n")
    with pytest.raises(BadInputError, match=r"step 2 \(two_pulse\): rest_s = -1"):
        protocol(rig, tmp_path / "file.toml")
    assert len(starts) == 2
