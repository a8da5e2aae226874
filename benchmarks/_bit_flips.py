"""Bits that flip in what was kept: does ``verify`` report each?"""

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from benchmarks._measure import Row

from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals
from blueslice.plans import two_pulse
from blueslice.recover import verify
from blueslice.rig import make_sim_rig
from blueslice.session import Session

__all__ = ["flip_rows"]

FLIPS = 200
KINDS = ("images", "samples", "journal lines", "headers")


def flip_rows(seed: int, flips: int = FLIPS) -> Iterator[Row]:
    """Flip one bit at a time, verify, and put it back."""
    chooser = random.Random(seed)
    reported = dict.fromkeys(KINDS, 0)
    tried = dict.fromkeys(KINDS, 0)
    unused = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        directory = DataDirectory(Path(folder) / "data")
        rig = make_sim_rig(seed % 1000, data_directory=directory, rows=24, columns=24)
        with Session(rig, directory, catalogue=False) as session:
            session.RE(two_pulse(rig, trials=3, rest_s=1.0))
        places = _places(directory)
        for at in range(flips):
            kind = KINDS[at % len(KINDS)]
            path, place = chooser.choice(places[kind])
            whole = path.read_bytes()
            content = bytearray(whole)
            content[place] ^= 1 << chooser.randrange(8)
            path.write_bytes(bytes(content))
            found = bool(verify(directory).faults)
            if not found and kind == "headers" and _reads_the_same(path, whole):
                unused += 1  # space that holds nothing
            else:
                tried[kind] += 1
                reported[kind] += found
            path.write_bytes(whole)
    for kind in KINDS:
        holds = reported[kind] == tried[kind]
        yield Row(f"bits flipped in {kind}: reported", reported[kind], "", f"{tried[kind]}", holds)
    yield Row("bits flipped in unused space of a file, not reported", unused, "")


def _places(directory: DataDirectory) -> dict[str, list[tuple[Path, int]]]:
    """Return bytes that may flip, of each kind."""
    found: dict[str, list[tuple[Path, int]]] = {kind: [] for kind in KINDS}
    for path in find_journals(directory.journal):
        found["journal lines"] += [(path, at) for at in range(path.stat().st_size)]
    for path in directory.raw.rglob("*.h5"):
        data: set[int] = set()
        with h5py.File(path, "r") as file:
            for name in file:
                dataset: Any = file[name]
                if name in ("frames_recorded", "checksums"):
                    continue
                kind = "samples" if path.stem.endswith("amplifier") else "images"
                for k in range(dataset.id.get_num_chunks()):
                    chunk = dataset.id.get_chunk_info(k)
                    at = range(chunk.byte_offset, chunk.byte_offset + chunk.size)
                    data.update(at)
                    found[kind] += [(path, place) for place in at[:: max(1, len(at) // 500)]]
        rest = np.setdiff1d(np.arange(path.stat().st_size), np.fromiter(data, int))
        found["headers"] += [(path, int(place)) for place in rest]
    return found


def _reads_the_same(path: Path, whole: bytes) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "whole.h5"
        other.write_bytes(whole)
        try:
            with h5py.File(path, "r", swmr=True) as first, h5py.File(other, "r") as second:
                one: Any = first
                two: Any = second
                return dict(one.attrs) == dict(two.attrs) and all(
                    np.array_equal(one[name], two[name], equal_nan=True)
                    and one[name].attrs.keys() == two[name].attrs.keys()
                    for name in two
                )
        except (OSError, KeyError, RuntimeError):
            return False
