from datetime import datetime

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.recordings.writers.camera_files import CameraContent, tsm_and_tbn

from blueslice.errors import BadInputError
from blueslice.recordings import TBN_CHANNELS, ChannelMap, Recording, read_recording, read_tsm
from blueslice.recordings.original import read_original


@pytest.fixture
def write(tmp_path, small_tsm, small_tbn):
    def write(tsm=small_tsm, tbn=small_tbn, names=("trial.tsm", "trial.tbn")):
        path = tmp_path / names[0]
        path.write_bytes(tsm)
        if tbn is not None:
            (tmp_path / names[1]).write_bytes(tbn)
        return path

    return write


def card(data, name, value):
    """Replace the value of a card."""
    start = data.index(f"{name:<8}=".encode())
    return data[:start] + f"{name:<8}= {value:>20}".ljust(80).encode("latin-1") + data[start + 80 :]


def test_every_pixel_is_where_it_belongs(write):
    recording = read_tsm(write())
    k, y, x = np.ogrid[:6, :3, :4]
    np.testing.assert_array_equal(recording.frames, 1000 + 100 * k + 10 * y + x)
    assert recording.frames.dtype == np.uint16
    assert recording.frames.flags.c_contiguous
    np.testing.assert_array_equal(recording.dark, np.full((3, 4), 900))


def test_header_gives_camera_rate_and_time(write):
    recording = read_tsm(write())
    assert recording.camera == "TEST-CAMERA"
    assert (recording.frame_rate_Hz, recording.sample_rate_Hz) == (1000, 32_000)
    assert recording.taken_at == datetime(2012, 2, 28, 23, 59, 8)


def test_unreadable_time_is_none(write, small_tsm):
    assert read_tsm(write(card(small_tsm, "DATE", "yesterday"))).taken_at is None


def test_lines_are_in_their_units_and_freed_from_delay_and_leak(write):
    recording = read_tsm(write())
    assert set(recording.channels) == {"voltage", "stimulus", "led_1"}
    np.testing.assert_allclose(recording.channels["voltage"], -70, rtol=1e-6)
    lit = np.zeros((6, 32))
    lit[::2, :16] = 0.24
    np.testing.assert_allclose(recording.channels["led_1"], lit, atol=1e-6)


# What FITS allows beside what Turbo-SM writes.
FITS = {
    "as Turbo-SM": {},
    "zeros up to a whole block": {"padded": True},
    "a header of two blocks": {"header_blocks": 2},
    "texts in quotes, comments": {"fits_texts": True},
    "all": {"padded": True, "header_blocks": 3, "fits_texts": True},
}


@pytest.mark.parametrize("options", FITS.values(), ids=FITS)
def test_what_fits_allows_is_read(write, options):
    rng = np.random.default_rng(3)
    pictures = rng.integers(0, 16_384, (8, 5, 6)).astype(np.uint16)
    content = CameraContent(
        pictures[:-1],
        pictures[-1],
        rng.normal(0, 0.1, (8, 7, 4)),
        datetime(2013, 4, 21, 10, 20, 40),
    )
    tsm, tbn = tsm_and_tbn(content, 0.001, **options)
    path = write(tsm, tbn)
    recording = read_tsm(path)
    np.testing.assert_array_equal(recording.frames, content.frames)
    np.testing.assert_array_equal(recording.dark, content.dark)
    assert (recording.taken_at, recording.camera) == (content.taken_at, "CCD39")
    assert recording.frame_interval_s == 0.001
    original = read_original(path)
    again = original.header[:-4].tobytes() + pictures.tobytes() + original.trailer.tobytes()
    assert again == tsm
    assert original.header[-4:].tobytes() + original.channels.tobytes() == tbn


def test_line_can_be_read_as_it_was_recorded(write, small_tbn):
    raw = TBN_CHANNELS.model_dump() | {"led_delay_s": 0, "led_crosstalk": 0}
    recording = read_tsm(write(), channels=ChannelMap(**raw))
    volts = np.frombuffer(small_tbn, "<f8", offset=4).reshape(8, 6, 32)
    np.testing.assert_array_equal(recording.channels["led_1"], volts[4].astype(np.float32))


def test_trial_is_what_the_lines_show(write):
    trial = read_tsm(write()).trial
    assert trial.excitation_order == (1, 0)
    assert [(p.onset_s, p.width_s) for p in trial.pulses] == [(0.00325, 0.00075)]


