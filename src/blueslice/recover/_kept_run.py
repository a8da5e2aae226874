"""What a journal says of its run, without the numbers of its events."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from blueslice._trial_checksum import CHECKSUM_KEY
from blueslice.callbacks.journal_files import JournalDamage, read_damaged_journal

__all__ = ["KeptRun", "cut_line_bytes", "read_run"]


@dataclass(frozen=True)
class KeptRun:
    """One run as its journal and what was added beside it have it.

    Attributes
    ----------
    path : pathlib.Path
        The journal.
    start : mapping
        Its start document.
    stop : mapping or None
        Its stop document.
    descriptors : dict of str to mapping
        By the name of the stream.
    resources : dict of str to mapping
        Its stream resources, by data key.
    taken : Counter of str
        Up to where the documents count each data key's trials.
    events : Counter of str
        Events of each stream.
    logged_trials : tuple of int
        Numbers in the stream ``trials``.
    dff_trials : tuple of int
        Trials in the stream ``dff``, 1 for the first of the raw run.
    last_s : float
        Time of the latest document.
    cut_off_told : bool
        Whether the light of the trial in hand, cut off by a pause or a fault, was told.
    checksums : dict of int to dict of str to int
        By the trial's number in the stream ``trials``: its checksum in each device's file.
    damage : tuple of JournalDamage
        Lines of the journal that are not as they were written.
    """

    path: Path
    start: Mapping[str, Any]
    stop: Mapping[str, Any] | None = None
    descriptors: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    resources: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    logged_trials: tuple[int, ...] = ()
    dff_trials: tuple[int, ...] = ()
    last_s: float = 0.0
    cut_off_told: bool = False
    checksums: dict[int, dict[str, int]] = field(default_factory=dict)
    damage: tuple[JournalDamage, ...] = ()

    @property
    def uid(self) -> str:
        """The run's uid."""
        return self.start["uid"]

    @property
    def raw_run(self) -> str:
        """Of a derived run of dF/F, the uid of the run that it is of; else empty."""
        return self.start.get("raw_run", "") if self.start.get("purpose") == "dff" else ""

    @property
    def what(self) -> str:
        """Name of its plan, or that it is dF/F."""
        return f"dF/F of {self.raw_run[:8]}" if self.raw_run else self.start.get("plan_name", "")

    @property
    def recorded_keys(self) -> tuple[str, ...]:
        """Data keys of the stream ``primary`` that are in files."""
        keys = self.descriptors.get("primary", {}).get("data_keys", {})
        return tuple(name for name, key in keys.items() if key.get("external"))

    def place_of(self, number: int) -> int:
        """Return the index in the files of the trial with a number in the stream ``trials``."""
        planned = self.start.get("trial_table", {}).get("number", [])
        return planned.index(number) if number in planned else number - 1

    @property
    def trials(self) -> int:
        """How many trials the documents count for every recording: decision 6."""
        return min((self.taken[key] for key in self.recorded_keys), default=0)


def read_run(path: Path) -> KeptRun | None:
    """Read what is intact of a journal, and what was added beside it.

    Returns
    -------
    KeptRun or None
        None when it has no start document, or that is damaged.

    Raises
    ------
    StorageError
        When it cannot be read.
    """
    found: KeptRun | None = None
    stop: Mapping[str, Any] | None = None
    name_of: dict[str, str] = {}  # uid of a descriptor or a resource -> stream or data key
    logged: list[int] = []
    derived: list[int] = []
    last_s, cut_off_told = 0.0, False
    documents, damage = read_damaged_journal(path)
    for name, doc in documents:
        last_s = max(last_s, doc.get("time", 0.0))
        if name == "start":
            found = KeptRun(path, doc)
        elif found is None:
            return None
        elif name == "descriptor":
            found.descriptors[doc["name"]] = doc
            name_of[doc["uid"]] = doc["name"]
        elif name == "stream_resource":
            found.resources[doc["data_key"]] = doc
            name_of[doc["uid"]] = doc["data_key"]
        elif name == "stream_datum":
            key = name_of.get(doc["stream_resource"], "")
            found.taken[key] = max(found.taken[key], doc["indices"]["stop"])
        elif name == "event":
            stream = name_of.get(doc["descriptor"], "")
            found.events[stream] += 1
            if stream in ("trials", "cut_off"):
                cut_off_told = stream == "cut_off"
            if stream == "trials" and "trial-number" in doc["data"]:
                number = doc["data"]["trial-number"]
                logged.append(number)
                found.checksums[number] = {
                    key.removesuffix(CHECKSUM_KEY): int(value)
                    for key, value in doc["data"].items()
                    if key.endswith(CHECKSUM_KEY)
                }
            elif stream == "dff":
                derived.append(doc["data"]["trial"])
        elif name == "event_page":
            found.events[name_of.get(doc["descriptor"], "")] += len(doc["seq_num"])
        elif name == "stop":
            stop = doc
    if found is None:
        return None
    return KeptRun(
        path, found.start, stop, found.descriptors, found.resources, found.taken, found.events,
        tuple(logged), tuple(derived), last_s, cut_off_told, found.checksums, tuple(damage),
    )  # fmt: skip


def cut_line_bytes(path: Path) -> int:
    """Return the length of a last line that was being written, 0 when there is none."""
    last = b""
    with path.open("rb") as file:
        for line in file:
            last = line
    if last.endswith(b"\n") or not last:
        return 0
    try:
        json.loads(last)
    except ValueError:
        return len(last)
    return 0
