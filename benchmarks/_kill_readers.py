"""What readers of a data directory find in it, of runs that were killed and recovered."""

import contextlib
import zlib
from typing import Any

import numpy as np

__all__ = ["BLOCK_FRAMES", "runs_in_catalogue", "runs_in_documents", "state_of"]

BLOCK_FRAMES = 10


def state_of(directory: Any) -> list[Any]:
    """Return all bytes of journals and all rows of the catalogue."""
    import sqlite3

    files = sorted(directory.journal.rglob("*.jsonl*"))
    found: list[Any] = [(str(path), zlib.crc32(path.read_bytes())) for path in files]
    for name in ("catalogue.db", "tables.db"):
        if not (directory.catalogue / name).exists():
            continue
        with contextlib.closing(sqlite3.connect(directory.catalogue / name)) as database:
            tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in sorted(tables.fetchall()):
                rows = database.execute(f'SELECT * FROM "{table}"').fetchall()
                found.append((name, table, len(rows), zlib.crc32(repr(rows).encode())))
    return found


def runs_in_catalogue(directory: Any) -> list[dict[str, Any]]:
    """Return what a reader of the catalogue finds of each run."""
    from blueslice.broker import open_catalogue

    seen = []
    for run in open_catalogue(directory).v3.values():
        start, stop = run.metadata["start"], run.metadata.get("stop") or {}
        facts: dict[str, Any] = {
            "uid": start["uid"],
            "raw_run": start.get("raw_run", ""),
            "stop": stop,
            "trials": 0,
        }
        streams = list(run)
        if "dff" in streams:
            facts["dff"] = [int(number) for number in run["dff"].read()["trial"].values]
        if "primary" in streams and "camera" in list(run["primary"]):
            keys = ("camera", "camera-counter", "amplifier-voltage")
            facts.update(facts_of(*(np.asarray(run["primary"][key].read()) for key in keys)))
        if "trials" in streams:
            # A stream that was declared and got no event has no columns.
            table = run["trials"].read()
            entries = table["trial-number"].values if "trial-number" in table else ()
            facts["entries"] = [int(number) for number in entries]
        seen.append(facts)
    return seen


def facts_of(camera: Any, counter: Any, voltage: Any) -> dict[str, Any]:
    whole = len(counter) == len(voltage) == len(camera) and np.isfinite(voltage).all()
    # The camera's dark level is far above 0, with which HDF5 fills what was never written.
    whole = whole and (camera > 0).all()
    return {
        "trials": len(camera),
        "crc": [checksum(trial) for trial in camera],
        # A session that is struck within a trial's last block has told of all but that.
        "crc_but_last": [checksum(trial[:-BLOCK_FRAMES]) for trial in camera],
        "whole": bool(whole and (counter == np.arange(counter.shape[1])).all()),
    }


def checksum(frames: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(frames, "<u2").tobytes())


def runs_in_documents(directory: Any) -> list[dict[str, Any]]:
    """Return what a reader of journals and files finds of each run."""
    from urllib.parse import unquote, urlparse

    import h5py

    from blueslice.callbacks import find_journals, read_journal

    seen = []
    for path in find_journals(directory.journal):
        documents = list(read_journal(path))
        if not documents:
            continue
        start = documents[0][1]
        facts: dict[str, Any] = {"uid": start["uid"], "raw_run": start.get("raw_run", "")}
        facts |= {"stop": {}, "trials": 0, "dff": [], "entries": []}
        files = {doc["data_key"]: doc for name, doc in documents if name == "stream_resource"}
        ends: dict[str, int] = {}
        for name, doc in documents:
            if name == "stop":
                facts["stop"] = doc
            elif name == "stream_datum":
                ends[doc["stream_resource"]] = doc["indices"]["stop"]
            elif name == "event" and "trial" in doc["data"]:
                facts["dff"].append(doc["data"]["trial"])
            elif name == "event" and "trial-number" in doc["data"]:
                facts["entries"].append(doc["data"]["trial-number"])
        arrays = []
        for key in ("camera", "camera-counter", "amplifier-voltage") if files else ():
            address = unquote(urlparse(files[key]["uri"]).path)
            with h5py.File(address, "r", swmr=True) as file:
                arrays.append(np.asarray(file[key])[: ends[files[key]["uid"]]])
        seen.append(facts | (facts_of(*arrays) if arrays else {}))
    return seen
