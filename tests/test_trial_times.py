"""Times that instruments cannot produce: refused with the two nearest, or moved to the nearest."""

import re

import pytest

from blueslice._trial_times import (
    check_baseline,
    nearest_trial,
    neighbouring_ticks,
    possible_frame_rates_Hz,
    samples_in_frame,
)
from blueslice.cli import main
from blueslice.errors import BadInputError
from blueslice.plans import (
    bap_train,
    blank,
    calibrate,
    drug_wash,
    find_threshold,
    paired,
    single_pulse,
    two_pulse,
)
from blueslice.protocols import rehearse
from blueslice.rig import load_rig, make_sim_rig
from blueslice.trial import Pulse, RigLimits, Trial

SAMPLE_RATE_HZ = 20_000.0
LIMITS = RigLimits(
    max_frame_rate_Hz=2000,
    readout_s=0.0002,
    stimulator_tick_s=50e-6,
    led_wavelengths_nm={1: 520, 2: 385},
)


def trial(rate_Hz=500.0, exposure_s=0.0018, **more):
    return Trial(**{"frame_rate_Hz": rate_Hz, "exposure_s": exposure_s, **more})


@pytest.mark.parametrize(
    ("value_s", "tick_s", "smallest", "ticks_s"),
    [
        (0.01, 0.0001, 0, (0.01,)),
        (0.1 * 0.3, 0.0001, 0, (0.1 * 0.3,)),
        (0.01004, 0.0001, 0, (0.01, 0.0101)),
        (0.0, 0.0001, 0, (0.0,)),
        (0.00004, 0.0001, 0, (0.0, 0.0001)),
        (0.00004, 0.0001, 1, (0.0001,)),
        (0.00001, 50e-6, 1, (50e-6,)),
        (0.00018, 0.00005, 1, (0.00015, 0.0002)),
        (1 / 3, 50e-6, 0, (0.3333, 0.33335)),
    ],
)
def test_the_ticks_beside_a_time(value_s, tick_s, smallest, ticks_s):
    assert neighbouring_ticks(value_s, tick_s, smallest) == ticks_s


@pytest.mark.parametrize(
    ("rate_Hz", "interval_s", "counts"),
    [
        (20_000.0, 0.002, (40,)),
        (20_000.0, 1 / 30, (666, 667)),
        (20_000.0, 1 / 29.9850075, (667,)),
        (20_000.0, 1 / 60, (333, 334)),
        (20_000.0, 1 / 700, (28, 29)),
        (10_000.0, 1 / 15_000, (1,)),
        (33_333.333333333336, 0.003, (100,)),
        (44_100.0, 0.01, (441,)),
        (44_100.0, 0.002, (88, 89)),
    ],
)
def test_the_samples_in_a_frame(rate_Hz, interval_s, counts):
    assert samples_in_frame(rate_Hz, interval_s) == counts


@pytest.mark.parametrize(
    ("rate_Hz", "exposure_s", "limits", "possible_Hz"),
    [
        (500.0, 0.0018, {}, (500.0,)),
        (30.0, 0.02, {}, (20_000 / 667, 20_000 / 666)),
        (60.0, 0.01, {}, (20_000 / 334, 20_000 / 333)),
        # The shorter of the two intervals has no room for exposure and readout.
        (499.0, 0.0018, {"readout_s": 0.000204}, (20_000 / 41,)),
        (1990.0, 0.0002, {"max_frame_rate_Hz": 1990.5}, (20_000 / 11,)),
        (30.0, 0.02, {"frame_rates_Hz": (10, 25, 50, 40)}, (25.0, 40.0)),
        # 30 and 60 Hz are offered by the camera, but they are no whole number of samples.
        (33.0, 0.02, {"frame_rates_Hz": (25, 30, 40)}, (25.0, 40.0)),
        (5.0, 0.02, {"frame_rates_Hz": (25, 40)}, (25.0,)),
        (30.0, 0.02, {"frame_rates_Hz": (30, 60)}, ()),
    ],
)
def test_the_frame_rates_beside_one(rate_Hz, exposure_s, limits, possible_Hz):
    given = RigLimits(**{**LIMITS.model_dump(), **limits})
    found = possible_frame_rates_Hz(trial(rate_Hz, exposure_s), given, SAMPLE_RATE_HZ)
    assert found == pytest.approx(possible_Hz)


