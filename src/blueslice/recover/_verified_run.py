"""One run held against its checksums: lines of its journal, images and samples of its trials."""

from pathlib import Path
from typing import Any

import numpy as np

from blueslice._trial_checksum import CHECKSUMS, FRAMES_RECORDED, trial_checksum
from blueslice.callbacks.journal_files import (
    JournalDamage,
    read_damaged_journal,
    supplement_of,
)
from blueslice.recover._kept_run import KeptRun, cut_line_bytes
from blueslice.recover._open_raw import open_raw
from blueslice.recover._raw_files import files_of
from blueslice.recover._trial_fault import trial_fault
from blueslice.recover.report import RunVerification

__all__ = ["describe_damage", "device_files", "verified_files", "verified_journal"]


def verified_journal(path: Path, run: KeptRun | None) -> list[str]:
    """Return what is wrong with a journal, and with what was added beside it.

    Parameters
    ----------
    path : Path
        The journal.
    run : KeptRun or None
        What was read from it.
    """
    damage = read_damaged_journal(path)[1] if run is None else run.damage
    faults = list(map(describe_damage, damage))
    cut = {file: cut_line_bytes(file) for file in (path, supplement_of(path)) if file.exists()}
    faults += [f"{file}: its last line is cut off after {n} bytes" for file, n in cut.items() if n]
    return faults


def describe_damage(damage: JournalDamage) -> str:
    """Return a damaged line in words."""
    return f"{damage.path}: line {damage.line} is damaged: {damage.reason}"


def device_files(run: KeptRun) -> dict[str, tuple[Path, int]]:
    """Return the raw files of a run and how many trials the documents count in each, by device."""
    files = files_of(run)
    found: dict[str, tuple[Path, int]] = {}
    for descriptor in run.descriptors.values():
        for device, keys in descriptor.get("object_keys", {}).items():
            for key in keys:
                if key in files:
                    trials = run.trials if key in run.recorded_keys else run.taken[key]
                    found[device] = (files[key], trials)
    return found


def verified_files(run: KeptRun, *, growing: bool = False) -> RunVerification:
    """Read all trials of a run that its documents count, and compare them with their checksums.

    Parameters
    ----------
    run : KeptRun
        The run.
    growing : bool
        Whether a session acquires it now.
    """
    files = device_files(run)
    readable = set(range(run.trials))
    unproved = False
    faults: list[str] = []
    for device, (path, trials) in files.items():
        fault_of, has_checksums = _faults(run, device, path, range(trials), growing=growing)
        unproved = unproved or not has_checksums
        readable -= fault_of.keys()
        # A file that cannot be read at all has the same fault in all trials.
        for fault in dict.fromkeys(fault_of.values()):
            places = [place + 1 for place, its in fault_of.items() if its == fault]
            numbers = ", ".join(map(str, places))
            faults.append(f"trial{'s' * (len(places) > 1)} {numbers}: {path}: {fault}")
    return RunVerification(
        uid=run.uid,
        journal=str(run.path),
        what=run.what,
        trials=run.trials,
        readable_trials=len(readable) if files else None,
        has_checksums=bool(files) and not unproved,
        faults=tuple(faults),
    )


def _faults(
    run: KeptRun, device: str, path: Path, places: range, *, growing: bool
) -> tuple[dict[int, str], bool]:
    """Return what is wrong with trials of a device's file, and whether it has checksums."""
    if not path.is_file():
        return dict.fromkeys(places, "the file is not there"), True
    noted = {
        run.place_of(number): of_device[device]
        for number, of_device in run.checksums.items()
        if device in of_device
    }
    try:
        with open_raw(path, growing=growing) as file:
            if CHECKSUMS not in file:
                if noted:
                    return dict.fromkeys(places, "the file has no checksums, its events do"), True
                return _without_checksums(file, places), False
            _read_headers(file)
            found = {place: _fault(file, place, noted.get(place)) for place in places}
            return {place: fault for place, fault in found.items() if fault}, True
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        return dict.fromkeys(places, f"the file cannot be read ({reason})"), True


def _fault(file: Any, place: int, noted: int | None) -> str:
    try:
        if fault := trial_fault(file, place):
            return fault
        row = [int(value) for value in np.asarray(file[CHECKSUMS][place])]
    except (OSError, RuntimeError, KeyError) as error:
        return f"it cannot be read ({' '.join(str(error).split())})"
    if noted is not None and noted != trial_checksum(row):
        return "it is another recording than the one that its event names"
    return ""


def _read_headers(file: Any) -> None:
    """Read what describes the data; HDF5 checks its own checksums of it."""
    dict(file.attrs)
    for name in file:
        dataset = file[str(name)]
        dict(dataset.attrs)
        _ = dataset.shape, dataset.dtype, dataset.chunks, dataset.fillvalue, dataset.maxshape


def _without_checksums(file: Any, places: range) -> dict[int, str]:
    """Tell of trials that are not there; the others cannot be judged."""
    counts = file[FRAMES_RECORDED]
    return {place: "it is not in the file" for place in places if place >= len(counts)}
