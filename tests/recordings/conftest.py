"""Small recordings in the real formats, and the folder of the real ones."""

from pathlib import Path

import numpy as np
import pytest

ROWS, COLUMNS, FRAMES, SAMPLES, INTERVAL_US = 3, 4, 6, 8, 2000


@pytest.fixture(scope="session")
def recordings_folder():
    """The folder of real recordings beside the repository."""
    folder = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip(f"no real recordings: {folder} is absent")
    return folder


@pytest.fixture(scope="session")
def small_da():
    """The bytes of a `.da` file: pixel (y, x) of frame k counts 1000 + 100 k + 10 y + x."""
    header = np.zeros(2560, "<i2")
    header[4], header[384], header[385] = FRAMES, COLUMNS, ROWS
    header[388], header[391] = INTERVAL_US, SAMPLES
    clock = "".join(c * 2 for c in "23:59:0828Feb12").encode("latin-1")
    header[13 : 13 + len(clock) // 2] = np.frombuffer(clock, "<i2")
    y, x, k = np.ogrid[:ROWS, :COLUMNS, :FRAMES]
    pixels = (1000 + 100 * k + 10 * y + x).astype("<i2")
    lines = np.zeros((8, FRAMES, SAMPLES), "<i2")
    lines[2] = -22938  # -0.7 V: -70 mV at gain 10
    lines[5, ::2, :7] = 24000
    lines[4, 1::2] = 24000
    lines[3, 2, 4:6] = 26000  # a pulse of two samples from 5 ms
    dark = np.full((ROWS, COLUMNS), 900, "<i2")
    parts = (header, pixels, lines, dark, np.zeros(8, "<i2"))
    return b"".join(part.tobytes() for part in parts)


@pytest.fixture(scope="session")
def small_tsm():
    """The bytes of a `.tsm` file: pixel (y, x) of frame k counts 1000 + 100 k + 10 y + x."""
    cards = [
        "SIMPLE  =                    T",
        "BITPIX  =                   16",
        "NAXIS   =                    2",
        f"NAXIS1  = {COLUMNS:20d}",
        f"NAXIS2  = {ROWS:20d}",
        f"NAXIS3  = {FRAMES:20d}",
        "DATE    = 2012-02-28T23:59:08",
        "INSTRUME= TEST-CAMERA",
        "EXPOSURE=         0.0010000000",
        "END",
    ]
    header = "".join(f"{card:<80}" for card in cards).ljust(2880).encode("ascii")
    k, y, x = np.ogrid[:FRAMES, :ROWS, :COLUMNS]
    pixels = (1000 + 100 * k + 10 * y + x).astype("<i2")
    dark = np.full((ROWS, COLUMNS), 900, "<i2")
    return header + pixels.tobytes() + dark.tobytes()


@pytest.fixture(scope="session")
def small_tbn():
    """The bytes of the `.tbn` of `small_tsm`: 8 channels of 32 samples a frame."""
    volts = np.zeros((8, FRAMES, 32), "<f8")
    volts[0] = -0.7
    volts[4, ::2, 4:20] = 0.24
    volts[3, 3, 8:] = 4.96  # a pulse of 24 samples from 3.25 ms, which leaks into the light line
    volts[4] += 0.125 * volts[3]
    return np.array([-8, 32], "<i2").tobytes() + volts.tobytes()
