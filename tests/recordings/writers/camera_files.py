"""Writers of `.da`, and of `.tsm` with its `.tbn`.

`.da` by RedShirtImaging's "Data File Organization" (http://www.redshirtimaging.com/support/
dfo.html), `.tsm` by the FITS standard with Turbo-SM's little-endian values.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

__all__ = ["CameraContent", "da", "tsm_and_tbn"]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class CameraContent:
    """All that is written.

    Attributes
    ----------
    frames : ndarray of uint16, shape (frames, rows, columns)
        Counts, at most 32767.
    dark : ndarray of uint16, shape (rows, columns)
        The dark frame.
    lines : ndarray, shape (channels, frames, samples per frame)
        int16 of a `.da`, of which 32768 is 1 V; float64 volts of a `.tbn`.
    taken_at : datetime
        To the second.
    """

    frames: Any
    dark: Any
    lines: Any
    taken_at: datetime


def da(
    content: CameraContent, interval_us: int, dividing_factor: int = 1, *, trailer: bool = True
) -> bytes:
    """Return a `.da` file.

    Parameters
    ----------
    content : CameraContent
        With 8 channels of int16.
    interval_us : int
        As the header has it: from 10 ms on it is multiplied by the dividing factor.
    dividing_factor : int
        Of the camera's rate.
    trailer : bool
        Whether 8 more values follow the dark frame.
    """
    header = np.zeros(2560, "<i2")
    header[4] = len(content.frames)
    header[384:386] = content.frames.shape[:0:-1]  # columns, rows
    header[388], header[390] = interval_us, dividing_factor
    header[391] = content.lines.shape[2]
    when = content.taken_at
    clock = f"{when:%H:%M:%S%d}{_MONTHS[when.month - 1]}{when:%y}"
    header[13 : 13 + len(clock)] = [ord(letter) * 257 for letter in clock]
    parts = (
        header,
        content.frames.astype("<i2").transpose(1, 2, 0),
        content.lines.astype("<i2"),
        content.dark.astype("<i2"),
        np.zeros(8 if trailer else 0, "<i2"),
    )
    return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)


def tsm_and_tbn(
    content: CameraContent,
    interval_s: float,
    *,
    padded: bool = False,
    header_blocks: int = 1,
    fits_texts: bool = False,
) -> tuple[bytes, bytes]:
    """Return a `.tsm` and its `.tbn`.

    Parameters
    ----------
    content : CameraContent
        With float64 channels.
    interval_s : float
        From one frame to the next, in s.
    padded : bool
        Whether zeros fill the last block of 2880 bytes, as FITS asks for.
    header_blocks : int
        Blocks of 36 cards in the header.
    fits_texts : bool
        Whether texts are in quotes and values have a comment, as FITS allows.
    """
    count, rows, columns = content.frames.shape
    when = content.taken_at.isoformat()
    quoted = (lambda text: f"'{text}'") if fits_texts else str
    told = " / by the camera" if fits_texts else ""
    cards = [
        "SIMPLE  =                    T",
        f"BITPIX  = {16:20d}{told}",
        f"NAXIS   = {3:20d}",
        f"NAXIS1  = {columns:20d}{told}",
        f"NAXIS2  = {rows:20d}",
        f"NAXIS3  = {count:20d}",
        f"DATE    = {quoted(when)}{told}",
        f"INSTRUME= {quoted('CCD39')}",
        *["COMMENT nothing"] * (36 * (header_blocks - 1)),
        f"EXPOSURE= {interval_s:20.10f}{told}",
        "END",
    ]
    header = "".join(f"{card:<80}" for card in cards)
    header = header.ljust(2880 * header_blocks)
    pixels = np.concatenate([content.frames, content.dark[np.newaxis]]).astype("<i2").tobytes()
    tsm = header.encode("ascii") + pixels
    if padded:
        tsm += b"\0" * (-len(tsm) % 2880)
    channels, _, samples = content.lines.shape
    head = np.array([-channels, samples], "<i2").tobytes()
    return tsm, head + content.lines.astype("<f8").tobytes()
