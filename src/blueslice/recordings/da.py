"""Reader of NeuroPlex `.da` files: frames and electrical lines of one trial in one file."""

import os
from datetime import datetime

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.recordings._files import check_file, check_size, read_bytes, read_values, to_counts
from blueslice.recordings._lines import choose_exposure, name_lines
from blueslice.recordings.channel_map import DA_CHANNELS, ChannelMap
from blueslice.recordings.recording import Recording

__all__ = ["read_da"]

_HEADER_VALUES = 2560
_VALUE_BYTES = 2
_CHANNELS = 8
_TRAILING_VALUES = 8
_VOLTS_PER_VALUE = 1 / 32768
_DIVIDED_FROM_US = 10_000

_TIME_PLACE = slice(13, 38)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_da(path: str | os.PathLike[str], channels: ChannelMap = DA_CHANNELS) -> Recording:
    """Read a `.da` file of NeuroPlex.

    The layout (little-endian, as measured on files of a NeuroCCD-SMQ): a header of 2560 int16,
    of which [4] is the frame count, [384] columns, [385] rows, [388] the frame interval in
    microseconds, [391] electrical samples per frame; the pixels as int16 (rows, columns,
    frames); 8 electrical channels of int16 (frames, samples per frame), 32768 for 1 V; the
    dark frame as int16 (rows, columns); and 8 more int16, which may be absent.

    From an interval of 10 ms on, [390] counts: it is NeuroPlex's dividing factor, by which the
    interval of [388] is multiplied; below 10 ms it is not used, whatever it is (RedShirtImaging,
    "Data File Organization", http://www.redshirtimaging.com/support/dfo.html).

    Parameters
    ----------
    path : str or path
        The file.
    channels : ChannelMap
        What its electrical channels are.

    Returns
    -------
    Recording
        With the index of a frame as its counter: the format holds none. The camera is not
        named in the file either.

    Raises
    ------
    BadInputError
        When it is no `.da` file, is shorter or longer than its header says, or holds values
        that no camera or converter gives; the text names the file, what is wrong, the remedy.
    """
    file, size = check_file(path, ".da")
    header = np.frombuffer(read_bytes(file, _HEADER_VALUES * _VALUE_BYTES), "<i2")
    frames = _positive(file, header, 4, "frame count")
    columns = _positive(file, header, 384, "columns")
    rows = _positive(file, header, 385, "rows")
    interval_us = _positive(file, header, 388, "frame interval in us")
    samples = _positive(file, header, 391, "electrical samples per frame")
    if interval_us < 10:
        raise BadInputError(
            f"{file}: its header says a frame interval of {interval_us} us, below the 10 us of "
            "the fastest camera; it is damaged or no .da file"
        )
    if interval_us >= _DIVIDED_FROM_US:
        interval_us *= _positive(file, header, 390, "dividing factor of the frame rate")
    interval_s = interval_us / 1e6

    electrical_start = _HEADER_VALUES + rows * columns * frames
    dark_start = electrical_start + _CHANNELS * frames * samples
    end = dark_start + rows * columns + _TRAILING_VALUES
    check_size(file, size, end * _VALUE_BYTES, optional=_TRAILING_VALUES * _VALUE_BYTES)
    exposure_s = choose_exposure(str(file), channels, interval_s)

    pixels = read_values(file, "<i2", (rows, columns, frames), _HEADER_VALUES * _VALUE_BYTES)
    counts = read_values(file, "<i2", (_CHANNELS, frames, samples), electrical_start * _VALUE_BYTES)
    dark = read_values(file, "<i2", (rows, columns), dark_start * _VALUE_BYTES)
    return Recording(
        path=file,
        camera="NeuroPlex",
        taken_at=_read_time(header),
        frames=to_counts(file, "its frames", pixels.transpose(2, 0, 1)),
        dark=to_counts(file, "its dark frame", dark),
        counter=np.arange(frames, dtype=np.int64),
        frame_interval_s=interval_s,
        exposure_s=exposure_s,
        channels=name_lines(
            str(file), counts, channels, interval_s, volts_per_value=_VOLTS_PER_VALUE
        ),
        led_threshold_V=channels.led_threshold_V,
        stimulus_threshold_V=channels.stimulus_threshold_V,
    )


def _positive(file: object, header: npt.NDArray[np.int16], place: int, what: str) -> int:
    value = int(header[place])
    if value < 1:
        raise BadInputError(
            f"{file}: its header says {what} = {value}, and at least 1 is needed; it is damaged "
            "or no .da file: copy it again from where it was recorded"
        )
    return value


def _read_time(header: npt.NDArray[np.int16]) -> datetime | None:
    """Read ``13:39:0127Jan17``, kept with each character in both bytes of an int16."""
    text = header[_TIME_PLACE].tobytes()[::2].decode("latin-1")
    try:
        # Not strptime's %b, which reads the months of the computer's own language.
        month = _MONTHS.index(text[10:13]) + 1
        return datetime.strptime(
            f"{text[:8]} {text[8:10]} {month:02d} {text[13:15]}", "%H:%M:%S %d %m %y"
        )
    except ValueError:
        return None
