"""The log of what a process writes: the library that records it, and the records."""

import ctypes
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

__all__ = [
    "Kind",
    "Record",
    "begin_recording",
    "build_recorder",
    "note_folder",
    "read_log",
    "tell_log",
]

_SOURCES = ("_power_record.c", "_power_record_contents.c", "_power_record_names.c")
# Of _power_record.h: kind, path_bytes, other_bytes, flags; inode, offset, size, data_bytes.
_HEAD = struct.Struct("<4I4Q")


class Kind(IntEnum):
    """Kinds of record, numbered as in _power_record.h."""

    TELL = 0
    CREATE = 1
    WRITE = 2
    TRUNCATE = 3
    ALLOCATE = 4
    RENAME = 5
    UNLINK = 6
    MKDIR = 7
    SYNC_BEGIN = 8
    SYNC_END = 9
    UNKNOWN = 10


@dataclass(frozen=True)
class Record:
    """A call that has returned.

    Attributes
    ----------
    kind : Kind
        The kind of call.
    path, other : str
        Absolute paths; `other` is the new name in a rename.
    inode : int
        The file or folder; 0 in a sync of everything.
    offset : int
        Where a write or an allocation begins; in a sync, a number shared by its begin and its end.
    size : int
        The new size of a file, or the bytes allocated.
    flags : int
        The mode of an allocation.
    data : bytes
        What was written, or the text of a message.
    """

    kind: Kind
    path: str = ""
    other: str = ""
    inode: int = 0
    offset: int = 0
    size: int = 0
    flags: int = 0
    data: bytes = b""

    def packed(self) -> bytes:
        path, other = self.path.encode(), self.other.encode()
        head = (self.kind, len(path), len(other), self.flags)
        rest = (self.inode, self.offset, self.size, len(self.data))
        return _HEAD.pack(*head, *rest) + path + other + self.data


def read_log(path: Path) -> list[Record]:
    """Read all records.

    Raises
    ------
    NotImplementedError
        When it holds a call that cannot be replayed.
    """
    content, at, records = path.read_bytes(), 0, []
    while at < len(content):
        kind, path_bytes, other_bytes, flags, inode, offset, size, count = _HEAD.unpack_from(
            content, at
        )
        at += _HEAD.size
        ends = (at, at + path_bytes, at + path_bytes + other_bytes)
        at = ends[2] + count
        name, other = (content[ends[i] : ends[i + 1]].decode() for i in (0, 1))
        if kind == Kind.UNKNOWN:
            raise NotImplementedError(
                f"the log holds a call that cannot be replayed: {name} on {other}"
            )
        data = content[ends[2] : at]
        records.append(Record(Kind(kind), name, other, inode, offset, size, flags, data))
    return records


def build_recorder(folder: Path) -> Path | None:
    """Compile the library; None where there is no gcc, or no Linux."""
    gcc = shutil.which("gcc")
    if sys.platform != "linux" or gcc is None:
        return None
    library = folder / "power_record.so"
    here = Path(__file__).parent
    sources = [str(here / name) for name in _SOURCES]
    subprocess.run([gcc, "-shared", "-fPIC", "-O2", "-o", str(library), *sources], check=True)
    return library


def begin_recording(folder: Path, log: Path, *, slow_us: int = 0) -> None:
    """Record what this process, in which the library is preloaded, and its children write.

    Parameters
    ----------
    folder : pathlib.Path
        Files below it are recorded.
    log : pathlib.Path
        Where, outside of the folder.
    slow_us : int
        How much longer each sync takes, in us.
    """
    os.environ["POWER_RECORD_FOLDER"] = str(folder.resolve())
    os.environ["POWER_RECORD_LOG"] = str(log)
    os.environ["POWER_RECORD_SLOW_US"] = str(slow_us)
    ctypes.CDLL(None).power_record_begin()


def tell_log(**what: Any) -> None:
    """Put a message into the log, between what was written before and after it."""
    ctypes.CDLL(None).power_record_tell(json.dumps(what).encode())


def note_folder(folder: Path, log: Path) -> None:
    """Begin a log with the present content of a folder, as if it had just been synced."""
    with log.open("xb") as file:
        for record in _making(folder.resolve()):
            file.write(record.packed())


def _making(folder: Path) -> Iterator[Record]:
    for path in (folder, *sorted(folder.rglob("*"))):
        inode = path.stat().st_ino
        if path.is_dir():
            yield Record(Kind.MKDIR, str(path), inode=inode)
        else:
            yield Record(Kind.CREATE, str(path), inode=inode)
            yield Record(Kind.WRITE, inode=inode, data=path.read_bytes())
    yield Record(Kind.SYNC_BEGIN)
    yield Record(Kind.SYNC_END)
    yield Record(Kind.TELL, data=json.dumps({"told": "begun"}).encode())
