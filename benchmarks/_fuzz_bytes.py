"""The readers of binary files under atheris, which looks for inputs that reach new lines.

``python -m benchmarks._fuzz_bytes READER COUNT SEED`` is the process that atheris ends; it prints a
line for each thing that came out of the reader and must not.
"""

import importlib.util
import inspect
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks._fuzz_inputs import MOST_MORE_BYTES, memory_limit
from benchmarks._measure import Row
from benchmarks._own_process import own_process

__all__ = ["atheris_rows"]

INPUTS = 20_000
READERS = ("da", "tsm", "npy")


def atheris_rows(seed: int, inputs: int = INPUTS) -> Iterator[Row]:
    """Fuzz each reader, where atheris is installed (the extra ``fuzz``; Linux alone)."""
    if importlib.util.find_spec("atheris") is None:
        yield Row("bytes under atheris: not tried, it is not installed", 0.0, "")
        return
    for reader in READERS:
        done = own_process("_fuzz_bytes", reader, inputs, seed, timeout_s=1800)
        told = re.findall(r"Done (\d+) runs", done.stderr)
        tried = int(told[-1]) if told else 0
        covered = re.findall(r"cov: (\d+)", done.stderr)
        well = done.returncode == 0 and tried >= inputs
        yield Row(f"bytes under atheris, {reader}: tried", tried, "inputs", f">= {inputs}", well)
        yield Row("    places in the code that they reached", float((covered or [0])[-1]), "")
        if not well:
            yield Row(f"    {done.stderr[-1500:]}", 1.0, "", "", False)


def child(reader: str, count: int, seed: int) -> None:
    import atheris  # pyright: ignore[reportMissingImports, reportMissingModuleSource]
    from benchmarks import _fuzz_targets as targets

    from blueslice.commands import _rois
    from blueslice.errors import BluesliceError
    from blueslice.recordings import _files, _lines, da, tsm

    # Function by function: atheris's way through all imports breaks what numba compiles.
    for module in (_rois, _files, _lines, da, tsm):
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == module.__name__:
                atheris.instrument_func(function)  # pyright: ignore[reportAttributeAccessIssue]

    folder = Path(tempfile.mkdtemp())
    valid = {
        "da": targets.valid_da(),
        "tsm": targets.valid_tsm(),
        "npy": targets.valid_npy(),
    }[reader]
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "valid").write_bytes(valid)
    (folder / "files").mkdir()

    def attempt(data: bytes) -> None:
        try:
            if reader == "da":
                targets.use_da(data, folder / "files")
            elif reader == "tsm":
                targets.use_tsm((data, targets.valid_tbn()), folder / "files")
            else:
                targets.use_roi(data, folder / "files")
        except BluesliceError:
            return

    options = [
        f"-runs={count}", f"-seed={seed + 1}", f"-max_len={len(valid) + 64}", "-timeout=60",
        f"-artifact_prefix={folder}/", "-rss_limit_mb=4096",
    ]  # fmt: skip
    with memory_limit(4 * MOST_MORE_BYTES):
        atheris.Setup(["fuzz", *options, str(corpus)], attempt)
        atheris.Fuzz()


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
