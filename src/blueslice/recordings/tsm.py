"""Reader of Turbo-SM `.tsm` files with the electrical lines of their `.tbn` files."""

import math
import os
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.recordings._files import check_file, check_size, read_bytes, read_values, to_counts
from blueslice.recordings._lines import choose_exposure, name_lines
from blueslice.recordings.channel_map import TBN_CHANNELS, ChannelMap
from blueslice.recordings.recording import Recording

__all__ = ["find_beside", "read_cards", "read_tsm"]

_BLOCK_BYTES = 2880
_MOST_HEADER_BLOCKS = 16
_CARD_BYTES = 80
_PIXEL_BYTES = 2
_TBN_HEADER_BYTES = 4
_VOLT_BYTES = 8
_MIN_INTERVAL_S, _MAX_INTERVAL_S = 1e-5, 100.0


def read_tsm(
    path: str | os.PathLike[str],
    tbn_path: str | os.PathLike[str] | None = None,
    channels: ChannelMap = TBN_CHANNELS,
) -> Recording:
    """Read a `.tsm` file of Turbo-SM and the `.tbn` file of the same trial.

    The layout (as measured): the `.tsm` has 2880 bytes of FITS-like cards of 80 characters
    (``NAXIS1`` columns, ``NAXIS2`` rows, ``NAXIS3`` frame count, ``EXPOSURE`` frame interval
    in seconds), then little-endian int16 (frames + 1, rows, columns), the last the dark frame.
    As in any FITS file the header may have more blocks of 2880 bytes, up to its card ``END``, and
    zeros may follow the data up to a whole block.
    The `.tbn` has two int16, minus the channel count and the samples per frame, then float64
    volts (channels, frames, samples per frame).

    Parameters
    ----------
    path : str or path
        The `.tsm` file.
    tbn_path : str or path, optional
        The `.tbn` file; by default the one of the same name beside it.
    channels : ChannelMap
        What the electrical channels are.

    Returns
    -------
    Recording
        With the index of a frame as its counter: the format holds none.

    Raises
    ------
    BadInputError
        When either file is absent, of another kind, shorter or longer than its header says, or
        holds values that no camera or converter gives; the text names the file, what is wrong
        and the remedy.
    """
    file, size = check_file(path, ".tsm")
    cards, begins = read_cards(file, size)
    columns, rows, frames = (_read_count(file, cards, f"NAXIS{axis}") for axis in (1, 2, 3))
    interval_s = _read_interval(file, cards)
    _check_end(file, size, begins + (frames + 1) * rows * columns * _PIXEL_BYTES)
    exposure_s = choose_exposure(str(file), channels, interval_s)
    tbn = find_beside(file, ".tbn") if tbn_path is None else tbn_path
    volts = _read_volts(tbn, file, frames)

    pixels = read_values(file, "<i2", (frames + 1, rows, columns), begins)
    return Recording(
        path=file,
        camera=cards.get("INSTRUME", "Turbo-SM"),
        taken_at=_read_time(cards),
        frames=to_counts(file, "its frames", pixels[:-1]),
        dark=to_counts(file, "its dark frame", pixels[-1]),
        counter=np.arange(frames, dtype=np.int64),
        frame_interval_s=interval_s,
        exposure_s=exposure_s,
        channels=name_lines(str(tbn), volts, channels, interval_s),
        led_threshold_V=channels.led_threshold_V,
        stimulus_threshold_V=channels.stimulus_threshold_V,
    )


def find_beside(file: Path, suffix: str) -> Path:
    """Find the file of the same name with another suffix, in capitals or not.

    Raises
    ------
    BadInputError
        When there is none; the text names the file that is expected.
    """
    expected = file.with_suffix(suffix)
    for candidate in (expected, file.with_suffix(suffix.upper())):
        if candidate.exists():
            return candidate
    raise BadInputError(
        f"{file}: needs {expected.name} of the same trial beside it, and there is none; copy it "
        "there"
    )


