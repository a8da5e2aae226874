import pytest

from blueslice.errors import BadInputError
from blueslice.indicators import pair
from blueslice.trial import Pulse, RigLimits, Trial, check_trial, paired_pulses

LIMITS = RigLimits(
    frame_rates_Hz=(125, 250, 500),
    max_frame_rate_Hz=500,
    readout_s=0.0002,
    stimulator_tick_s=0.0001,
    max_pulses=4,
    max_amplitude_uA=100,
    max_amplitude_pA=2000,
    led_wavelengths_nm={1: 525, 2: 385},
)
DYES = pair("bis-fura-2+ANG-2")
SOMA = {"target": "soma", "amplitude_pA": -2000}

ALLOWED = {
    "the paper's trial": Trial(pulses=paired_pulses()),
    "the most of all": Trial(pulses=paired_pulses(amplitude_uA=100, count=4)),
    "soma": Trial(pulses=(Pulse(onset_s=0.01, **SOMA),)),
    "rounded ticks": Trial(pulses=(Pulse(onset_s=0.1 * 0.3, width_s=3 * 0.0001),)),
    "no light": Trial(excitation_order=(0,)),
}


@pytest.mark.parametrize("trial", ALLOWED.values(), ids=ALLOWED)
def test_possible_trials_pass(trial):
    check_trial(trial, LIMITS, DYES)
    check_trial(trial, LIMITS)


def test_what_was_recorded_may_be_long_and_have_unknown_currents():
    recorded = RigLimits(recorded=True, led_wavelengths_nm={1: 525, 2: 385})
    check_trial(UNKNOWN, recorded)
    check_trial(Trial(frame_rate_Hz=1, frame_count=5000, exposure_s=0.5), recorded)


def change(**values):
    return RigLimits(**{**LIMITS.model_dump(), **values})


ANY = RigLimits(led_wavelengths_nm={1: 525, 2: 385})
UNKNOWN = Trial(pulses=(Pulse(onset_s=0.01, amplitude_uA=None),))

REFUSED = {
    "unknown current": (UNKNOWN, LIMITS, "pulse at 10 ms has no known current"),
    "unknown current, no limits": (UNKNOWN, ANY, "write amplitude_uA"),
    "too long": (
        Trial(frame_rate_Hz=1, frame_count=3601, exposure_s=0.5),
        ANY,
        "lasts 3601 s; at most 3600 s is allowed",
    ),
    "too slow": (
        Trial(frame_rate_Hz=0.005, frame_count=1),
        ANY,
        "frame_rate_Hz = 0.005: give at least 0.01 Hz",
    ),
    "rate not offered": (Trial(frame_rate_Hz=400), LIMITS, "choose one of 125, 250, 500 Hz"),
    "rate too high": (
        Trial(frame_rate_Hz=500.1, exposure_s=0.001),
        change(frame_rates_Hz=None),
        "give at most 500 Hz",
    ),
    "no time to read out": (Trial(exposure_s=0.00181), LIMITS, "leaves 0.0018 s at 500 Hz"),
    "LED not fitted": (
        Trial(),
        change(led_wavelengths_nm={1: 520}),
        "uses LED 2, which the rig lacks; its LEDs are 1",
    ),
    "no LED fitted": (Trial(), RigLimits(), "its LEDs are none"),
    "LED of another colour": (
        Trial(),
        change(led_wavelengths_nm={1: 520, 2: 460}),
        "LED 2 of 460 nm cannot excite bis-fura-2, which needs 385 nm",
    ),
    "LEDs swapped": (
        Trial(excitation_order=(1,)),
        change(led_wavelengths_nm={1: 385, 2: 520}),
        "LED 1 of 385 nm cannot excite ANG-2",
    ),
    "10.1 nm off": (
        Trial(),
        change(led_wavelengths_nm={1: 530.1, 2: 385}),
        "cannot excite ANG-2",
    ),
    "too many pulses": (Trial(pulses=paired_pulses(count=5)), LIMITS, "gives at most 4"),
    "too much current": (
        Trial(pulses=paired_pulses(amplitude_uA=100.1)),
        LIMITS,
        "the pulse at 36 ms has amplitude_uA = 100.1; the stimulator gives at most 100 uA",
    ),
    "too much into the cell": (
        Trial(pulses=(Pulse(onset_s=0.01, **SOMA),)),
        change(max_amplitude_pA=1999),
        "amplitude_pA = -2000; the stimulator gives at most 1999 pA",
    ),
    "onset off the tick": (
        Trial(pulses=(Pulse(onset_s=0.01004),)),
        LIMITS,
        "onset_s = 0.01004, which is no multiple of the stimulator's tick of 0.0001 s; the "
        "nearest possible are 0.01 and 0.0101; --nearest",
    ),
    "width off the tick": (
        Trial(pulses=(Pulse(onset_s=0.01, width_s=0.00026),)),
        LIMITS,
        "the nearest possible are 0.0002 and 0.0003; --nearest",
    ),
    "width below the tick": (
        Trial(pulses=(Pulse(onset_s=0.01, width_s=0.00001),)),
        LIMITS,
        "width_s = 1e-05, which is no multiple of the stimulator's tick of 0.0001 s; the nearest "
        "possible is 0.0001; --nearest",
    ),
}


@pytest.mark.parametrize(("trial", "limits", "text"), REFUSED.values(), ids=REFUSED)
def test_impossible_trials_are_refused_with_what_is_allowed(trial, limits, text):
    with pytest.raises(BadInputError) as caught:
        check_trial(trial, limits, DYES)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_blank_is_checked_as_the_trial_it_stands_for():
    with pytest.raises(BadInputError, match="tick"):
        check_trial(Trial(pulses=(Pulse(onset_s=0.01004),)).with_blank(), LIMITS, DYES)


def test_without_indicators_any_wavelength_passes():
    check_trial(Trial(), change(led_wavelengths_nm={1: 700, 2: 800}))


def test_no_limits_but_leds_allow_all():
    check_trial(
        Trial(frame_rate_Hz=10_000, exposure_s=0.0001, pulses=(Pulse(onset_s=0.00123456),)),
        RigLimits(led_wavelengths_nm={1: 520, 2: 385}),
        DYES,
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"frame_rates_Hz": ()}, "frame_rates_Hz"),
        ({"stimulator_tick_s": 0}, "stimulator_tick_s = 0"),
        ({"readout_s": -1}, "readout_s = -1"),
        ({"led_wavelengths_nm": {0: 500}}, "greater than 0"),
        ({"max_rate": 5}, "max_rate: there is no such key"),
    ],
)
def test_limits_are_checked(values, text):
    with pytest.raises(BadInputError, match=text):
        RigLimits(**values)
