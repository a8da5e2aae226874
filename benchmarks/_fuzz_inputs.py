"""Tens of thousands of bad inputs: no traceback, no hang, no light, and bounded memory.

``python -m benchmarks._fuzz_inputs TARGET COUNT SEED`` is the process in which one target is fuzzed
under a limit of memory; it prints what came of it as JSON.
"""

import faulthandler
import json
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
from benchmarks._measure import Row
from benchmarks._own_process import own_process

__all__ = ["Fuzzed", "fuzz", "fuzz_rows", "memory_limit"]

INPUTS = 24_000
# A large picture of a rig file is allowed; a header's claim must not be near it.
MOST_MORE_BYTES = 1 << 30
# On a busy machine: the slowest take a tenth of it on an idle one.
SLOWEST_S = 20.0
_LONGEST_LINE = 3000
_MOST_SHOWN = 2000


@dataclass
class Fuzzed:
    """What came of the inputs of one target.

    Attributes
    ----------
    inputs, refused : int
        How many were tried, and how many of them were refused in one line.
    slowest_s : float
        Time of the slowest, in s.
    faults : dict of str to str
        What came out that must not: its kind and place, and the shortest input that brings it.
    """

    inputs: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    faults: dict[str, str] = field(default_factory=dict)

    def fault(self, what: str, value: object) -> None:
        shown = repr(value)
        if len(shown) < len(self.faults.get(what, shown + " ")):
            self.faults[what] = shown[:_MOST_SHOWN]


def fuzz(name: str, count: int, seed: int, folder: Path) -> Fuzzed:
    """Try so many inputs of a target in this process."""
    from benchmarks._fuzz_targets import TARGETS

    from blueslice.errors import BluesliceError

    target, found = TARGETS[name], Fuzzed()

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),  # pyright: ignore[reportArgumentType]
    )
    @hypothesis.given(target.inputs)
    def attempt(value: Any) -> None:
        found.inputs += 1
        own = folder / f"{found.inputs}"
        own.mkdir()
        begun_s = time.perf_counter()
        try:
            target.use(value, own)
        except BluesliceError as error:
            found.refused += 1
            if "\n" in str(error) or len(str(error)) > _LONGEST_LINE:
                found.fault(f"not one short line: {str(error)[:80]!r}", value)
        except (Exception, RecursionError) as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            told = f"{type(error).__name__}: {str(error)[:80]} ({Path(place.filename).name}"
            found.fault(f"{told}:{place.lineno})", value)
        found.slowest_s = max(found.slowest_s, time.perf_counter() - begun_s)
        for path in own.iterdir():
            path.unlink()
        own.rmdir()

    with no_light(found), warnings.catch_warnings(action="ignore"):
        attempt()
    return found


@contextmanager
def no_light(found: Fuzzed) -> Iterator[None]:
    """Call it a fault when the clock of a simulated rig is started, or its LEDs are programmed."""
    from blueslice.sim import VirtualBench

    def lit(*_: object) -> None:
        found.fault("light", "the bench was asked for it")

    with (
        mock.patch.object(VirtualBench, "start", lit),
        mock.patch.object(VirtualBench, "program_leds", lit),
    ):
        yield


@contextmanager
def memory_limit(more_bytes: int = MOST_MORE_BYTES) -> Iterator[None]:
    """Let this process have so much more memory than it has; nothing where the system cannot."""
    if sys.platform != "linux":
        yield
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    kept = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + more_bytes, kept[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, kept)


def fuzz_rows(seed: int, inputs: int = INPUTS) -> Iterator[Row]:
    """Fuzz every target, each in a process of its own that is ended when it hangs."""
    from benchmarks._fuzz_targets import TARGETS

    total = faults = 0
    for name, target in TARGETS.items():
        count = round(inputs * target.share)
        found = in_child(name, count, seed)
        total, faults = total + found.inputs, faults + len(found.faults)
        yield Row(f"bad input, {name}: tried", found.inputs, "inputs")
        yield Row(f"    refused in one line: {found.refused}; slowest (s)", found.slowest_s, "s",
                  f"<= {SLOWEST_S:g}", found.slowest_s <= SLOWEST_S)  # fmt: skip
        for what, value in found.faults.items():
            yield Row(f"    {what}: {value[:300]}", 1.0, "", "", False)
    yield Row("bad input: tried", total, "inputs", ">= 20000", total >= min(inputs, 20_000))
    yield Row("bad input: tracebacks, hangs, light", faults, "", "0", faults == 0)


def in_child(name: str, count: int, seed: int) -> Fuzzed:
    done = own_process("_fuzz_inputs", name, count, seed, timeout_s=1800)
    last = done.stdout.splitlines()[-1:]
    if done.returncode or not last:
        found = Fuzzed()
        # A process that faulthandler ended has told where it hung.
        found.fault(f"the process ended with {done.returncode}", done.stderr[-2000:])
        return found
    return Fuzzed(**json.loads(last[0]))


def child(name: str, count: int, seed: int) -> None:
    import benchmarks._fuzz_targets  # noqa: F401 - imported before memory is limited

    faulthandler.dump_traceback_later(60 + count, exit=True)
    with tempfile.TemporaryDirectory() as folder, memory_limit():
        found = fuzz(name, count, seed, Path(folder))
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
