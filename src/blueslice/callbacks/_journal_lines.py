"""The lines of a journal: a document each, with a checksum, and what is left of damaged ones."""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueslice.callbacks._documents import to_plain

__all__ = ["Document", "JournalDamage", "read_lines", "to_line"]

Document = tuple[str, dict[str, Any]]

_CHECKSUM = re.compile(rb',"crc32":"([0-9a-f]{8})"\}$')


@dataclass(frozen=True)
class JournalDamage:
    """A line of a journal that is not as it was written.

    Attributes
    ----------
    path : Path
        The file.
    line : int
        Its number, 1 for the first.
    reason : str
        What is wrong with it.
    in_tail : bool
        Whether no intact line follows, as a power cut leaves the lines that were on their way.
    """

    path: Path
    line: int
    reason: str
    in_tail: bool = False


def to_line(name: str, doc: dict[str, Any]) -> str:
    """Return a document as a line of JSON that ends with the CRC-32 of what stands before it.

    Raises
    ------
    BadInputError
        When the document holds a value that JSON cannot keep exactly.
    """
    text = json.dumps({"name": name, "doc": to_plain(doc)}, separators=(",", ":"))[:-1]
    return f'{text},"crc32":"{zlib.crc32(text.encode()):08x}"}}\n'


def read_lines(path: Path) -> Iterator[Document | JournalDamage]:
    """Yield each line's document, or what is wrong with the line.

    A last line without its end, as a kill leaves it, is passed over. Journals of earlier versions
    have no checksums: their lines are taken as they are, unless others of the file have one.

    Parameters
    ----------
    path : Path
        A journal, or what was added to one.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    damaged: list[JournalDamage] = []
    with_checksum: bool | None = None
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            # Where a power cut kept a line and lost those before it, the file holds zeros.
            content = line.lstrip(b"\0")
            document, has_checksum, reason = _parse(content)
            if not reason and with_checksum not in (None, has_checksum):
                reason = "it has no checksum, but others of its file do"
            if reason and not line.endswith(b"\n"):
                break  # it was being written
            if reason or len(content) < len(line):
                damaged.append(JournalDamage(path, number, reason or "lines before it are lost"))
            if reason:
                continue
            with_checksum = has_checksum
            yield from damaged
            damaged.clear()
            yield document
    yield from (JournalDamage(one.path, one.line, one.reason, True) for one in damaged)


def _parse(line: bytes) -> tuple[Document, bool, str]:
    """Return a line's document, whether it has a checksum, and what is wrong with it."""
    nothing: Document = ("", {})
    content = line.rstrip(b"\n")
    try:
        record = json.loads(content)
        keys, document = set(record), (record["name"], record["doc"])
    except (ValueError, KeyError, TypeError) as error:
        return nothing, False, f"it is not a document ({error})"
    if keys == {"name", "doc"}:
        return document, False, ""
    found = _CHECKSUM.search(content)
    if keys != {"name", "doc", "crc32"} or found is None:
        return nothing, False, "it has keys that no journal has"
    if int(found[1], 16) != zlib.crc32(content[: found.start()]):
        return nothing, True, "its checksum does not match"
    return document, True, ""
