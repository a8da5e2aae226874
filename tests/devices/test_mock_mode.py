"""In mock mode no instrument is called, whatever is asked of the devices."""

import inspect

import bluesky.plan_stubs as bps
import pytest
from ophyd_async.core import DetectorTrigger, TriggerInfo, set_mock_value

from blueslice.callbacks import Journal, find_journals, read_journal
from blueslice.devices import (
    AmplifierBackend,
    CameraBackend,
    LedPairBackend,
    PerfusionBackend,
    RestBackend,
    StimulatorBackend,
    TrialClockBackend,
    is_mock,
    mock_backends,
)
from blueslice.plans import drug_wash, find_threshold, two_pulse
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial, paired_pulses

TRIAL = Trial(frame_count=20, pulses=paired_pulses(onset_s=0.01))
NAMES = ("camera", "amplifier", "led_pair", "stimulator", "clock", "perfusion", "rest")


class Forbidden:
    """A backend that notes whatever is asked of it."""

    def __init__(self, name, asked):
        object.__setattr__(self, "_noted", (name, asked))

    def __getattr__(self, attribute):
        name, asked = self._noted
        asked.append(f"{name}.{attribute}")
        raise AttributeError(attribute)

    def __setattr__(self, attribute, value):
        name, asked = self._noted
        asked.append(f"{name}.{attribute} = {value}")


@pytest.fixture
def asked():
    return []


@pytest.fixture
def rig(directory, asked):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    for name in NAMES:
        getattr(rig, name).backend = Forbidden(name, asked)
    return rig


PLANS = {
    "two_pulse": lambda rig: two_pulse(rig, trials=2, rest_s=5.0),
    "drug_wash": lambda rig: drug_wash(
        rig, [{"name": "a", "trials": 1}, {"name": "b", "solution": "anything", "trials": 1}]
    ),
    "find_threshold": lambda rig: find_threshold(rig, from_uA=20, to_uA=20, confirm=0),
}


@pytest.mark.parametrize("name", PLANS)
def test_whole_plans_call_no_backend(run_engine, rig, asked, directory, name):
    def connected():
        yield from bps.wait_for([lambda: rig.connect(mock=True)])

    run_engine(connected())
    journal = Journal(directory.journal)
    run_engine.subscribe(journal)
    run_engine(PLANS[name](rig))
    journal.close()
    assert asked == []
    assert all(is_mock(device) for device in rig.devices)
    # What was recorded is marked as nothing that happened, and no cell had light of it.
    (path,) = find_journals(directory.journal)
    documents = list(read_journal(path))
    assert documents[0][1]["mock"] is True
    assert documents[-1][1]["exit_status"] == "success"
    assert not (directory.path / "light.db").exists()


async def test_every_call_of_a_device_is_for_nobody(rig, asked):
    await rig.connect(mock=True)
    await rig.led_pair.prepare(TRIAL)
    await rig.stimulator.prepare(TRIAL)
    await rig.clock.prepare(TRIAL)
    await rig.clock.kickoff()
    await rig.clock.complete()
    info = TriggerInfo(
        trigger=DetectorTrigger.EXTERNAL_EDGE, livetime=0.0018, deadtime=0.0002,
        collections_per_event=20,
    )  # fmt: skip
    await rig.camera.stage()
    await rig.camera.prepare(info)
    await rig.camera.unstage()
    await rig.perfusion.set("whatever")
    await rig.rest.set(100.0)
    for device in (rig.led_pair, rig.perfusion, rig.rest, rig.trial_log):
        await device.read()
        await device.describe()
    for device, safe in (
        (rig.led_pair, "dark"),
        (rig.stimulator, "disarmed"),
        (rig.clock, "stopped"),
    ):
        await device.set(safe)
        await device.stop()
        await device.pause()
        await device.resume()
    rig.check([TRIAL])
    assert asked == []


async def test_a_mock_value_is_what_is_read(rig, asked):
    await rig.connect(mock=True)
    values = {
        rig.perfusion.solution: "0 Mg ACSF",
        rig.perfusion.concentration_uM: 5.0,
        rig.led_pair.led_1_light_s: 0.25,
        rig.led_pair.light_measured: False,
        rig.rest.experiment_time_s: 77.0,
    }
    for signal, value in values.items():
        set_mock_value(signal, value)
    for device in (rig.perfusion, rig.led_pair, rig.rest):
        reading = await device.read()
        for signal, value in values.items():
            if signal.name in reading:
                assert reading[signal.name]["value"] == value
    assert asked == []


async def test_a_device_that_is_then_connected_has_its_instrument(directory):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    own = {name: getattr(rig, name).backend for name in NAMES}
    await rig.connect(mock=True)
    await rig.connect(mock=True)
    assert not any(getattr(rig, name).backend is own[name] for name in NAMES)
    await rig.connect()
    assert all(getattr(rig, name).backend is own[name] for name in NAMES)
    assert not any(is_mock(device) for device in rig.devices)
    assert rig.clock.flyable_logic.backend is own["clock"]


@pytest.mark.parametrize(
    ("mock", "protocol"),
    [
        (mock_backends.MockCamera, CameraBackend),
        (mock_backends.MockAmplifier, AmplifierBackend),
        (mock_backends.MockLedPair, LedPairBackend),
        (mock_backends.MockStimulator, StimulatorBackend),
        (mock_backends.MockTrialClock, TrialClockBackend),
        (mock_backends.MockPerfusion, PerfusionBackend),
        (mock_backends.MockRest, RestBackend),
    ],
)
def test_what_stands_in_has_all_that_an_instrument_has(mock, protocol):
    made = mock()
    for name, member in inspect.getmembers(protocol):
        if name.startswith("_"):
            continue
        assert hasattr(made, name)
        if inspect.isfunction(member):
            expected = list(inspect.signature(member).parameters)[1:]
            assert list(inspect.signature(getattr(made, name)).parameters) == expected