def read_cards(file: Path, size: int) -> tuple[dict[str, str], int]:
    """Read the cards of a `.tsm`, and tell at which byte its frames begin.

    Raises
    ------
    BadInputError
        When it does not begin with the header of such a file.
    """
    blocks = max(1, min(size // _BLOCK_BYTES, _MOST_HEADER_BLOCKS))
    text = read_bytes(file, blocks * _BLOCK_BYTES).decode("latin-1")
    lines = [text[k : k + _CARD_BYTES] for k in range(0, len(text), _CARD_BYTES)]
    of_block = _BLOCK_BYTES // _CARD_BYTES
    # Without an END, which Turbo-SM writes, it is as long as Turbo-SM's.
    end = next((k for k, line in enumerate(lines) if line.rstrip() == "END"), of_block - 1)
    begins = (end // of_block + 1) * _BLOCK_BYTES
    cards: dict[str, str] = {}
    for line in lines[: end + 1]:
        name, _, value = line.partition("=")
        cards[name.strip()] = _value_of(value)
    if "SIMPLE" not in cards or cards.get("BITPIX") != "16":
        raise BadInputError(
            f"{file}: does not begin with the header of a .tsm file of 16 bit; it is damaged or "
            "of another kind: copy it again from where it was recorded"
        )
    return cards, begins


def _value_of(text: str) -> str:
    """Return the value of a card, without FITS's quotes and comment."""
    text = text.strip()
    if text.startswith("'"):
        return text[1:].partition("'")[0].strip()
    return text.partition(" /")[0].strip()


def _check_end(file: Path, size: int, promised: int) -> None:
    """Refuse a file of another length, but for zeros up to a whole block after the data.

    Raises
    ------
    BadInputError
        When it is shorter or longer, or what follows the data is not zero.
    """
    padding = -promised % _BLOCK_BYTES
    if size != promised + padding:
        check_size(file, size, promised)
    elif padding and read_values(file, "u1", (padding,), promised).any():
        raise BadInputError(
            f"{file}: has {padding:,} bytes after the {promised:,} that its header promises, and "
            "they are not the zeros that may fill its last block; it is damaged or of another "
            "kind: copy it again from where it was recorded"
        )


def _read_count(file: Path, cards: dict[str, str], name: str) -> int:
    text = cards.get(name, "")
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise BadInputError(
            f"{file}: its header says {name} = {text!r}, and a whole number of at least 1 is "
            "needed; it is damaged or of another kind: copy it again"
        )
    return int(text)


def _read_interval(file: Path, cards: dict[str, str]) -> float:
    text = cards.get("EXPOSURE", "")
    try:
        interval_s = float(text)
    except ValueError:
        interval_s = math.nan
    if not _MIN_INTERVAL_S <= interval_s <= _MAX_INTERVAL_S:
        raise BadInputError(
            f"{file}: its header says EXPOSURE = {text!r}, and a frame interval of "
            f"{_MIN_INTERVAL_S:g} to {_MAX_INTERVAL_S:g} s is needed; it is damaged: copy it again"
        )
    return interval_s


def _read_time(cards: dict[str, str]) -> datetime | None:
    try:
        return datetime.fromisoformat(cards.get("DATE", ""))
    except ValueError:
        return None


def _read_volts(path: str | os.PathLike[str], tsm: Path, frames: int) -> npt.NDArray[np.float64]:
    file, size = check_file(path, ".tbn")
    head = np.frombuffer(read_bytes(file, _TBN_HEADER_BYTES), "<i2")
    channels, samples = -int(head[0]), int(head[1])
    if channels < 1 or samples < 1:
        raise BadInputError(
            f"{file}: its header says {-channels} and {samples}, where minus the channel count "
            "and the samples per frame are needed; it is damaged or of another kind"
        )
    promised = _TBN_HEADER_BYTES + channels * frames * samples * _VOLT_BYTES
    if size != promised:
        raise BadInputError(
            f"{file}: is {size:,} bytes, its header and the {frames} frames of {tsm.name} promise "
            f"{promised:,}; it is cut short, damaged or of another trial: copy it again"
        )
    return read_values(file, "<f8", (channels, frames, samples), _TBN_HEADER_BYTES)