@pytest.mark.parametrize(
    ("names", "given_name"),
    [
        (("a.tsm", "a.tbn"), "a.tsm"),
        (("a.tsm", "a.tbn"), "a.tbn"),
        (("A.TSM", "A.TBN"), "A.TSM"),
        (("A.TSM", "A.TBN"), "A.TBN"),
    ],
)
def test_either_file_leads_to_both(write, names, given_name):
    path = write(names=names).with_name(given_name)
    recording = read_recording(path)
    assert isinstance(recording, Recording)
    # Where the file system ignores capitals, either spelling is the file.
    assert recording.path.name.lower() == names[0].lower()


def test_the_lines_may_be_elsewhere(write, tmp_path, small_tbn):
    elsewhere = tmp_path / "elsewhere.tbn"
    elsewhere.write_bytes(small_tbn)
    recording = read_tsm(write(tbn=None), elsewhere)
    assert "voltage" in recording.channels


def test_missing_file_is_named(write, tmp_path, small_tbn):
    with pytest.raises(BadInputError, match=r"trial\.tsm: needs trial\.tbn of the same trial"):
        read_recording(write(tbn=None))
    (tmp_path / "alone.tbn").write_bytes(small_tbn)
    with pytest.raises(BadInputError, match=r"alone\.tbn: needs alone\.tsm"):
        read_recording(tmp_path / "alone.tbn")


@pytest.mark.parametrize(("path", "text"), [("a.abf", "is not known"), (7, "7 is no path")])
def test_other_kinds_are_refused(path, text):
    with pytest.raises(BadInputError, match=text):
        read_recording(path)


DAMAGED_TSM = {
    "empty": (lambda d: b"", "is 0 bytes, its header alone has 2,880"),
    "cut": (lambda d: d[:-1], "is 3,047 bytes, its header promises 3,048"),
    "too long": (lambda d: d + b"xx", "is 3,050 bytes, its header promises 3,048"),
    "padded with something": (
        lambda d: d.ljust(5760, b"\0")[:-1] + b"x",
        "has 2,712 bytes after the 3,048 that its header promises, and they are not the zeros",
    ),
    "padded beyond a block": (
        lambda d: d.ljust(2 * 2880 + 80, b"\0"),
        "is 5,840 bytes, its header promises 3,048",
    ),
    "text": (lambda d: b"a text file\n" * 1000, "does not begin with the header"),
    "zeros": (lambda d: bytes(4000), "does not begin with the header"),
    "32 bit": (lambda d: card(d, "BITPIX", -32), "header of a .tsm file of 16 bit"),
    "2^31 frames": (lambda d: card(d, "NAXIS3", 2**31), "its header promises 51,539,610,456"),
    "60 digits": (lambda d: card(d, "NAXIS1", "9" * 60), "its header promises"),
    "no frames": (lambda d: card(d, "NAXIS3", 0), "NAXIS3 = '0'"),
    "negative rows": (lambda d: card(d, "NAXIS2", -80), "NAXIS2 = '-80'"),
    "columns no number": (lambda d: card(d, "NAXIS1", "four"), "NAXIS1 = 'four'"),
    "no columns card": (lambda d: d.replace(b"NAXIS1", b"COLUMN"), "NAXIS1 = ''"),
    "interval 0": (lambda d: card(d, "EXPOSURE", 0), "EXPOSURE = '0'"),
    "interval NaN": (lambda d: card(d, "EXPOSURE", "nan"), "EXPOSURE = 'nan'"),
    "interval huge": (lambda d: card(d, "EXPOSURE", "1e300"), "EXPOSURE = '1e300'"),
    "interval no number": (lambda d: card(d, "EXPOSURE", "fast"), "EXPOSURE = 'fast'"),
    "interval below exposure": (
        lambda d: card(d, "EXPOSURE", 0.0004),
        "exposure_s = 0.0005 is longer than the frame interval of 0.0004 s",
    ),
    "negative count": (lambda d: d[:2880] + b"\xff\xff" + d[2882:], "hold a count of -1"),
    "negative dark": (lambda d: d[:-2] + b"\xff\xff", "its dark frame hold a count of -1"),
}

