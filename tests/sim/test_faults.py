"""Faults on demand: what may be asked for, what each does, and that chance is seeded."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from blueslice.devices import Sensor
from blueslice.errors import BadInputError, InstrumentError
from blueslice.indicators import pair
from blueslice.rig import load_rig, make_replay_rig, make_sim_rig
from blueslice.sim import (
    FastPace,
    Faults,
    FaultySource,
    PlayedTrial,
    SimulatedSlice,
    VirtualBench,
    VirtualCamera,
    VirtualLedPair,
    VirtualTrialClock,
    Wiring,
    instruments,
)
from blueslice.sim.bath import CONTROL_BATH
from blueslice.sim.faults import CALLS
from blueslice.trial import Trial

FRAMES, SAMPLES = 20, 40
FIRST = {"trials": (1,)}
WIRING = Wiring(500.0, FRAMES, 0.0018, SAMPLES, (1, 2), 0.0018, ())
LIT = [1, 2] * (FRAMES // 2)


def broken(**faults: Any) -> Faults:
    return Faults(**faults)


class Source:
    """Plays frame k as k, and notes what the instruments did."""

    sensor = Sensor(4, 6, "source")
    sample_rate_Hz = 20_000.0
    channels = {"voltage": "mV"}  # noqa: RUF012

    def __init__(self):
        self.wirings = []

    def check(self, trial, place=0):
        pass

    def dark_frame(self, index):
        return np.full((4, 6), index, np.float32)

    def play(self, wiring, index):
        self.wirings.append(wiring)
        counter = np.arange(wiring.frame_count)
        frames = counter.astype(np.uint16)[:, None, None] * np.ones((4, 6), np.uint16)
        line = np.full((wiring.frame_count, SAMPLES), -65, np.float32)
        return PlayedTrial(frames, counter, {"voltage": line})


def play(**faults: Any) -> Any:
    return FaultySource(Source(), broken(**faults)).play(WIRING, 0)


def led_1_stuck(**span):
    return play(led_stuck_on=[{**FIRST, "led": 1, **span}]).wiring.led_on_s


def test_without_a_fault_everything_is_what_it_was():
    source = FaultySource(Source(), Faults())
    played: Any
    played, plain = source.play(WIRING, 0), Source().play(WIRING, 0)
    np.testing.assert_array_equal(played.frames, plain.frames)
    np.testing.assert_array_equal(played.counter, plain.counter)
    np.testing.assert_array_equal(played.wiring.led_on_s > 0, [np.array(LIT) == n for n in (1, 2)])
    assert source.wrap("camera", source) is source


@pytest.mark.parametrize(
    ("kind", "frames", "numbers"),
    [
        ("dropped_frame", (7,), [*range(7), *range(8, FRAMES)]),
        ("dropped_frame", (0, 19), [*range(1, 19)]),
        ("duplicated_frame", (7,), [*range(8), 7, *range(9, FRAMES)]),
        ("duplicated_frame", (7, 8), [*range(8), 7, 7, *range(10, FRAMES)]),
    ],
)
def test_the_counter_tells_which_frames_there_are(kind, frames, numbers):
    played = play(**{kind: [{**FIRST, "frames": frames}]})
    assert played.counter.tolist() == numbers
    assert played.frames[:, 0, 0].tolist() == numbers


@pytest.mark.parametrize(
    ("kind", "span", "led_1", "led_2"),
    [
        ({"led_stuck_off": {"led": 1}}, {}, [0] * 20, [0, 1] * 10),
        ({"led_stuck_off": {"led": 2}}, {"last_frame": 9}, [1, 0] * 10, [0] * 10 + [0, 1] * 5),
        ({"leds_swapped": {}}, {"first_frame": 10}, [1, 0] * 5 + [0, 1] * 5,
         [0, 1] * 5 + [1, 0] * 5),
    ],
)  # fmt: skip
def test_which_led_is_on(kind, span, led_1, led_2):
    ((name, more),) = kind.items()
    led_on_s = play(**{name: [{**FIRST, **more, **span}]}).wiring.led_on_s
    np.testing.assert_allclose(led_on_s, 0.0018 * np.array([led_1, led_2]))


def test_an_led_that_is_stuck_is_on_between_exposures_too():
    led_on_s = led_1_stuck(first_frame=4, last_frame=7)
    np.testing.assert_allclose(led_on_s[0, 4:8], 0.002)
    np.testing.assert_allclose(led_on_s[0, 8:], [0.0018, 0] * 6)
    np.testing.assert_allclose(led_on_s[1], [0, 0.0018] * 10)


def test_the_light_that_was_given_counts_that_of_an_led_that_was_stuck():
    source = FaultySource(Source(), broken(led_stuck_on=({**FIRST, "led": 1},)))
    bench = VirtualBench(source, FastPace())
    leds, clock = VirtualLedPair(bench), VirtualTrialClock(bench)
    clock.load(500.0, FRAMES)
    leds.program(FRAMES, (1, 2), 0.0018)
    clock.start()
    assert leds.light_s() == pytest.approx((FRAMES * 0.002, FRAMES / 2 * 0.0018))


def test_saturated_pixels_and_a_lost_seal_last_from_frame_to_frame():
    box = {"y": 1, "x": 2, "height": 2, "width": 3}
    span = {**FIRST, "first_frame": 5, "last_frame": 6}
    played = play(
        saturated_pixels=[{**span, **box}],
        lost_seal=[{**span, "offset_mV": 30.0, "noise_mV": 2.0}],
    )
    full = played.frames == 16383
    assert full[5:7, 1:3, 2:5].all()
    assert full.sum() == 2 * 6
    voltage_mV = played.channels["voltage"]
    assert voltage_mV[5:7].mean() == pytest.approx(-35, abs=1)
    assert voltage_mV[5:7].std() == pytest.approx(2, rel=0.3)
    assert (np.delete(voltage_mV, [5, 6], axis=0) == -65).all()


def test_what_is_played_again_is_not_written_to():
    class Same(Source):
        played = Source().play(WIRING, 0)

        def play(self, wiring, index):
            return self.played

    before = Same.played.frames.copy(), Same.played.channels["voltage"].copy()
    faults = broken(
        saturated_pixels=({**FIRST, "y": 0, "x": 0, "height": 1, "width": 1},),
        lost_seal=(FIRST,),
        duplicated_frame=(FIRST,),
    )
    FaultySource(Same(), faults).play(WIRING, 0)
    np.testing.assert_array_equal(Same.played.frames, before[0])
    np.testing.assert_array_equal(Same.played.channels["voltage"], before[1])


def slice_lines(**faults):
    source = SimulatedSlice(4, pair("bis-fura-2+ANG-2"), 24, 24)
    played = FaultySource(source, broken(**faults)).play(WIRING, 0)
    return played, {name: line.ravel() > 2.5 for name, line in played.channels.items()}


@pytest.mark.parametrize("late_ms", [0.5, 2.0])
def test_a_late_clock_shows_in_the_recorded_lines(late_ms):
    plain, before = slice_lines()
    played, after = slice_lines(late_trigger=[{**FIRST, "late_s": late_ms * 1e-3}])
    shift = round(late_ms * 20)
    for name in ("led_1", "led_2"):
        np.testing.assert_array_equal(after[name][shift:], before[name][:-shift])
        assert not after[name][:shift].any()
    np.testing.assert_array_equal(played.frames, plain.frames)


@pytest.mark.parametrize(("drift_ppm", "moved"), [(10_000, -1), (-10_000, 1)])
def test_a_fast_clock_is_ever_earlier_on_the_amplifier(drift_ppm, moved):
    _, before = slice_lines()
    _, after = slice_lines(drifting_clock=[{**FIRST, "drift_ppm": drift_ppm}])
    rises = [np.flatnonzero(np.diff(line["led_2"].astype(int)) == 1) for line in (before, after)]
    gained = (rises[1] - rises[0]) * moved
    assert np.all(np.diff(gained) >= 0)
    assert gained[-1] == pytest.approx(0.01 * rises[0][-1], abs=1)


def test_both_leds_give_the_light_of_both():
    plain, _ = slice_lines()
    played, lines = slice_lines(led_stuck_on=[{**FIRST, "led": 1, "first_frame": 10}])
    light = [p.frames.mean(axis=(1, 2)) - 900 for p in (plain, played)]
    assert lines["led_1"].reshape(FRAMES, SAMPLES)[10:].all()
    one, other = light[0][10::2].mean(), light[0][11::2].mean()
    assert light[1][11::2].mean() == pytest.approx(one + other, rel=0.05)
    assert light[1][10::2].mean() == pytest.approx(one, rel=0.05)


def test_an_led_that_stays_off_gives_no_light():
    played, lines = slice_lines(led_stuck_off=[{**FIRST, "led": 2, "first_frame": 10}])
    assert not lines["led_2"].reshape(FRAMES, SAMPLES)[10:].any()
    dark = played.frames[11::2].mean() - 900
    assert abs(dark) < 0.02 * (played.frames[1:10:2].mean() - 900)


def test_a_blocked_perfusion_leaves_the_bath_as_it_was():
    source: Any = FaultySource(Source(), broken(blocked_perfusion=({"trials": (2,)},)))
    baths = [CONTROL_BATH.replace(drugs_uM={"CNQX": amount}) for amount in (1.0, 5.0, 9.0)]
    for index, bath in enumerate(baths):
        source.play(replace(WIRING, bath=bath), index)
    assert [wiring.bath for wiring in source.source.wirings] == [baths[0]] * 3
    source.play(replace(WIRING, bath=baths[2]), 0)  # of the next run
    assert source.source.wirings[-1].bath == baths[0]


def test_chance_is_seeded_and_about_as_frequent_as_asked():
    def numbers(seed):
        faults = broken(seed=seed, dropped_frame=({"probability": 0.25},))
        source = FaultySource(Source(), faults)
        lost = [set(range(FRAMES)) - {*source.play(WIRING, k).counter} for k in range(200)]
        assert {len(frames) for frames in lost} == {0, 1}
        return [next(iter(frames), None) for frames in lost]

    assert numbers(1) == numbers(1) != numbers(2)
    struck = [frame for frame in numbers(1) if frame is not None]
    assert 30 < len(struck) < 70
    assert len(set(struck)) > 10


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_frame_that_comes_twice_comes_to_an_end_in_any_block(monkeypatch, at_once):
    monkeypatch.setattr(instruments, "BLOCK_BYTES", at_once * 48)
    source = FaultySource(Source(), broken(duplicated_frame=({**FIRST, "frames": (7, 8)},)))
    bench = VirtualBench(source, FastPace())
    camera, clock = VirtualCamera(bench), VirtualTrialClock(bench)
    camera.arm(FRAMES, 0.0018)
    clock.load(500.0, FRAMES)
    clock.start()
    blocks = [camera.read_frames(0.001) for _ in range(FRAMES + 1)]
    numbers = [number for block in blocks if block is not None for number in block.counter]
    assert numbers == [*range(8), 7, 7, *range(10, FRAMES)]


SILENT = [(device, phase) for device, calls in CALLS.items() for phase in calls]


class Instrument:
    """Answers whatever it is asked."""

    def __getattr__(self, name):
        return lambda *arguments: name


def asked_of(backend, method, arguments):
    """Return what an instrument says that does not answer."""
    try:
        answer = getattr(backend, method)(*arguments)
    except InstrumentError as error:
        return str(error)
    assert answer == method
    return ""


@pytest.mark.parametrize(("device", "phase"), SILENT)
def test_an_instrument_is_silent_in_one_phase_from_one_trial_to_the_runs_end(device, phase):
    when = {} if phase == "connect" else {"trials": (2,)}
    faults = broken(silent_instrument=({"device": device, "phase": phase, **when},))
    source = FaultySource(Source(), faults)
    backend = source.wrap(device, Instrument())
    silent = set()

    def ask(number, asked):
        arguments = {"camera": (FRAMES, 0.001), "amplifier": (FRAMES, SAMPLES)}.get(device, ())
        place = (number - 1,) if device in ("camera", "amplifier") else ()
        method = CALLS[device].get(asked)
        if method is None:
            return
        given = (*arguments, *place) if asked == "arm" else ()
        if silence := asked_of(backend, method, given):
            assert f"the instrument {device} has stopped answering" in silence
            assert "check its power and its cable" in silence
            silent.add((number, asked))

    for run in (1, 2):
        source.check(Trial(), 0)
        for asked in ("stop", "read"):  # as a plan does before its first trial
            ask(0, asked)
        for number in (1, 2, 3):
            ask(number, "connect")
            ask(number, "arm")
            if device == "rest":  # a rest comes after its trial
                source.play(WIRING, number - 1)
            ask(number, "start")
            source.play(WIRING, number - 1)
            ask(number, "read")
            ask(number, "stop")
        expected = (1, 2, 3) if phase == "connect" else (2, 3)
        assert silent == {(number, phase) for number in expected}, run
        silent.clear()
    assert backend.light_now() == "light_now"


def test_a_driver_waits_for_an_answer_before_it_gives_up(monkeypatch):
    waited = []
    monkeypatch.setattr("threading.Event.wait", lambda self, timeout: waited.append(timeout))
    fault = {"device": "stimulator", "phase": "connect", "blocks_s": 2.5}
    backend = FaultySource(Source(), broken(silent_instrument=(fault,))).wrap(
        "stimulator", Instrument()
    )
    with pytest.raises(InstrumentError):
        backend.connect()
    assert waited == [2.5]


@pytest.mark.parametrize(
    ("faults", "parts"),
    [
        ({"dropped_frames": ()}, ["dropped_frames: there is no such key"]),
        ({"dropped_frame": [{}]}, ["trials = []", "give the trials that it strikes"]),
        ({"dropped_frame": [{**FIRST, "probability": 0.5}]}, ["not both"]),
        ({"dropped_frame": [{"probability": 2}]}, ["probability = 2", "less than or equal to 1"]),
        ({"dropped_frame": [{"trials": (0,)}]}, ["trials = [0]", "the first trial is number 1"]),
        ({"dropped_frame": [{**FIRST, "frames": (-1,)}]}, ["frames = [-1]", "number 0"]),
        ({"dropped_frame": [{**FIRST, "frame": 3}]}, ["frame: there is no such key"]),
        ({"led_stuck_on": [FIRST]}, ["led: Field required"]),
        ({"led_stuck_on": [{**FIRST, "led": 3}]}, ["led = 3", "1 or 2"]),
        ({"lost_seal": [{**FIRST, "first_frame": 5, "last_frame": 4}]}, ["is before"]),
        ({"late_trigger": [{**FIRST, "late_s": 0}]}, ["late_s = 0", "greater than 0"]),
        ({"silent_instrument": [{**FIRST, "device": "stimulator", "phase": "read"}]},
         ["phase = 'read'", "stimulator has only connect, arm, stop"]),
        ({"silent_instrument": [{**FIRST, "device": "camera", "phase": "connect"}]},
         ["before any trial"]),
        ({"silent_instrument": [{**FIRST, "device": "laser", "phase": "arm"}]}, ["'laser'"]),
        ({"seed": -1}, ["seed = -1"]),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused_in_one_line(faults, parts):
    with pytest.raises(BadInputError) as refused:
        broken(**faults)
    for part in parts:
        assert part in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "faults",
    [
        {"dropped_frame": [{"trials": [2], "frames": [100]}]},
        {"duplicated_frame": [{"trials": [2], "frames": [99]}]},
        {"led_stuck_off": [{"trials": [2], "led": 1, "first_frame": 100}]},
        {"lost_seal": [{"probability": 0.1, "last_frame": 200}]},
    ],
)
def test_a_frame_that_the_trial_lacks_is_refused(directory, faults):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24, faults=broken(**faults))
    with pytest.raises(BadInputError, match="has frames 0 to 99; name one of these"):
        rig.check([Trial(), Trial()])


def test_a_rig_file_names_faults(tmp_path, directory):
    path = tmp_path / "rig.toml"
    path.write_text("""
        name = "upstairs"
        pace = "fast"
        [faults]
        seed = 3
        [[faults.dropped_frame]]
        trials = [2]
        frames = [40]
        [[faults.silent_instrument]]
        device = "camera"
        phase = "read"
        probability = 0.25
    """)
    rig: Any = load_rig(path, data_directory=directory)
    source = rig.bench.source
    assert source.faults.seed == 3
    assert [kind for kind, _ in source.faults.listed()] == ["dropped_frame", "silent_instrument"]
    assert Faults.from_document(source.faults.to_document()) == source.faults
    path.write_text('name = "a"\n[[faults.dropped_frame]]\ntrials = [2]\nframe = 40')
    with pytest.raises(BadInputError, match=r"dropped_frame\.0.*frame: there is no such key"):
        load_rig(path, data_directory=directory)


@pytest.mark.parametrize(
    "faults",
    [
        {"leds_swapped": [FIRST]},
        {"led_stuck_on": [{**FIRST, "led": 1}]},
        {"late_trigger": [{**FIRST, "late_s": 0.001}]},
        {"drifting_clock": [{**FIRST, "drift_ppm": 100}]},
        {"blocked_perfusion": [FIRST]},
        {"silent_instrument": [{**FIRST, "device": "perfusion", "phase": "arm"}]},
    ],
)
def test_what_was_recorded_cannot_have_been_lit_otherwise(directory, faults):
    with pytest.raises(BadInputError, match=f"faults.{next(iter(faults))} needs a simulated slice"):
        make_replay_rig(["none.da"], data_directory=directory, faults=broken(**faults))
