"""The contents of files and folders after a power cut: what was synced, and what else is kept."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks._power_log import Kind, Record

__all__ = ["CutMode", "Tree", "content_of", "draw_mode", "tree_of", "write_tree"]

PAGE_BYTES = 4096
# Modes of fallocate().
_KEEP_SIZE, _PUNCH_HOLE, _ZERO_RANGE = 1, 2, 16

Tree = dict[str, Any]
"""A folder: by name, the bytes of each file and the tree of each folder."""


@dataclass(frozen=True)
class CutMode:
    """How much survives a cut of what was not synced.

    Attributes
    ----------
    writes : float
        Probability that a write is kept.
    pages : float
        Probability that a page is kept, of a kept write that spans several pages.
    sizes : float
        Probability that a write which is dropped has extended the file nevertheless.
    names : "none", "some" or "all"
        Which changes to the names in a folder are kept; "some" are the first few.
    """

    writes: float = 1.0
    pages: float = 1.0
    sizes: float = 0.0
    names: Literal["none", "some", "all"] = "all"


def draw_mode(chooser: random.Random) -> CutMode:
    return CutMode(
        writes=chooser.choice((0.0, 0.5, 0.9, 1.0)),
        pages=chooser.choice((1.0, 1.0, 0.5, 0.9)),
        sizes=chooser.choice((0.0, 0.5)),
        names=chooser.choice(("none", "some", "all")),
    )


def content_of(
    changes: Iterable[Record], synced: int, mode: CutMode, chooser: random.Random
) -> bytes:
    """Return the bytes of a file, the first `synced` of whose changes are certain."""
    content = bytearray()
    for number, record in enumerate(changes):
        if number < synced:
            _apply(content, record)
        elif chooser.random() < mode.writes:
            for part in _torn(record, mode.pages, chooser):
                _apply(content, part)
        elif record.kind == Kind.WRITE and chooser.random() < mode.sizes:
            _extend(content, record.offset + len(record.data))
    return bytes(content)


def _apply(content: bytearray, record: Record) -> None:
    end = record.offset + record.size
    if record.kind == Kind.WRITE:
        _extend(content, record.offset)
        content[record.offset : record.offset + len(record.data)] = record.data
    elif record.kind == Kind.TRUNCATE:
        del content[record.size :]
        _extend(content, record.size)
    elif record.flags & ~(_KEEP_SIZE | _PUNCH_HOLE | _ZERO_RANGE):
        raise NotImplementedError(f"fallocate with mode {record.flags}")
    else:
        if not record.flags & _KEEP_SIZE:
            _extend(content, end)
        if record.flags & (_PUNCH_HOLE | _ZERO_RANGE):
            zeroed = content[record.offset : end]
            content[record.offset : end] = bytes(len(zeroed))


def _extend(content: bytearray, size: int) -> None:
    content.extend(bytes(max(0, size - len(content))))


def _torn(record: Record, pages: float, chooser: random.Random) -> Iterator[Record]:
    """Yield the parts of a write that are kept; within one page it is all or nothing."""
    first, end = record.offset, record.offset + len(record.data)
    one_page = first // PAGE_BYTES == (end - 1) // PAGE_BYTES
    if record.kind != Kind.WRITE or pages >= 1.0 or one_page:
        yield record
        return
    while first < end:
        stop = min(end, (first // PAGE_BYTES + 1) * PAGE_BYTES)
        if chooser.random() < pages:
            data = record.data[first - record.offset : stop - record.offset]
            yield Record(Kind.WRITE, offset=first, data=data)
        first = stop


def tree_of(folder: Path) -> Tree:
    """Read a folder."""
    return {
        path.name: tree_of(path) if path.is_dir() else path.read_bytes()
        for path in sorted(folder.iterdir())
    }


def write_tree(folder: Path, tree: Tree) -> None:
    """Write a tree into an empty folder."""
    for name, content in tree.items():
        if isinstance(content, dict):
            (folder / name).mkdir(mode=0o700)
            write_tree(folder / name, content)
        else:
            (folder / name).write_bytes(content)
