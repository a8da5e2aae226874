"""What progress is counted by: several may watch, and nobody's own hook is lost."""

import pytest

from blueslice.plans import two_pulse
from blueslice.progress import ProgressState, ProgressWatch
from blueslice.rig import make_sim_rig


def test_all_who_watch_hear_of_a_rest(run_engine, directory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    theirs = []
    run_engine.waiting_hook = theirs.append
    states = [ProgressState(()), ProgressState(())]
    rested = [[], []]
    watches = []
    for state, lengths in zip(states, rested, strict=True):
        state.rest = lambda left_s, length_s=None, lengths=lengths: lengths.append(length_s)
        watches.append(ProgressWatch(run_engine, rig.rest.name, state))
    run_engine(two_pulse(rig, trials=2, rest_s=7.0))
    for state, lengths in zip(states, rested, strict=True):
        assert 7.0 in lengths
        assert (state.done, state.total) == (2, 2)
    assert None in theirs
    heard = len(theirs)
    # Who sets a hook of their own replaces ours: the next run takes both up again.
    run_engine.waiting_hook = theirs.append
    rested[0].clear()
    run_engine(two_pulse(rig, trials=2, rest_s=5.0))
    assert 5.0 in rested[0]
    assert len(theirs) > heard


def test_each_run_can_be_counted_for_itself(run_engine, directory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    together = ProgressWatch(run_engine, rig.rest.name, ProgressState(()))
    each = ProgressWatch(run_engine, rig.rest.name, ProgressState(()), each_run=True)
    run_engine(two_pulse(rig, trials=2))
    run_engine(two_pulse(rig, trials=1))
    assert (together.state.done, each.state.done) == (3, 1)


def test_the_rest_timer_alone_is_seen(run_engine, directory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    watch = ProgressWatch(run_engine, rig.rest.name, ProgressState(()))
    watch._watch(name="another", current=0, target=9)
    assert watch.state.to_next_trial_s is None
    watch._watch(name=rig.rest.name, current=3.0, target=20.0)
    assert watch.state.to_next_trial_s == pytest.approx(17.0, abs=1.0)
    watch._wait(None)
    assert watch.state.to_next_trial_s is None
