"""The devices themselves: what they refuse, how they go dark, and that mock mode is mock."""

from unittest.mock import MagicMock

import pytest

from blueslice.devices import (
    AmplifierBackend,
    Camera,
    CameraBackend,
    LedPair,
    LedPairBackend,
    PatchAmplifier,
    RawPathProvider,
    Stimulator,
    StimulatorBackend,
    TrialClock,
    TrialClockBackend,
)
from blueslice.errors import BadInputError, InstrumentError
from blueslice.trial import Trial, paired_pulses

TRIAL = Trial(frame_count=20, pulses=paired_pulses(onset_s=0.01))


def make(kind, tmp_path, **more):
    """Make a device on a backend that only notes what it is asked."""
    device_class, protocol = {
        "led_pair": (LedPair, LedPairBackend),
        "stimulator": (Stimulator, StimulatorBackend),
        "clock": (TrialClock, TrialClockBackend),
        "camera": (Camera, CameraBackend),
        "amplifier": (PatchAmplifier, AmplifierBackend),
    }[kind]
    backend = MagicMock(spec=protocol, **more)
    paths = (RawPathProvider(tmp_path),) if kind in ("camera", "amplifier") else ()
    return device_class(backend, *paths, name=kind), backend


def calls(backend):
    return [call[0] for call in backend.mock_calls]


@pytest.mark.parametrize(
    ("kind", "value", "allowed"),
    [
        ("led_pair", "on", "only to 'dark': light is on during trials alone"),
        ("led_pair", 1, "only to 'dark'"),
        ("stimulator", "armed", "only to 'disarmed': pulses belong to trials"),
        ("clock", "running", "only to 'stopped': a trial is started with prepare"),
        ("clock", None, "only to 'stopped'"),
    ],
)
async def test_only_the_safe_state_can_be_set(tmp_path, kind, value, allowed):
    device, backend = make(kind, tmp_path)
    with pytest.raises(BadInputError) as error:
        await device.set(value)
    text = str(error.value)
    assert text.startswith(f"{kind} cannot be set to {value!r}, {allowed}")
    assert "\n" not in text
    assert calls(backend) == []


@pytest.mark.parametrize(
    ("kind", "safe", "call"),
    [
        ("led_pair", "dark", "off"),
        ("stimulator", "disarmed", "disarm"),
        ("clock", "stopped", "stop"),
    ],
)
async def test_set_stop_and_pause_all_make_safe(tmp_path, kind, safe, call):
    device, backend = make(kind, tmp_path)
    await device.set(safe)
    await device.stop()
    await device.stop(success=False)
    await device.pause()
    assert calls(backend) == [call] * 4
    await device.resume()
    assert len(backend.mock_calls) == 4


async def test_prepare_hands_over_the_part_of_the_trial_that_is_theirs(tmp_path):
    led_pair, leds = make("led_pair", tmp_path)
    stimulator, pulses = make("stimulator", tmp_path)
    clock, ticks = make("clock", tmp_path)
    for device in (led_pair, stimulator, clock):
        await device.prepare(TRIAL)
    leds.program.assert_called_once_with(20, (1, 2), 0.0018)
    pulses.program.assert_called_once_with(TRIAL.pulses)
    ticks.load.assert_called_once_with(500.0, 20)
    await stimulator.prepare(TRIAL.with_blank())
    pulses.program.assert_called_with(())


async def test_the_leds_read_as_their_light(tmp_path):
    device, backend = make("led_pair", tmp_path)
    backend.light_s.return_value = (0.09, 0.07)
    await device.connect()
    reading = await device.read()
    assert {name: value["value"] for name, value in reading.items()} == {
        "led_pair-led_1_light_s": 0.09,
        "led_pair-led_2_light_s": 0.07,
        "led_pair-light_measured": True,
    }
    described = await device.describe()
    assert [described[f"led_pair-led_{n}_light_s"]["units"] for n in (1, 2)] == ["s", "s"]
    await device.trigger()


async def test_a_clock_that_does_not_end_is_stopped_and_told(tmp_path):
    device, backend = make("clock", tmp_path)
    backend.wait.return_value = False
    await device.connect()
    await device.stage()
    await device.prepare(TRIAL)
    await device.kickoff()
    backend.reset_mock()
    with pytest.raises(InstrumentError, match=r"has not ended a trial of 0\.04 s after 30\.04 s"):
        await device.complete()
    assert calls(backend) == ["wait", "stop"]


@pytest.mark.parametrize("kind", ["led_pair", "stimulator", "clock", "camera", "amplifier"])
async def test_mock_mode_touches_no_instrument(tmp_path, kind):
    device, backend = make(kind, tmp_path)
    await device.connect(mock=True)
    assert calls(backend) == []
    await device.connect()
    assert calls(backend) == ["connect"]
