"""Frames to disk through the camera's recorder file, against numpy.tofile of the same blocks."""

import tempfile
import time
from pathlib import Path

import numpy as np
from benchmarks._measure import Row

from blueslice.devices._trial_file import DatasetSpec, TrialFile

ROUNDS = 5


def _ours(path: Path, frames: np.ndarray) -> float:
    spec = DatasetSpec("camera", frames.shape[1:], "<u2")
    begun = time.perf_counter()
    file = TrialFile(path, [spec], len(frames), {})
    file.begin_trial(0, {})
    for first in range(0, len(frames), 8):
        file.write(0, first, {"camera": frames[first : first + 8]})
    file.end_trial(0, len(frames))
    file.close()
    return time.perf_counter() - begun


def _plain(path: Path, frames: np.ndarray) -> float:
    begun = time.perf_counter()
    with path.open("wb") as file:
        for first in range(0, len(frames), 8):
            frames[first : first + 8].tofile(file)
    return time.perf_counter() - begun


def run(seed: int) -> list[Row]:
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for size, count in ((80, 1000), (512, 200), (2048, 32)):
        frames = rng.integers(900, 2000, (count, size, size), dtype=np.uint16)
        ratios = []
        with tempfile.TemporaryDirectory() as folder:
            for round_number in range(ROUNDS + 1):
                ours_path, plain_path = Path(folder) / "ours.h5", Path(folder) / "plain.raw"
                ours, plain = _ours(ours_path, frames), _plain(plain_path, frames)
                ours_path.unlink()
                plain_path.unlink()
                if round_number:
                    ratios.append(plain / ours)
        ratio = float(np.median(ratios))
        bound = ">= 0.7" if size == 2048 else ""
        case = f"{size} x {size}: our rate / tofile's"
        rows.append(Row(case, ratio, "ratio", bound, ratio >= 0.7 if bound else None))
    return rows