DAMAGED_TBN = {
    "empty": (lambda d: b"", "is 0 bytes, its header alone has 4"),
    "cut": (lambda d: d[:-8], "of trial.tsm promise 12,292"),
    "too long": (lambda d: d + b"x", "is 12,293 bytes"),
    "int16 kind": (lambda d: b"\x08\x00" + d[2:], "its header says 8 and 32"),
    "no samples": (lambda d: d[:2] + b"\0\0" + d[4:], "its header says -8 and 0"),
    "NaN": (
        lambda d: d[:4] + np.float64("nan").tobytes() + d[12:],
        "channel 0 holds values that are no volts",
    ),
    "infinite": (lambda d: d[:4] + np.float64("-inf").tobytes() + d[12:], "no volts"),
    "huge": (lambda d: d[:4] + np.float64(1e300).tobytes() + d[12:], "no volts"),
}


@pytest.mark.parametrize(("damage", "text"), DAMAGED_TSM.values(), ids=DAMAGED_TSM)
def test_damaged_frames_say_what_is_wrong(write, small_tsm, damage, text):
    path = write(tsm=damage(small_tsm))
    with pytest.raises(BadInputError) as caught:
        read_tsm(path)
    assert str(caught.value).startswith(str(path))
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("damage", "text"), DAMAGED_TBN.values(), ids=DAMAGED_TBN)
def test_damaged_lines_say_what_is_wrong(write, small_tbn, damage, text):
    path = write(tbn=damage(small_tbn))
    with pytest.raises(BadInputError) as caught:
        read_tsm(path)
    assert str(caught.value).startswith(str(path.with_suffix(".tbn")))
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def fuzz_path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "fuzz.tsm"


fields = st.sampled_from(["NAXIS1", "NAXIS2", "NAXIS3", "EXPOSURE", "BITPIX", "DATE", "INSTRUME"])
values = (
    st.integers(-10, 40).map(str)
    | st.floats(0, 0.01).map(repr)
    | st.text(st.characters(codec="latin-1"), max_size=60)
    | st.sampled_from(["", "1_0", "+4", "4.0", "nan", "1e-400", "9" * 60, "²"])
)
bytes_at = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 255)), max_size=6)


def spoil(data, places, keep):
    spoiled = bytearray(data)
    for place, value in places:
        spoiled[place % len(spoiled)] = value
    return bytes(spoiled[:keep])


@settings(max_examples=200, deadline=None)
@given(
    cards=st.lists(st.tuples(fields, values), max_size=3),
    tsm_bytes=bytes_at,
    tbn_bytes=bytes_at | st.lists(st.tuples(st.integers(0, 3), st.integers(0, 255)), max_size=4),
    tsm_keep=st.none() | st.integers(0, 3048),
    tbn_keep=st.none() | st.integers(0, 12_292),
)
@example(cards=[], tsm_bytes=[], tbn_bytes=[], tsm_keep=None, tbn_keep=None)
@example(
    cards=[("NAXIS1", "3"), ("NAXIS2", "4")],
    tsm_bytes=[],
    tbn_bytes=[],
    tsm_keep=None,
    tbn_keep=None,
)
def test_any_file_gives_a_recording_or_one_clear_line(
    fuzz_path, small_tsm, small_tbn, cards, tsm_bytes, tbn_bytes, tsm_keep, tbn_keep
):
    data = small_tsm
    for name, value in cards:
        data = card(data, name, value)
    fuzz_path.write_bytes(spoil(data, tsm_bytes, tsm_keep))
    fuzz_path.with_suffix(".tbn").write_bytes(spoil(small_tbn, tbn_bytes, tbn_keep))
    message = ""
    try:
        recording = read_tsm(fuzz_path)
        _ = recording.excitation, recording.trial
    except BadInputError as error:
        message = str(error)
    assert "\n" not in message


def test_real_recording_holds_the_documented_facts(recordings_folder):
    recording = read_recording(recordings_folder / "20408B001.tsm")
    assert recording.frames.shape == (200, 80, 80)
    assert recording.camera == "CCD39-NIU8-VER1"
    assert recording.taken_at == datetime(2013, 4, 21, 10, 20, 40)
    assert (recording.frame_rate_Hz, recording.samples_per_frame) == (1000, 32)
    assert np.median(recording.channels["voltage"]) == pytest.approx(-73.5, abs=0.3)
    (pulse,) = recording.trial.pulses
    assert pulse.onset_s * recording.sample_rate_Hz == pytest.approx(1573)
    assert pulse.end_s * recording.sample_rate_Hz == pytest.approx(1732)


def test_real_light_is_proved_as_the_images_show_it(recordings_folder):
    recording = read_recording(recordings_folder / "20408B001.tsm")
    bright = recording.frames.mean((1, 2)) > recording.dark.mean() + 100
    assert recording.excitation.tolist() == bright.tolist() == [True, False] * 100
