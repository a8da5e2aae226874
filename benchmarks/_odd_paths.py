"""Data directories with unusual names: record, read pictures, export, recover."""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._measure import Row

from blueslice.broker import DataDirectory, open_catalogue
from blueslice.plans import two_pulse
from blueslice.recordings.export import FORMATS, export_run
from blueslice.recover import recover
from blueslice.rig import make_sim_rig
from blueslice.session import Session

__all__ = ["path_rows", "random_name"]

PATHS = 40
_STEPS = ("record", "read", "export", "recover")
_ALPHABETS = {
    "spaces": " abc_-.",
    "accents": "äöüßéèñçåøŁžÅe\u0301",
    "CJK": "資料日本語한국어中文",
    "quotes": "'\"`«»\u00b4\u2019",
    "signs": "!$&()+,=@[]^{}~",
    "others": "абвγδ😀🧠עא",
}
# Longest name of a file on common file systems, and longest path of a data directory less that of
# the folder it is in, in bytes.
_LONGEST_NAME_BYTES = 250
_LONGEST_BYTES = 400
_LENGTH = 200


def path_rows(seed: int, paths: int = PATHS) -> Iterator[Row]:
    """Go through all that is done with a data directory, in one of each name."""
    chooser = random.Random(seed)
    worked: dict[str, int] = dict.fromkeys(_STEPS, 0)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for number in range(paths):
            place = Path(folder) / str(number) / random_name(chooser, number)
            for step, works in _steps(DataDirectory(place), seed + number).items():
                worked[step] += _try(f"{step} in {place.name!r}", works)
            shutil.rmtree(place, ignore_errors=True)
    for step, count in worked.items():
        yield Row(
            f"data directories of random names: {step}", count, "", f"{paths}", count == paths
        )


def random_name(chooser: random.Random, number: int) -> Path:
    """Return a name that a file system takes; every fifth has 200 characters."""
    letters = list(_ALPHABETS.values())
    if os.name == "nt":
        letters = ["".join(c for c in text if c not in '"') for text in letters]
    chosen = chooser.sample(letters, chooser.randint(1, 3))
    length = _LENGTH if number % 5 == 0 else chooser.randint(1, 20)
    # Letters of one byte where all would be too long a path.
    letters_of = [chooser.choice(chooser.choice(chosen)) for _ in range(length)]
    while len("".join(letters_of).encode()) > _LONGEST_BYTES:
        letters_of[chooser.randrange(length)] = chooser.choice("abc xyz")
    name = "x" + "".join(letters_of[1:-1]) + "x"
    # In as many folders as their names need.
    parts, part = [], ""
    for character in name:
        if len((part + character).encode()) > _LONGEST_NAME_BYTES:
            parts.append(part)
            part = ""
        part += character
    return Path(*parts, part)


def _try(what: str, works: Callable[[], bool]) -> bool:
    try:
        done = works()
    except Exception as error:
        print(f"{what}: {type(error).__name__}: {error}")
        return False
    if not done:
        print(f"{what}: not the same")
    return done


def _steps(directory: DataDirectory, seed: int) -> dict[str, Callable[[], bool]]:
    recorded: dict[str, Any] = {}

    def record() -> bool:
        rig = make_sim_rig(seed % 1000, data_directory=directory, rows=24, columns=24, pace="fast")
        with Session(rig, directory) as session:
            uids: Any = session.RE(two_pulse(rig, trials=1, interval_s=0.010))
            session.wait(120.0)
            recorded["uid"] = uids[0]
            run: Any = session.catalogue.v3[uids[0]]
            recorded["pictures"] = run["primary"]["camera"].read()
        return bool(recorded["pictures"].any())

    def read() -> bool:
        catalogue = open_catalogue(directory)
        with catalogue.context:
            run: Any = catalogue.v3[recorded["uid"]]
            pictures = run["primary"].read(["camera"])["camera"]
            return np.array_equal(pictures.values, recorded["pictures"])

    def export() -> bool:
        catalogue = open_catalogue(directory)
        out = directory.path / "exported"
        with catalogue.context:
            for name in FORMATS:
                export_run(catalogue.v3, recorded["uid"], name, out)
        return len(list(out.iterdir())) == len(FORMATS)

    def recovered() -> bool:
        shutil.rmtree(directory.catalogue)
        return not recover(directory).problems and read()

    return {"record": record, "read": read, "export": export, "recover": recovered}
