"""A rehearsal on the live rig, at any moment of any plan, changes nothing of any device."""

import itertools
import threading

import pytest
from bluesky.utils import RunEngineInterrupted
from ophyd_async.core import Device, SignalR

from blueslice.ledger import read_cell
from blueslice.plans import (
    bap_train,
    blank,
    calibrate,
    drug_wash,
    find_threshold,
    paired,
    single_pulse,
    trial_series,
    two_pulse,
)
from blueslice.protocols import rehearse
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial, paired_pulses

STEPS = [
    {"name": "control", "trials": 1},
    {"name": "cnqx", "solution": "ACSF + 5 uM CNQX", "trials": 1},
]
PLANS = {
    "two_pulse": lambda rig: two_pulse(rig, trials=2, blanks=1, rest_s=1.0),
    "single_pulse": lambda rig: single_pulse(rig, trials=1),
    "blank": blank,
    "trial_series": lambda rig: trial_series(rig, [Trial(pulses=paired_pulses())], rest_s=1.0),
    "bap_train": lambda rig: bap_train(rig, trials=1),
    "paired": lambda rig: paired(rig, trials=1),
    "find_threshold": lambda rig: find_threshold(rig, from_uA=20, to_uA=40, step_uA=20, confirm=1),
    "calibrate": lambda rig: calibrate(rig, sodium_mM=[0, 170], wait_s=100),
    "drug_wash": lambda rig: drug_wash(rig, STEPS),
}
# What threads change, of a recorder or a call to an instrument, while a plan goes on.
OF_THREADS = {
    *("_whole_trials", "_worker", "_recording", "_file"),
    *("_unread", "_is_loaded", "_is_started", "_settled_s"),
}


@pytest.fixture
def rig(directory):
    rig = make_sim_rig(2, data_directory=directory, rows=24, columns=24)
    rig.ledger.cell = "c1"
    rig.ledger.allow("c1")
    _ = rig.clock.flyable_logic  # made when it is asked for
    return rig


def parts_of(device):
    yield device
    for _, child in device.children():
        yield from parts_of(child)


def value_of(attribute):
    """Return what is compared: plain values as they are, of other objects which one it is."""
    if isinstance(attribute, int | float | str | tuple | type(None)):
        return attribute
    return id(attribute)


def state_of(rig):
    """Return everything that the devices know."""
    found = {}
    for device in rig.devices:
        for part in parts_of(device):
            if isinstance(part, SignalR):
                backend = part._connector.backend
                found[part.name, "value"] = getattr(backend, "reading", None) and dict(
                    backend.reading
                )
            for name, attribute in vars(part).items():
                if name not in OF_THREADS and not isinstance(attribute, Device):
                    found[part.name, name] = value_of(attribute)
    for name in ("_recorder",):
        for device in (rig.camera, rig.amplifier):
            for key, attribute in vars(getattr(device, name)).items():
                if key not in OF_THREADS:
                    found[device.name, name, key] = value_of(attribute)
    logic = rig.clock.flyable_logic
    found["clock waits"] = logic._nobody_waits.is_set()
    found["ledger"] = (rig.ledger.cell, rig.ledger.used_s("c1"), dict(rig.ledger._entries))
    return found


def calls_to(bench, monkeypatch):
    """Return the threads that tell the simulated instruments something, as they do."""
    told = []
    for name in (
        *("program_leds", "program_pulses", "load_clock", "start", "stop"),
        *("darken", "disarm", "perfuse"),
    ):
        method = getattr(bench, name)

        def noted(*arguments, method=method):
            told.append(threading.get_ident())
            return method(*arguments)

        monkeypatch.setattr(bench, name, noted)
    return told


QUICK = ("two_pulse", "find_threshold")


@pytest.mark.parametrize(
    "running",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in PLANS],
)
def test_a_rehearsal_at_any_message_of_a_plan_changes_nothing(
    rig, run_engine, running, monkeypatch
):
    others = itertools.cycle(PLANS.items())
    rehearsed = 0
    told = calls_to(rig.bench, monkeypatch)

    def hook(message):
        nonlocal rehearsed
        name, plan = next(others)
        before = state_of(rig)
        told.clear()
        unread = rig.led_pair._unread
        rehearse(plan(rig), rig)
        rehearsed += 1
        # The devices' own threads may be telling the instruments something at the same moment.
        assert threading.get_ident() not in told
        assert rig.led_pair._unread in (unread, rig.led_pair._prepared)
        assert state_of(rig) == before, f"{name} rehearsed at {message.command}"

    run_engine.msg_hook = hook
    run_engine(PLANS[running](rig))
    assert rehearsed > 30


# Bluesky says of each plan that is halted that its cleaning up was not done.
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_light_of_a_trial_that_was_halted_is_not_erased_by_a_rehearsal(rig, run_engine, directory):
    """Cut off by a pause, then halted: no document tells its light, and then somebody rehearses."""
    lit = []

    def hook(message):
        if message.command == "wait" and message.kwargs.get("group") == "trial":
            lit.append(message)
            run_engine.loop.create_task(run_engine._request_pause_coro())

    run_engine.msg_hook = hook
    with pytest.raises(RunEngineInterrupted):
        run_engine(two_pulse(rig, trials=1))
    run_engine.msg_hook = None
    assert lit
    for plan in PLANS.values():
        rehearse(plan(rig), rig)
    run_engine.halt()
    assert read_cell(directory.journal, "c1").total_s == pytest.approx(0.18)
    # The documents of the next run tell it too.
    told = []
    run_engine.subscribe(lambda _, doc: told.append(doc["data"]), "event")
    run_engine(blank(rig))
    cut_off = [data for data in told if "led_pair-cut_off-led_1_light_s" in data]
    assert [sum(data.values()) for data in cut_off] == pytest.approx([0.18])
    assert read_cell(directory.journal, "c1").total_s == pytest.approx(0.36)
