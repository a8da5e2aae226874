"""Data directories with unusual names: record, read pictures, export, recover."""

import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks._measure import Row

from blueslice._data_directory import LONGEST_PATH_BYTES
from blueslice.broker import DataDirectory, open_catalogue
from blueslice.errors import BadInputError
from blueslice.plans import two_pulse
from blueslice.recordings.export import FORMATS, export_run
from blueslice.recover import recover
from blueslice.rig import make_sim_rig
from blueslice.session import Session

__all__ = ["in_folders", "path_rows", "random_letters"]

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
# Longest name of a file on common file systems, in bytes; HFS+ and NTFS count letters.
_LONGEST_NAME_BYTES = 255
_LENGTH = 200


def path_rows(seed: int, paths: int = PATHS) -> Iterator[Row]:
    """Go through all that is done with a data directory, in one of each name.

    A path of 200 letters may have more bytes than SQLite opens (`LONGEST_PATH_BYTES`). That is
    refused before anything is made; then as many of its letters are of one byte as it needs.
    """
    chooser = random.Random(seed)
    worked: dict[str, int] = dict.fromkeys(_STEPS, 0)
    too_long = refused = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for number in range(paths):
            within = Path(folder) / str(number)
            letters = random_letters(chooser, number)
            if _length_bytes(within / in_folders(letters)) > LONGEST_PATH_BYTES:
                too_long += 1
                refused += _is_refused(within / in_folders(letters))
                letters = _shorter(letters, chooser, within)
            place = within / in_folders(letters)
            for step, works in _steps(DataDirectory(place), seed + number).items():
                worked[step] += _try(f"{step} in {str(place)!r}", works)
            shutil.rmtree(within, ignore_errors=True)
    for step, count in worked.items():
        yield Row(
            f"data directories of random names: {step}", count, "", f"{paths}", count == paths
        )
    yield Row(
        "names too long for SQLite, refused beforehand", refused, "", f"{too_long}",
        refused == too_long,
    )  # fmt: skip


def random_letters(chooser: random.Random, number: int) -> list[str]:
    """Return the letters of a name; every fifth has 200, the first of CJK alone."""
    alphabets = list(_ALPHABETS.values())
    if os.name == "nt":
        alphabets = ["".join(c for c in text if c not in '"') for text in alphabets]
    chosen = chooser.sample(alphabets, chooser.randint(1, 3)) if number else [_ALPHABETS["CJK"]]
    length = _LENGTH if number % 5 == 0 else chooser.randint(1, 20)
    return ["x", *(chooser.choice(chooser.choice(chosen)) for _ in range(length - 2)), "x"]


def in_folders(letters: Sequence[str]) -> Path:
    """Return a path of these letters, in as many folders as their names need."""
    parts, part = [], ""
    for letter in letters:
        if len((part + letter).encode()) > _LONGEST_NAME_BYTES:
            parts.append(part)
            part = ""
        part += letter
    return Path(*parts, part)


def _shorter(letters: Sequence[str], chooser: random.Random, within: Path) -> list[str]:
    """Return as many letters, of which the path can be opened."""
    kept = list(letters)
    while _length_bytes(within / in_folders(kept)) > LONGEST_PATH_BYTES:
        longer = [k for k, letter in enumerate(kept) if len(letter.encode()) > 1]
        kept[chooser.choice(longer)] = chooser.choice("abc xyz")
    return kept


def _length_bytes(path: Path) -> int:
    return len(os.fsencode(path)) if os.name == "posix" else 0


def _is_refused(path: Path) -> bool:
    try:
        DataDirectory(path)
    except BadInputError as error:
        return "SQLite" in str(error) and not path.parent.exists()
    return False


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
