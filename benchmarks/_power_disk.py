"""A model of a disk: which files a power cut may leave, given all writes and syncs before it.

The model is as strict as POSIX allows:

- What was written to a file before an `fsync` of it began is certain once that `fsync` has
  returned. Each later write and change of size is kept or dropped, in any combination; of a write
  that spans several pages, each page. Bytes that a file gained without their content read as zeros.
- The names in a folder are certain once an `fsync` of the folder has returned. Of the later
  changes to each folder (files made, renamed, removed) the first few are kept. A rename is atomic.
- A file without a name is gone, however often it was synced, and so is everything in a folder
  without a name.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from benchmarks._power_files import CutMode, Tree, content_of
from benchmarks._power_log import Kind, Record

__all__ = ["Disk"]


@dataclass(eq=False)
class _Node:
    """A file or folder: its changes and syncs in order, each with its position in the log."""

    is_folder: bool
    changes: list[tuple[int, Any]] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)  # where it returned, its changes
    names: dict[str, "_Node"] = field(default_factory=dict)  # of a folder, so far

    def synced(self, position: int) -> int:
        """Return how many changes are certain."""
        return max((count for end, count in self.syncs if end < position), default=0)

    def done(self, position: int) -> list[Any]:
        """Return the changes made so far."""
        return [change for at, change in self.changes if at < position]


@dataclass(frozen=True)
class _Names:
    """One change to the names in a folder; None for a name that is removed.

    A move from one folder to another changes both: `beside` is the other folder, with the index of
    its change.
    """

    names: Mapping[str, _Node | None]
    beside: tuple[_Node, int] | None = None


class Disk:
    """A folder as a log describes it.

    Parameters
    ----------
    folder : pathlib.Path
        The folder that was recorded.
    records : list of Record
        The log, beginning with what `note_folder` wrote.

    Attributes
    ----------
    length : int
        The number of records. The power can be cut before each of them, and after the last.
    """

    def __init__(self, folder: Path, records: list[Record]) -> None:
        self.length = len(records)
        self._root = PurePosixPath(folder.resolve())
        self._top = _Node(is_folder=True)
        self._folders = [self._top]
        self._nodes: dict[int, _Node] = {}
        self._syncs: dict[int, list[tuple[_Node, int]]] = {}
        for at, record in enumerate(records):
            self._take(at, record)

    def _take(self, at: int, record: Record) -> None:
        match record.kind:
            case Kind.TELL:
                pass
            case Kind.MKDIR if PurePosixPath(record.path) == self._root:
                self._nodes[record.inode] = self._top
            case Kind.CREATE | Kind.MKDIR:
                node = self._nodes[record.inode] = _Node(record.kind == Kind.MKDIR)
                if node.is_folder:
                    self._folders.append(node)
                folder, name = self._place(record.path)
                self._rename(at, folder, _Names({name: node}))
            case Kind.UNLINK:
                folder, name = self._place(record.path)
                self._rename(at, folder, _Names({name: None}))
            case Kind.RENAME:
                self._move(at, self._place(record.path), self._place(record.other))
            case Kind.SYNC_BEGIN:
                nodes = [self._nodes[record.inode]] if record.inode else self._nodes.values()
                self._syncs[record.offset] = [(node, len(node.changes)) for node in nodes]
            case Kind.SYNC_END:
                for node, count in self._syncs.pop(record.offset):
                    node.syncs.append((at, count))
            case _:
                self._nodes[record.inode].changes.append((at, record))

    def _place(self, path: str) -> tuple[_Node, str]:
        *above, name = PurePosixPath(path).relative_to(self._root).parts
        folder = self._top
        for step in above:
            folder = folder.names[step]
        return folder, name

    def _rename(self, at: int, folder: _Node, change: _Names) -> None:
        folder.changes.append((at, change))
        _take_names(folder.names, change)

    def _move(self, at: int, source: tuple[_Node, str], target: tuple[_Node, str]) -> None:
        (old, old_name), (new, new_name) = source, target
        node = old.names[old_name]
        if old is new:
            self._rename(at, old, _Names({old_name: None, new_name: node}))
            return
        here, there = len(old.changes), len(new.changes)
        self._rename(at, old, _Names({old_name: None}, (new, there)))
        self._rename(at, new, _Names({new_name: node}, (old, here)))

    def after_cut(self, position: int, mode: CutMode, chooser: random.Random) -> Tree:
        """Return one of the states that a power cut may leave.

        Parameters
        ----------
        position : int
            The cut comes when so many records have been made.
        mode : CutMode
            How much survives of what was not synced.
        chooser : random.Random
            Draws what survives.
        """
        kept = self._kept_names(position, mode, chooser)
        return self._tree(self._top, position, mode, chooser, kept)

    def _kept_names(self, position: int, mode: CutMode, chooser: random.Random) -> dict[_Node, int]:
        """Return how many changes to each folder are kept."""
        synced = {folder: folder.synced(position) for folder in self._folders}
        while True:  # a move that one folder has synced is certain in the other, too
            more = [
                (other, number + 1)
                for folder, count in synced.items()
                for _, change in folder.changes[:count]
                if change.beside
                for other, number in [change.beside]
                if number >= synced[other]
            ]
            if not more:
                break
            synced.update(more)
        kept: dict[_Node, int] = {}
        for folder in self._folders:
            most = len(folder.done(position))
            some = chooser.randint(synced[folder], most)
            kept[folder] = {"none": synced[folder], "some": some, "all": most}[mode.names]
        while True:  # any other is kept in both folders or in neither
            fewer = [
                (folder, at)
                for folder, count in kept.items()
                for at, (_, change) in reversed(list(enumerate(folder.changes[:count])))
                if change.beside and change.beside[1] >= kept[change.beside[0]]
            ]
            if not fewer:
                return kept
            kept.update(fewer)

    def _tree(
        self,
        folder: _Node,
        position: int,
        mode: CutMode,
        chooser: random.Random,
        kept: Mapping[_Node, int],
    ) -> Tree:
        names: dict[str, _Node] = {}
        for _, change in folder.changes[: kept[folder]]:
            _take_names(names, change)
        return {
            name: self._tree(node, position, mode, chooser, kept)
            if node.is_folder
            else content_of(node.done(position), node.synced(position), mode, chooser)
            for name, node in names.items()
        }


def _take_names(names: dict[str, _Node], change: _Names) -> None:
    for name, node in change.names.items():
        names.pop(name, None)
        if node is not None:
            names[name] = node
