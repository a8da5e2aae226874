"""Crashes, the catalogue away and full disks: the rows of the robustness benchmark."""

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from benchmarks._catalogue_away import KINDS, TRIALS, lose_catalogue
from benchmarks._disk_full import FULL_AT, WAYS, fill_disk, small_disk
from benchmarks._disk_full import TRIALS as DISK_TRIALS
from benchmarks._kills import Tally, count_kills, count_special_kills
from benchmarks._measure import Row

__all__ = ["away_rows", "disk_rows", "kill_rows"]

KILLS = 200
MOST_WAIT_MS = 50.0


def kill_rows(seed: int, kills: int = KILLS) -> Iterator[Row]:
    """Kill acquisitions, then what recovers them."""
    tally = count_kills(seed, kills)
    yield Row(
        "sessions: killed as often as asked", tally.kills, "", str(kills), tally.kills == kills
    )
    yield from tally_rows("sessions", tally)
    yield from tally_rows("recover, new catalogues, sessions with one", count_special_kills(seed))


def tally_rows(what: str, tally: Tally) -> Iterator[Row]:
    yield Row(f"{what}: killed", tally.kills, "processes")
    yield Row(f"{what}: trials completed before", tally.completed, "trials")
    yield Row(f"{what}: trials added from the files", tally.added, "trials")
    yield Row(f"{what}: torn trials marked", tally.torn, "trials")
    yield Row(f"{what}: completed trials lost", tally.lost, "trials", "0", tally.lost == 0)
    duplicated = tally.duplicated
    yield Row(f"{what}: trials duplicated", duplicated, "trials", "0", duplicated == 0)
    yield Row(f"{what}: other faults", len(tally.faults), "", "0", not tally.faults)
    for fault in tally.faults:
        yield Row(f"    {fault}", 1.0, "", "", False)


def away_rows(seed: int) -> Iterator[Row]:
    """Lose the catalogue in each way."""
    for kind in KINDS:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            warnings.catch_warnings(action="ignore"),
        ):
            away = lose_catalogue(kind, seed, Path(folder) / "data")
        name = f"catalogue {kind}"
        wait_ms = 1e3 * max(away.waits_s)
        bound, within = f"<= {MOST_WAIT_MS:g}", wait_ms <= MOST_WAIT_MS
        yield Row(f"{name}: RunEngine waits at most, per trial", wait_ms, "ms", bound, within)
        whole = away.kept == away.expected
        yield Row(f"{name}: trials acquired", away.kept, "trials", f"{away.expected}", whole)
        if kind == "restarted":
            by_itself, all_did = away.by_itself, away.by_itself == TRIALS
            yield Row(f"{name}: of the next run, by itself", by_itself, "", f"{TRIALS}", all_did)
        yield Row(f"{name}: missing after recover", away.missing, "", "0", away.missing == 0)
        yield Row(f"{name}: most that waited for it", away.most_waiting_bytes / 1024, "KiB")


def disk_rows() -> Iterator[Row]:
    """Fill the disk of the raw files, let it hang, and let it be slow."""
    for how in WAYS:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            yield from disk_row(f"disk ({how})", Path(folder) / "data", how, FULL_AT)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        told = fill_disk(Path(folder) / "data", "slow")
        clean = told["ends"] == ["success"] and not told["error"]
        kept = clean and told["kept"] == told["dff"] == DISK_TRIALS
        yield Row("disk (slow): trials kept", told["kept"], "trials", f"{DISK_TRIALS}", kept)
    with small_disk() as folder:
        if folder is None:
            yield Row("disk (tmpfs): not tried, mounting one needs root", 0.0, "")
        else:
            yield from disk_row("disk (tmpfs)", folder / "data", "tmpfs", 1)


def disk_row(name: str, folder: Path, how: str, expected: int) -> Iterator[Row]:
    told = fill_disk(folder, how)
    clean = told["ends"] == ["fail"] and not told["lit"] and not told["problems"]
    step = "check the disk" if how == "hangs" else "free space"
    reasoned = step in told["error"] and "\n" not in told["error"]
    if how != "tmpfs":  # there it is refused before the trial begins
        reasoned = reasoned and f"trial {expected + 1} is lost" in told["error"]
    kept = told["kept"] == told["dff"] == expected
    yield Row(f"{name}: trials kept", told["kept"], "trials", f"{expected}", kept)
    yield Row(f"{name}: ends dark, says why", 1.0, "", "1", clean and reasoned)
    yield Row(f"    {told['error']}", 0.0, "")
