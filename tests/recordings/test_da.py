from datetime import datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from blueslice.errors import BadInputError
from blueslice.recordings import ChannelMap, Recording, read_da, read_recording


@pytest.fixture
def write(tmp_path):
    def write(data, name="trial.da"):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def patch(data, place, value):
    """Replace one int16 of a file."""
    return data[: 2 * place] + np.int16(value).tobytes() + data[2 * place + 2 :]


def test_every_pixel_is_where_it_belongs(write, small_da):
    recording = read_da(write(small_da))
    k, y, x = np.ogrid[:6, :3, :4]
    np.testing.assert_array_equal(recording.frames, 1000 + 100 * k + 10 * y + x)
    assert recording.frames.dtype == np.uint16
    assert recording.frames.flags.c_contiguous
    np.testing.assert_array_equal(recording.dark, np.full((3, 4), 900))
    np.testing.assert_array_equal(recording.counter, np.arange(6))


def test_lines_are_in_their_units(write, small_da):
    recording = read_da(write(small_da))
    assert set(recording.channels) == {"voltage", "stimulus", "led_1", "led_2"}
    assert {line.dtype for line in recording.channels.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(recording.channels["voltage"], -22938 / 32768 * 100, rtol=1e-6)
    np.testing.assert_allclose(recording.channels["led_1"][0, :7], 24000 / 32768, rtol=1e-6)


def test_header_gives_rate_exposure_and_time(write, small_da):
    recording = read_da(write(small_da))
    assert (recording.frame_rate_Hz, recording.sample_rate_Hz) == (500, 4000)
    assert recording.exposure_s == 0.0018
    assert recording.taken_at == datetime(2012, 2, 28, 23, 59, 8)


def test_trial_is_what_the_lines_show(write, small_da):
    trial = read_da(write(small_da)).trial
    assert trial.excitation_order == (1, 2)
    assert [(p.onset_s, p.width_s) for p in trial.pulses] == [(0.005, 0.0005)]


def test_unreadable_time_is_none(write, small_da):
    assert read_da(write(patch(small_da, 13, 0x2020))).taken_at is None


def test_trailing_values_may_be_absent(write, small_da):
    np.testing.assert_array_equal(
        read_da(write(small_da[:-16])).frames, read_da(write(small_da)).frames
    )


def test_current_and_exposure_follow_the_channel_map(write, small_da):
    channels = ChannelMap(
        voltage_channel=None,
        current_channel=2,
        current_pA_per_V=400,
        led_2_channel=None,
        stimulus_channel=None,
        exposure_s=0.001,
    )
    recording = read_da(write(small_da), channels)
    assert set(recording.channels) == {"current", "led_1"}
    np.testing.assert_allclose(recording.channels["current"], -22938 / 32768 * 400, rtol=1e-6)
    assert recording.exposure_s == 0.001
    assert recording.trial.pulses == ()


def test_other_frame_rates_keep_the_share_of_exposure(write, small_da):
    recording = read_da(write(patch(small_da, 388, 1000)))
    assert (recording.frame_rate_Hz, recording.exposure_s) == (1000, 0.0009)


# Interval in us and dividing factor in the header, and the frame rate that they mean.
RATES = {
    "below 10 ms": (2000, 1, 500.0),
    "below 10 ms the factor is not used": (9999, 2, 1e6 / 9999),
    "nor when it is absent": (2000, 0, 500.0),
    "10 ms": (10_000, 2, 50.0),
    "20 ms": (20_000, 2, 25.0),
    "20 ms, undivided": (20_000, 1, 50.0),
    "the slowest": (32_767, 40, 1e6 / 32_767 / 40),
}


@pytest.mark.parametrize(("interval_us", "factor", "rate_Hz"), RATES.values(), ids=RATES)
def test_the_dividing_factor_counts_from_10_ms_on(write, small_da, interval_us, factor, rate_Hz):
    recording = read_da(write(patch(patch(small_da, 388, interval_us), 390, factor)))
    assert recording.frame_rate_Hz == pytest.approx(rate_Hz, rel=1e-9)
    assert recording.sample_rate_Hz == pytest.approx(8 * rate_Hz, rel=1e-9)
    assert recording.exposure_s == pytest.approx(0.9 / rate_Hz, rel=1e-6)


@pytest.mark.parametrize("name", ["trial.da", "TRIAL.DA"])
def test_kind_is_known_by_its_name(write, small_da, name):
    assert isinstance(read_recording(write(small_da, name)), Recording)


# A change of a good file, and what the error has to say.
DAMAGED = {
    "empty": (lambda d: b"", "is 0 bytes, its header alone has 5,120"),
    "header only": (lambda d: d[:5120], "is 5,120 bytes, its header promises 6,072"),
    "cut": (lambda d: d[:-17], "is 6,055 bytes, its header promises 6,072"),
    "too long": (lambda d: d + b"x", "is 6,073 bytes, its header promises 6,072"),
    "text": (lambda d: b"a text file\n" * 1000, "its header promises"),
    "no frames": (lambda d: patch(d, 4, 0), "frame count = 0"),
    "negative frames": (lambda d: patch(d, 4, -1), "frame count = -1"),
    "most frames": (lambda d: patch(d, 4, 32767), "its header promises"),
    "negative columns": (lambda d: patch(d, 384, -80), "columns = -80"),
    "no rows": (lambda d: patch(d, 385, 0), "rows = 0"),
    "no interval": (lambda d: patch(d, 388, 0), "frame interval in us = 0"),
    "interval of 9 us": (lambda d: patch(d, 388, 9), "a frame interval of 9 us"),
    "no factor": (
        lambda d: patch(patch(d, 388, 20_000), 390, 0),
        "dividing factor of the frame rate = 0",
    ),
    "no samples": (lambda d: patch(d, 391, 0), "electrical samples per frame = 0"),
    "negative count": (lambda d: patch(d, 2560, -1), "its frames hold a count of -1"),
    "negative dark": (
        lambda d: patch(d, (len(d) - 18) // 2, -7),
        "its dark frame hold a count of -7",
    ),
}


@pytest.mark.parametrize(("damage", "text"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_file_says_what_is_wrong(write, small_da, damage, text):
    path = write(damage(small_da))
    with pytest.raises(BadInputError) as caught:
        read_da(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert text in message
    assert "\n" not in message


def test_header_that_claims_the_most_allocates_nothing(write, small_da):
    data = small_da
    for place in (4, 384, 385, 391):
        data = patch(data, place, 32767)
    with pytest.raises(BadInputError, match="promises 70,3"):
        read_da(write(data))


WRONG_PLACES = {
    "absent": ("nowhere.da", "cannot be opened"),
    "folder": ("folder.da", "is not a file"),
    "other name": ("trial.txt", "give a .da file"),
    "no name": ("", "does not end in .da"),
    "zero byte": ("a\0.da", "cannot be opened"),
    "number": (5, "5 is no path"),
}


@pytest.mark.parametrize(("name", "text"), WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_wrong_place_says_what_is_wrong(tmp_path, name, text):
    (tmp_path / "folder.da").mkdir()
    (tmp_path / "trial.txt").write_text("notes")
    with pytest.raises(BadInputError, match=text):
        read_da(tmp_path / name if isinstance(name, str) else name)


def test_file_beyond_the_bound_is_refused(write, small_da, monkeypatch):
    monkeypatch.setattr("blueslice.recordings._files._MAX_BYTES", 6000)
    with pytest.raises(BadInputError, match="is 6,072 bytes, more than the 6,000"):
        read_da(write(small_da))


@pytest.mark.parametrize(
    ("channels", "text"),
    [
        (ChannelMap(voltage_channel=8), "voltage_channel = 8, but it has channels 0 to 7"),
        (ChannelMap(exposure_s=0.0021), "exposure_s = 0.0021 is longer than the frame interval"),
    ],
)
def test_channel_map_that_does_not_fit_is_refused(write, small_da, channels, text):
    with pytest.raises(BadInputError, match=text):
        read_da(write(small_da), channels)


@pytest.fixture(scope="module")
def fuzz_path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzz.da"


@settings(max_examples=200, deadline=None)
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from([4, 13, 16, 23, 384, 385, 388, 391]) | st.integers(0, 3035),
            st.integers(-(2**15), 2**15 - 1) | st.integers(0, 16),
        ),
        max_size=6,
    ),
    keep=st.none() | st.integers(0, 6072),
    tail=st.binary(max_size=40),
)
@example(changes=[], keep=None, tail=b"")
@example(changes=[(4, 12), (384, 2)], keep=None, tail=b"")
def test_any_file_gives_a_recording_or_one_clear_line(fuzz_path, small_da, changes, keep, tail):
    data = small_da
    for place, value in changes:
        data = patch(data, place, value)
    fuzz_path.write_bytes(data[:keep] + tail)
    message = ""
    try:
        recording = read_da(fuzz_path)
        _ = recording.excitation, recording.trial
    except BadInputError as error:
        message = str(error)
    assert "\n" not in message


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=200), size=st.integers(0, 8000))
def test_noise_is_refused(fuzz_path, data, size):
    fuzz_path.write_bytes((data * (size // max(len(data), 1) + 1))[:size])
    with pytest.raises(BadInputError):
        read_da(fuzz_path)


# What is known of the two real recordings: name, time.
REAL = {
    "101": ("70127A101.da", datetime(2017, 1, 27, 13, 39, 1)),
    "103": ("70127A103.da", datetime(2017, 1, 27, 13, 43, 11)),
}


@pytest.mark.parametrize(("name", "taken_at"), REAL.values(), ids=REAL)
def test_real_recording_holds_the_documented_facts(recordings_folder, name, taken_at):
    recording = read_recording(recordings_folder / name)
    assert recording.frames.shape == (100, 80, 80)
    assert recording.taken_at == taken_at
    assert recording.dark.mean() == pytest.approx(900, abs=3)
    assert recording.excitation.tolist() == [1, 2] * 50
    trial = recording.trial
    assert trial.excitation_order == (1, 2)
    assert (trial.frame_rate_Hz, trial.duration_s) == (500, 0.2)
    assert [pulse.onset_s for pulse in trial.pulses] == [0.036, 0.046]
    assert np.median(recording.channels["voltage"].ravel()[:144]) == pytest.approx(-67, abs=0.5)


def test_real_recording_holds_the_epsp(recordings_folder):
    recording = read_recording(recordings_folder / "70127A101.da")
    voltage_mV = recording.channels["voltage"].ravel()
    time_s = np.arange(voltage_mV.size) / recording.sample_rate_Hz
    rest_mV = voltage_mV[time_s < 0.036].mean()
    after = (time_s > 0.048) & (time_s < 0.1)
    peak = np.argmax(np.where(after, voltage_mV, -np.inf))
    assert 3 < voltage_mV[peak] - rest_mV < 7
    assert 0.010 < time_s[peak] - 0.046 < 0.020


def test_real_recording_holds_the_sodium_response(recordings_folder):
    """Dark frame, corner of the image against LED drift, a spine of 6 x 6 pixels."""
    recording = read_recording(recordings_folder / "70127A101.da")
    light = recording.frames[::2] - recording.dark.astype(float)
    corner = light[:, 2:12, 68:78].mean((1, 2))
    spine = light[:, 31:37, 24:30].mean((1, 2)) / (corner / corner.mean())
    baseline = spine[:12]  # to 48 ms
    assert spine[14:19].mean() / baseline.mean() - 1 == pytest.approx(0.08, abs=0.01)
    assert baseline.std() / baseline.mean() < 0.012
