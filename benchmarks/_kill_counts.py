"""What is left of sessions that were killed, counted against what they had told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Tally", "count_session"]


@dataclass
class Tally:
    """What was counted.

    Attributes
    ----------
    kills : int
        Processes that a SIGKILL ended.
    completed : int
        Trials that the documents counted before the kill.
    lost : int
        Of those, the ones that a reader of the catalogue does not find frame by frame.
    duplicated : int
        Trials, or dF/F of trials, that are there twice.
    added : int
        Trials that were whole in the files though no document counted them.
    torn : int
        Trials in hand that are marked with their true length.
    faults : list of str
        Whatever else was not as it has to be.
    """

    kills: int = 0
    completed: int = 0
    lost: int = 0
    duplicated: int = 0
    added: int = 0
    torn: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def count_session(
    told: list[dict[str, Any]], runs: Mapping[str, dict[str, Any]], tally: Tally
) -> None:
    uid = next((one["uid"] for one in told if one["told"] == "run"), None)
    if uid is None:
        return
    counted: dict[str, int] = {}
    frames: dict[int, dict[str, Any]] = {}
    for one in told:
        if one["told"] == "counted":
            counted[one["key"]] = max(counted.get(one["key"], 0), one["trials"])
        elif one["told"] == "frames":
            frames[one["trial"]] = one
    completed = min(counted.values(), default=0) if len(counted) == 8 else 0
    tally.completed += completed
    run = runs.get(uid)
    if run is None:
        tally.lost += completed
        tally.faults.append(f"run {uid} is not in the catalogue")
        return
    sums = run.get("crc", [])
    tally.lost += sum(
        trial >= len(sums) or sums[trial] != frames[trial]["crc"] for trial in range(completed)
    )
    tally.duplicated += len(sums) - len(set(sums))
    if sums and not run["whole"]:
        tally.faults.append(f"run {uid}: a recording is shorter than the others, or has gaps")
    for trial in range(completed, len(sums)):
        tally.added += 1
        if frames[trial]["crc"] not in (sums[trial], run["crc_but_last"][trial]):
            tally.faults.append(f"run {uid}: trial {trial + 1} was added with other frames")
    count_dff(run, runs, tally)
    mark = run["stop"].get("recovered") or {}
    entries = run.get("entries", [])
    if set(entries) | set(mark.get("without_entry", [])) != set(range(1, len(sums) + 1)):
        tally.faults.append(f"run {uid}: neither an entry nor its absence is told of a trial")
    if (torn := mark.get("torn_trial")) is not None:
        tally.torn += 1
        known = frames.get(torn["number"] - 1, {"frames": 0})["frames"]
        length = torn["frames"]["camera"]
        # The block in hand at the kill may be there, or not be told of yet.
        if not known <= length <= known + 10:
            tally.faults.append(f"run {uid}: torn trial of {known} frames marked with {length}")


def count_dff(run: Mapping[str, Any], runs: Mapping[str, dict[str, Any]], tally: Tally) -> None:
    numbers = [
        number
        for one in runs.values()
        if one["raw_run"] == run["uid"]
        for number in one.get("dff", ())
    ]
    tally.duplicated += len(numbers) - len(set(numbers))
    if set(numbers) != set(range(1, run["trials"] + 1)):
        tally.faults.append(f"run {run['uid']}: {run['trials']} trials, dF/F of {sorted(numbers)}")
