"""Files, sizes, reads, metadata and paths: is what is reported what was recorded?"""

from collections.abc import Iterator

from benchmarks._independent_reads import read_rows
from benchmarks._measure import Row
from benchmarks._metadata_round_trip import metadata_rows
from benchmarks._odd_paths import path_rows
from benchmarks._readers_beside_writer import reader_rows
from benchmarks._response_sizes import size_rows

__all__ = ["run"]


def run(seed: int) -> Iterator[Row]:
    """Run all parts, each row when it is known."""
    yield from read_rows(seed)
    yield from size_rows(seed)
    yield from reader_rows(seed)
    yield from metadata_rows(seed)
    yield from path_rows(seed)