@pytest.mark.parametrize("rate_Hz", [7.0, 30.0, 59.94, 60.0, 90.0, 120.0, 144.0, 333.0, 700.0])
def test_every_rate_has_a_nearest_that_is_possible_and_none_is_nearer(rate_Hz):
    asked = trial(rate_Hz, 0.001)
    done = nearest_trial(asked, LIMITS, SAMPLE_RATE_HZ)
    assert len(samples_in_frame(SAMPLE_RATE_HZ, done.frame_interval_s)) == 1
    assert abs(done.frame_interval_s - asked.frame_interval_s) <= 0.5 / SAMPLE_RATE_HZ + 1e-12
    assert done.replace(frame_rate_Hz=rate_Hz) == asked


@pytest.mark.parametrize(
    ("onset_s", "width_s", "done"),
    [
        (0.036, 200e-6, (0.036, 200e-6)),
        (0.03601, 200e-6, (0.036, 200e-6)),
        (0.03604, 0.00021, (0.03605, 200e-6)),
        (0.036, 0.00001, (0.036, 50e-6)),
    ],
)
def test_pulses_are_moved_to_the_nearest_ticks(onset_s, width_s, done):
    asked = trial(pulses=(Pulse(onset_s=onset_s, width_s=width_s),))
    (pulse,) = nearest_trial(asked, LIMITS, SAMPLE_RATE_HZ).pulses
    assert (pulse.onset_s, pulse.width_s) == pytest.approx(done, abs=1e-12)


def test_an_amplifier_whose_rate_is_not_known_sets_no_limit():
    assert nearest_trial(trial(30.0, 0.02), LIMITS, 0.0) == trial(30.0, 0.02)


OF_30_HZ = {"frame_rate_Hz": 30, "frame_count": 30, "exposure_s": 0.02}
RATE = r"frame_rate_Hz = 30: .* 666.666667 samples .* the nearest possible are 29.9850075 Hz \(667 "
TICK = r"onset_s = 0.03604, which is no multiple .* the nearest possible are 0.036 and 0.03605; --n"
EMPTY = "the first pulse is at 0 ms, before the middle of the first frame that LED 1 lights"
STEP = {"name": "control"}
# plan: arguments, what is refused of them
IMPOSSIBLE = {
    "two_pulse, rate": (two_pulse, {**OF_30_HZ, "onset_s": 0.5}, RATE),
    "two_pulse, onset": (two_pulse, {"onset_s": 0.03604}, TICK),
    "two_pulse, interval": (two_pulse, {"interval_s": 0.01004}, "onset_s = 0.04604"),
    "two_pulse, width": (two_pulse, {"width_s": 0.00021}, "width_s = 0.00021"),
    "two_pulse, baseline": (two_pulse, {"onset_s": 0.0}, EMPTY),
    "two_pulse, baseline of LED 2": (two_pulse, {"onset_s": 0.002}, "that LED 2 lights"),
    "single_pulse, rate": (single_pulse, {**OF_30_HZ, "onset_s": 0.5}, RATE),
    "single_pulse, baseline": (single_pulse, {"onset_s": 0.0}, EMPTY),
    "blank, rate": (blank, {**OF_30_HZ, "onset_s": 0.5}, RATE),
    "blank, baseline": (blank, {"onset_s": 0.0}, EMPTY),
    "paired, rate": (paired, {**OF_30_HZ, "onset_s": 0.5}, RATE),
    "paired, spike": (paired, {"delay_s": 0.00804}, "onset_s = 0.04404"),
    "paired, baseline": (paired, {"onset_s": 0.0}, EMPTY),
    "bap_train, rate": (bap_train, {**OF_30_HZ, "onset_s": 0.5}, RATE),
    "bap_train, baseline": (bap_train, {"onset_s": 0.0}, EMPTY),
    "bap_train, intervals": (bap_train, {"spike_rate_Hz": 30, "spikes": 3}, "0.0693333333"),
    "find_threshold, rate": (find_threshold, {**OF_30_HZ, "onset_s": 0.5}, RATE),
    "find_threshold, lit": (find_threshold, {"light": True, "onset_s": 0.0}, EMPTY),
    "calibrate, rate": (calibrate, {"sodium_mM": [0, 10], **OF_30_HZ}, RATE),
    "drug_wash, rate": (drug_wash, {"steps": [STEP], **OF_30_HZ, "onset_s": 0.5}, RATE),
    "drug_wash, onset": (drug_wash, {"steps": [STEP], "onset_s": 0.03604}, TICK),
    "drug_wash, baseline": (drug_wash, {"steps": [STEP], "onset_s": 0.0}, EMPTY),
}


