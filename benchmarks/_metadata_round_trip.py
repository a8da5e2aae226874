"""Random start documents: each is equal when read back, or refused with the key named."""

import datetime
import math
import random
import string
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bluesky.plan_stubs as bps
import numpy as np
from benchmarks._measure import Row

from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals
from blueslice.errors import BadInputError
from blueslice.plans import single_pulse
from blueslice.rig import Rig, make_sim_rig
from blueslice.session import Session

__all__ = ["metadata_rows", "same"]

DOCUMENTS = 2000
# So many are in a run with light; the others in one that is opened and closed.
_EACH_LIT = 400
_WAIT_EACH = 100


def metadata_rows(seed: int, documents: int = DOCUMENTS) -> Iterator[Row]:
    """Record runs with random metadata, and compare what the catalogue has of them."""
    chooser = random.Random(seed)
    given: dict[str, dict[str, Any]] = {}
    refused = unnamed = lit_first = changed = lost = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        directory = DataDirectory(Path(folder) / "data")
        rig = make_sim_rig(seed % 1000, data_directory=directory, rows=24, columns=24, pace="fast")
        with Session(rig, directory) as session:
            session.allow_exposure()
            for number in range(documents):
                metadata = random_metadata(chooser)
                light = session.light()["used_s"]
                journals = len(list(find_journals(directory.journal))) if number % 50 == 0 else -1
                try:
                    given[_run(session, rig, metadata, lit=number % _EACH_LIT == 0)] = metadata
                except BadInputError as error:
                    refused += 1
                    unnamed += not _names_a_key(str(error), metadata)
                    is_left = 0 <= journals < len(list(find_journals(directory.journal)))
                    lit_first += session.light()["used_s"] > light or is_left
                if number % _WAIT_EACH == 0:
                    session.wait(120.0)
            session.wait(120.0)
            starts = {run.metadata["start"]["uid"]: run for run in session.catalogue.v3.values()}
            for uid, metadata in given.items():
                if uid not in starts:
                    lost += 1
                    continue
                start = starts[uid].metadata["start"]
                changed += not all(
                    key in start and same(metadata[key], start[key]) for key in metadata
                )
    yield Row("random start documents: recorded", len(given), "", "> 0", len(given) > 0)
    yield Row("random start documents: refused", refused, "", "> 0", refused > 0)
    yield Row("start documents changed when read back", changed, "", "0", changed == 0)
    yield Row("start documents that never arrived", lost, "", "0", lost == 0)
    yield Row("refusals that name no key", unnamed, "", "0", unnamed == 0)
    yield Row("refusals after light, or with a journal left", lit_first, "", "0", lit_first == 0)


def _run(session: Session, rig: Rig, metadata: dict[str, Any], *, lit: bool) -> str:
    if lit:
        lit_uids: Any = session.RE(single_pulse(rig, trials=1), **metadata)
        return lit_uids[0]

    def opened() -> Any:
        yield from bps.open_run(metadata)
        yield from bps.close_run()

    uids: Any = session.RE(opened())
    return uids[0]


def _names_a_key(text: str, metadata: Mapping[str, Any]) -> bool:
    names = [key for key in metadata if isinstance(key, str) and key.isprintable()]
    return "metadata" in text and (any(name in text for name in names) or "the key" in text)


def same(given: Any, read: Any) -> bool:
    """Tell whether what was read is what was given; tuples and arrays come back as lists."""
    if isinstance(given, np.ndarray | np.generic):
        given = given.tolist()
    if isinstance(given, Mapping):
        keys_match = isinstance(read, Mapping) and set(read) == set(given)
        return keys_match and all(same(given[key], read[key]) for key in given)
    if isinstance(given, list | tuple):
        is_list = isinstance(read, list | tuple) and len(read) == len(given)
        return is_list and all(map(same, given, read))
    if isinstance(given, bool) or given is None or isinstance(given, str):
        return type(given) is type(read) and given == read
    # Not 1 for 1.0 either, nor 0.0 for -0.0.
    is_number = type(given) is type(read) and given == read
    return is_number and math.copysign(1, given) == math.copysign(1, read)


def random_metadata(chooser: random.Random) -> dict[Any, Any]:
    """Return metadata of which about half could be kept."""
    harmless = chooser.random() < 0.4
    found: dict[Any, Any] = {}
    for number in range(chooser.randint(1, 5)):
        found[f"note_{number}_{_letters(chooser)}"] = _value(chooser, 3, harmless)
    if not harmless and chooser.random() < 0.1:
        key = chooser.choice(["a.b", "a/b", "", "tiled_specs", "uid", "time", "\udce9", "sample"])
        found[key] = chooser.choice([1, "x", ["y"]])
    return found


def _letters(chooser: random.Random) -> str:
    return "".join(chooser.choices(string.ascii_letters, k=4))


def _value(chooser: random.Random, depth: int, harmless: bool) -> Any:
    kind = chooser.random()
    if depth and kind < 0.15:
        return [_value(chooser, depth - 1, harmless) for _ in range(chooser.randint(0, 4))]
    if depth and kind < 0.3:
        count = chooser.randint(0, 4)
        return {_letters(chooser): _value(chooser, depth - 1, harmless) for _ in range(count)}
    if not harmless and kind > 0.9:
        return _unusual(chooser)
    return chooser.choice(
        [
            lambda: chooser.choice([None, True, False, 0, -1, 0.0, -0.0, 5e-324, 1 / 3]),
            lambda: chooser.randint(-(2**53) + 1, 2**53 - 1),
            lambda: chooser.uniform(-1, 1) * 10.0 ** chooser.randint(-300, 15),
            lambda: "".join(chr(chooser.randint(0, 0xD7FF)) for _ in range(chooser.randint(0, 9))),
            lambda: chr(chooser.randint(0x10000, 0x10FFFF)),
            lambda: tuple(range(chooser.randint(0, 3))),
            lambda: np.random.default_rng(chooser.getrandbits(32)).normal(size=(2, 2)),
            lambda: np.float32(chooser.random()),
            lambda: np.array(["a", "ü"]),
        ]
    )()


def _unusual(chooser: random.Random) -> Any:
    deep: list[Any] = []
    for _ in range(chooser.choice([45, 400, 5000])):
        deep = [deep]
    infinity = float("inf")
    kinds: tuple[list[Any], ...] = (
        [infinity, -infinity, float("nan"), 2**53, -(2**70), 1e300, 2**63, 10**400, deep, {1: 2}],
        [b"x", {1, 2}, 1j, Path("x"), datetime.datetime(2026, 1, 2), object(), print],
        ["\ud800", "caf\udce9", "\ud83d\ude00", {"\udfff": 1}, np.array([1.0, infinity])],
        [np.datetime64("2026-01-02"), np.uint64(2**64 - 1), np.longdouble(1) / 3, range(3)],
    )
    return chooser.choice(chooser.choice(kinds))
