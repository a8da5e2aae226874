import pytest

from blueslice.errors import BadInputError
from blueslice.trial import Pulse, Trial, paired_pulses

SHORT = Trial(
    frame_rate_Hz=500,
    frame_count=5,
    exposure_s=0.001,
    excitation_order=(1, 0, 2),
    pulses=(
        Pulse(onset_s=0.004),
        Pulse(onset_s=0.006, width_s=0.001, target="soma", amplitude_pA=500),
    ),
)


def test_short_trial_is_drawn_whole():
    # Five frames of eight columns of 0.25 ms: each exposed for four columns.
    assert SHORT.timing_diagram(width=49, ascii_only=True).splitlines()[-6:] == [
        "camera   ####____####____####____####____####____",
        "LED 1    ####____________________####____________",
        "LED 2    ________________####____________________",
        "stimulus ________________|_______!!!!____________",
        "         +                   +",
        "time/ms  0                   5",
    ]


def test_blank_shows_what_is_not_delivered():
    lines = SHORT.with_blank().timing_diagram(width=49).splitlines()
    assert lines[-3] == "blank    ________________△_______△△△△____________"


def test_part_of_a_column_is_drawn_as_part_of_a_block():
    trial = Trial(frame_count=5, exposure_s=0.0015)
    camera = trial.timing_diagram(width=40).splitlines()[-6]
    assert camera == "camera   " + "████▌_" * 5


def test_long_trial_is_shown_whole_and_enlarged_about_the_pulse():
    trial = Trial(pulses=paired_pulses())
    lines = trial.timing_diagram(width=100).splitlines()
    assert "frames 16 to 37, enlarged:" in lines
    stimulus = [line for line in lines if line.startswith("stimulus")]
    assert len(stimulus) == 2
    assert all(line.count("▲") == 2 for line in stimulus)
    # 36 ms is two frames of four columns after the start, 46 ms five frames later.
    assert [k - 9 for k, mark in enumerate(stimulus[1]) if mark == "▲"] == [8, 28]


@pytest.mark.parametrize("onset_s", [None, 0.0, 0.19])
@pytest.mark.parametrize("frame_count", [1, 22, 23, 100, 5000])
@pytest.mark.parametrize("width", [40, 100, 1000])
def test_every_line_fits(onset_s, frame_count, width):
    trial = Trial(
        frame_count=frame_count,
        frame_rate_Hz=min(500.0, frame_count * 5),
        exposure_s=0.0018,
        pulses=() if onset_s is None else (Pulse(onset_s=onset_s),),
    )
    for ascii_only in (False, True):
        text = trial.timing_diagram(width, ascii_only=ascii_only)
        assert max(len(line) for line in text.splitlines()) <= width
        if ascii_only:
            assert text.isascii()


@pytest.mark.parametrize("width", [39, 1001, True, "100", 50.0])
def test_width_is_checked(width):
    with pytest.raises(BadInputError, match="give 40 to 1000 characters"):
        Trial().timing_diagram(width)