@pytest.mark.parametrize(("plan", "arguments", "told"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_each_plan_refuses_it_before_any_light(directory, plan, arguments, told):
    rig = make_sim_rig(data_directory=directory)
    with pytest.raises(BadInputError, match=told) as caught:
        rehearse(plan(rig, **arguments), rig)
    assert "\n" not in str(caught.value)
    assert not directory.raw.exists()


@pytest.mark.parametrize(
    "name", [name for name in IMPOSSIBLE if IMPOSSIBLE[name][2] != EMPTY and "LED" not in name]
)
def test_with_nearest_times_each_plan_does_the_nearest(directory, name):
    plan, arguments, _ = IMPOSSIBLE[name]
    rig = make_sim_rig(data_directory=directory)
    rig.nearest_times = True
    asked = {"frame_rate_Hz": 500.0, **arguments}["frame_rate_Hz"]
    done = rehearse(plan(rig, **arguments), rig)
    assert done.trials
    for one in done.trials:
        assert rig.check([one.trial]) == [one.trial]
        assert one.trial.frame_rate_Hz == pytest.approx(asked, rel=1e-3)


def opened(plan):
    """The start document of a plan that nobody runs."""
    try:
        answer = None
        while (message := plan.send(answer)).command != "open_run":
            answer = None
        return dict(message.kwargs)
    finally:
        plan.close()


@pytest.mark.parametrize(
    ("plan", "arguments", "key", "done"),
    [
        (two_pulse, {"interval_s": 0.01004}, "interval_s", 0.01005),
        (two_pulse, {}, "interval_s", 0.010),
        (paired, {"delay_s": 0.00804}, "delay_s", 0.00805),
        (paired, {}, "delay_s", 0.008),
    ],
)
def test_the_run_says_what_is_done_and_not_what_was_asked(directory, plan, arguments, key, done):
    rig = make_sim_rig(data_directory=directory)
    rig.nearest_times = True
    start = opened(plan(rig, **arguments))
    assert start[key] == done
    assert start["nearest_times"] is True
    onsets = [pulse["onset_s"] for pulse in start["trial"]["pulses"]]
    assert all(round(onset_s / 50e-6) * 50e-6 == pytest.approx(onset_s) for onset_s in onsets)


@pytest.mark.parametrize(
    ("pulses", "order", "refused"),
    [
        ((), (1, 2), False),
        ((0.0,), (1, 2), True),
        ((0.0009,), (1,), True),
        ((0.001,), (1,), False),
        ((0.001,), (1, 2), True),
        ((0.00295,), (1, 2), False),
        ((0.003,), (1, 1, 1, 2), True),
        ((0.007,), (1, 1, 1, 2), False),
        ((0.0,), (0,), False),
        ((0.003,), (0, 1), False),
    ],
)
def test_a_baseline_has_a_frame_of_each_led(pulses, order, refused):
    asked = trial(excitation_order=order, pulses=tuple(Pulse(onset_s=s) for s in pulses))
    if refused:
        with pytest.raises(BadInputError, match="no frame is left for the baseline of dF/F"):
            check_baseline(asked)
    else:
        check_baseline(asked)


FILE = """
[[steps]]
plan = "two_pulse"
trials = 1
frame_rate_Hz = 30
frame_count = 30
exposure_s = 0.02
onset_s = {onset_s}
"""
RIG = 'name = "s"\npace = "fast"\nnearest_times = {nearest}\n'


@pytest.mark.parametrize(
    ("onset_s", "options", "rig", "told"),
    [
        (0.5, [], None, RATE),
        (0.5, ["--nearest"], None, ""),
        (0.5, [], "false", RATE),
        (0.5, [], "true", ""),
        (0.5, ["--nearest"], "false", ""),
        (0.0, ["--nearest"], None, EMPTY),
    ],
)
def test_a_dry_run_tells_what_the_run_would(tmp_path, capsys, onset_s, options, rig, told):
    (tmp_path / "file.toml").write_text(FILE.format(onset_s=onset_s))
    arguments = ["run", str(tmp_path / "file.toml"), "--data-dir", str(tmp_path / "data")]
    if rig:
        (tmp_path / "rig.toml").write_text(RIG.format(nearest=rig))
        arguments += ["--rig", str(tmp_path / "rig.toml")]
    for more in (["--dry-run"], [] if told else ["--dry-run", "--json"]):
        code = main([*arguments, *options, *more])
        err = capsys.readouterr().err
        assert code == (2 if told else 0)
        assert re.search(told, err)
        assert len(err.splitlines()) == bool(told)
    assert not (tmp_path / "data").exists()


def test_a_rig_file_says_whether_the_nearest_is_taken(tmp_path, directory):
    (tmp_path / "rig.toml").write_text(RIG.format(nearest="true"))
    assert load_rig(tmp_path / "rig.toml", data_directory=directory).nearest_times is True
