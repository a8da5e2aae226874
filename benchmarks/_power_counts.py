"""What is left after a power cut and `recover`, compared with what the session had reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks._kill_children import COLUMNS, ROWS
from benchmarks._kill_readers import runs_in_catalogue, state_of
from benchmarks._power_readers import FoundRun, checksums, kept_files, runs_on_disk
from benchmarks._power_reports import is_reported

__all__ = ["PowerTally", "count_cut"]

_MOST_TOLD = 3  # losses of one cut


@dataclass
class PowerTally:
    """Counts over a number of power cuts.

    Attributes
    ----------
    cuts : int
        Power cuts.
    completed : int
        Trials that the session had reported as complete before the cut.
    lost : int
        Those of them whose frames and voltage cannot be read as they were recorded.
    unreported : int
        Those of the lost that neither the report of `recover` nor the stop document mentions.
    added : int
        Trials that were complete in the files though no document counted them.
    overclaimed : int
        Runs whose documents count more trials than can be read.
    losses : list of str
        What was lost, and why it cannot be read.
    faults : list of str
        Anything else that is wrong.
    """

    cuts: int = 0
    completed: int = 0
    lost: int = 0
    unreported: int = 0
    added: int = 0
    overclaimed: int = 0
    losses: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "PowerTally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def count_cut(
    data: Path,
    known: list[dict[str, Any]],
    all_told: list[dict[str, Any]],
    *,
    catalogue: bool,
    again: bool,
) -> PowerTally:
    """Recover a data directory after a power cut, and compare it with what had been reported.

    Parameters
    ----------
    data : Path
        The data directory.
    known : list of mapping
        What had been reported before the cut.
    all_told : list of mapping
        What the session reported until its end: the checksums of all trials.
    catalogue : bool
        Whether to recover the catalogue as well, and to look for the trials there.
    again : bool
        Whether to check that a second `recover` changes nothing, and that a session can be opened.
    """
    from blueslice.broker import DataDirectory
    from blueslice.errors import BluesliceError
    from blueslice.recover import recover

    told = [one for one in known if one["told"] == "trial"]
    tally = PowerTally(cuts=1, completed=len(told))
    directory, report = DataDirectory(data), None
    if not directory.path.is_dir():
        _lose(tally, told, "the data directory is gone", reported=False)
        return tally
    before = kept_files(directory)
    refused = ""
    try:
        report = recover(directory, catalogue=catalogue)
    except BluesliceError as error:
        refused = str(error)
        tally.faults.append(f"recover refused: {error}")
    except Exception as error:
        tally.faults.append(f"recover failed: {type(error).__name__}: {error}")
    after = kept_files(directory)
    tally.faults += [
        f"recover has changed {path.name}" for path, crc in before.items() if after.get(path) != crc
    ]
    runs = runs_on_disk(directory)
    for one in told:
        if checksums(runs, one) != one["sums"]:
            said = bool(refused) or (report is not None and is_reported(report, runs, one))
            _lose(tally, [one], _why(runs, one), reported=said)
    if report is not None:
        untold = [one for one in all_told if one["told"] == "trial" and one not in told]
        _count_runs(runs, report, untold, tally)
    if catalogue and report is not None:
        _look_in_catalogue(directory, runs, told, tally)
    if again and report is not None:
        before_again = state_of(directory)
        if recover(directory, catalogue=catalogue).changed or state_of(directory) != before_again:
            tally.faults.append("a second recover changed something")
        _open_session(directory, tally)
    return tally


def _lose(tally: PowerTally, told: list[dict[str, Any]], why: str, *, reported: bool) -> None:
    tally.lost += len(told)
    tally.unreported += 0 if reported else len(told)
    for one in told[: _MOST_TOLD - len(tally.losses)]:
        said = "" if reported else "not reported, "
        tally.losses.append(f"trial {one['number']} of {one['run'][:8]}: {said}{why}")


def _why(runs: Mapping[str, FoundRun], told: Mapping[str, Any]) -> str:
    run = runs.get(told["run"])
    if run is None:
        return "its journal is gone or has no first line"
    if told["number"] > run.claimed:
        return run.problem or f"the run has {run.claimed} trials"
    found = run.trials[told["number"] - 1]
    return run.problem if found is None else "other frames or samples"


def _count_runs(
    runs: Mapping[str, FoundRun], report: Any, untold: list[dict[str, Any]], tally: PowerTally
) -> None:
    expected = {(one["run"], one["number"]): one for one in untold}
    problems = {one.uid for one in report.runs if one.problem}
    tally.added += sum(len(one.added_trials) for one in report.runs)
    for run in runs.values():
        name = run.uid[:8]
        tally.overclaimed += None in run.trials
        if not run.stop and not run.problem and run.uid not in problems:
            tally.faults.append(f"run {name} has no stop and no problem")
        for number, found in enumerate(run.trials, 1):
            one = expected.get((run.uid, number))
            # Those that were told before are counted as lost.
            if one and found is not None and found != one["sums"]:
                tally.faults.append(f"run {name}: trial {number} has other frames or samples")
        derived = [other for other in runs.values() if other.raw_run == run.uid]
        numbers = [number for other in derived for number in other.dff]
        whole = None not in run.trials and run.uid not in problems
        # The first is a blank, which shows no spine to measure in.
        if whole and len(run.trials) > 1 and set(numbers) != set(range(1, len(run.trials) + 1)):
            trials = len(run.trials)
            tally.faults.append(f"run {name}: {trials} trials, dF/F of {sorted(numbers)}")


def _open_session(directory: Any, tally: PowerTally) -> None:
    from blueslice.rig import make_sim_rig
    from blueslice.session import Session

    try:
        rig = make_sim_rig(0, data_directory=directory, rows=ROWS, columns=COLUMNS)
        Session(rig, directory, catalogue=False).close()
    except Exception as error:
        tally.faults.append(f"no session can be opened: {type(error).__name__}: {error}")


def _look_in_catalogue(
    directory: Any, runs: Mapping[str, FoundRun], told: list[dict[str, Any]], tally: PowerTally
) -> None:
    try:
        found = {run["uid"]: run.get("crc", []) for run in runs_in_catalogue(directory)}
    except Exception as error:
        tally.faults.append(f"the catalogue cannot be read: {type(error).__name__}: {error}")
        return
    for one in told:
        sums = found.get(one["run"], [])[one["number"] - 1 : one["number"]]
        if checksums(runs, one) == one["sums"] and sums != one["sums"][:1]:
            tally.faults.append(f"trial {one['number']} of {one['run'][:8]} is in no catalogue")
