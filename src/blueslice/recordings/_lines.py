"""From recorded volts to the named lines of a recording."""

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.recordings.channel_map import ChannelMap

__all__ = ["choose_exposure", "name_lines"]

_DEFAULT_EXPOSURE_SHARE = 0.9

# Beyond what any converter records: such a number is a damaged or foreign file.
_MAX_VOLTS = 1e4


def name_lines(
    where: str,
    values: npt.NDArray[np.generic],
    channels: ChannelMap,
    frame_interval_s: float,
    *,
    volts_per_value: float = 1.0,
) -> dict[str, npt.NDArray[np.float32]]:
    """Pick the lines out of the channels, each in its unit.

    Parameters
    ----------
    where : str
        The file, for the text of errors.
    values : ndarray, shape (channels, frames, samples per frame)
        The channels as they are in the file.
    channels : ChannelMap
        What they are.
    frame_interval_s : float
        Length of a frame in seconds.
    volts_per_value : float
        What makes recorded volts of `values`.

    Returns
    -------
    dict of str to ndarray of float32, shape (frames, samples per frame)
        See `Recording.channels`.

    Raises
    ------
    BadInputError
        When a channel is not there, or holds what no converter records.
    """
    count, frames, samples = values.shape
    recorded: dict[str, npt.NDArray[np.float64]] = {}
    for name, number in (
        ("voltage", channels.voltage_channel),
        ("current", channels.current_channel),
        ("stimulus", channels.stimulus_channel),
        ("led_1", channels.led_1_channel),
        ("led_2", channels.led_2_channel),
    ):
        if number is None:
            continue
        if number >= count:
            raise BadInputError(
                f"{where}: {name}_channel = {number}, but it has channels 0 to {count - 1}; "
                "correct the ChannelMap"
            )
        # One channel at a time: as float64 all of them would be four times the file.
        line = values[number].astype(np.float64) * volts_per_value
        if not np.all(np.abs(line) <= _MAX_VOLTS):
            raise BadInputError(
                f"{where}: channel {number} holds values that are no volts (NaN, or beyond "
                f"{_MAX_VOLTS:g} V); the file is damaged or of another kind: copy it again"
            )
        recorded[name] = line
    for name in ("led_1", "led_2"):
        if name not in recorded:
            continue
        line = recorded[name].ravel()
        if "stimulus" in recorded:
            line = line - channels.led_crosstalk * recorded["stimulus"].ravel()
        delay = min(round(channels.led_delay_s / frame_interval_s * samples), line.size - 1)
        # The end of the last frame was not recorded: it stays as the line was last seen.
        moved = np.concatenate([line[delay:], np.full(delay, line[-1])])
        recorded[name] = moved.reshape(frames, samples)
    scales = {
        "voltage": 1e3 / channels.voltage_gain,
        "current": channels.current_pA_per_V,
    }
    return {
        name: (line * scales.get(name, 1.0)).astype(np.float32) for name, line in recorded.items()
    }


def choose_exposure(where: str, channels: ChannelMap, frame_interval_s: float) -> float:
    """Return the exposure in seconds, checked against the frame interval.

    Raises
    ------
    BadInputError
        When the exposure is longer than the frame.
    """
    if channels.exposure_s is None:
        return round(_DEFAULT_EXPOSURE_SHARE * frame_interval_s, 9)
    if channels.exposure_s > frame_interval_s * (1 + 1e-9):
        raise BadInputError(
            f"{where}: exposure_s = {channels.exposure_s:g} is longer than the frame interval of "
            f"{frame_interval_s:g} s; correct the ChannelMap"
        )
    return channels.exposure_s
