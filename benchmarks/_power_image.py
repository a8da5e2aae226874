"""Power cuts of a real file system: a session writes to a mounted ext4 image, which is copied.

The copy holds what ext4 had given to its disk, and nothing of what was still in memory.

``python -m benchmarks._power_image acquire DIRECTORY SEED`` runs the session and reports in lines
of JSON; ``python -m benchmarks._power_image count DIRECTORY`` reads these lines, recovers and
counts.
"""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks._power_counts import PowerTally, count_cut

__all__ = ["CUTS", "count_image_cut", "why_not"]

TRIALS = 10
AFTER_S = 3.0
IMAGE_BYTES = 64 << 20
# Trials after which the power is cut; 0 for AFTER_S after the stop document.
CUTS = (5, 0, 7)
_ROOT = Path(__file__).resolve().parents[1]


def why_not() -> str:
    """Return why no image can be mounted here; empty where it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "mounting an image needs root on Linux"
    missing = [name for name in ("mkfs.ext4", "mount", "umount") if shutil.which(name) is None]
    if missing:
        return f"needs {', '.join(missing)}"
    with tempfile.TemporaryDirectory() as folder:
        image, place = Path(folder) / "image", Path(folder) / "mounted"
        make_image(image)
        place.mkdir()
        try:
            with mounted(image, place):
                return ""
        except subprocess.CalledProcessError as error:
            return f"an image cannot be mounted: {' '.join(error.stderr.decode().split())}"


def make_image(image: Path) -> None:
    with image.open("xb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[None]:
    # A loop device that mount has made is detached by umount.
    options = ["mount", "-o", "loop", str(image), str(place)]
    subprocess.run(options, check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def count_image_cut(seed: int, trials: int) -> PowerTally:
    """Run a session at real pace, cut its power after so many trials, recover and count."""
    with tempfile.TemporaryDirectory() as folder:
        image, cut, place = (Path(folder) / name for name in ("image", "cut", "mounted"))
        make_image(image)
        place.mkdir()
        with mounted(image, place):
            told = session_until(place / "data", seed, trials, lambda: copy_image(image, cut))
        # At the same place, because the documents hold absolute paths.
        with mounted(cut, place):
            found = subprocess.run(
                [sys.executable, "-m", "benchmarks._power_image", "count", str(place / "data")],
                input="\n".join(map(json.dumps, told)),
                stdout=subprocess.PIPE,
                text=True,
                cwd=_ROOT,
                check=True,
            )
    return PowerTally(**json.loads(found.stdout.splitlines()[-1]))


def session_until(directory: Path, seed: int, trials: int, cut: Any) -> list[dict[str, Any]]:
    """Run a session until the cut in a process that is then killed; return what it reported."""
    command = [sys.executable, "-m", "benchmarks._power_image", "acquire", str(directory)]
    told: list[dict[str, Any]] = []
    with subprocess.Popen(
        [*command, str(seed)], stdout=subprocess.PIPE, text=True, cwd=_ROOT
    ) as session:
        assert session.stdout is not None
        try:
            for line in session.stdout:
                told.append(json.loads(line))
                done = sum(one["told"] == "trial" for one in told)
                if trials and done == trials:
                    break
                if not trials and told[-1]["told"] == "stop":
                    threading.Event().wait(AFTER_S)
                    break
            os.kill(session.pid, signal.SIGSTOP)
            cut()
        finally:
            session.kill()
    return told


def copy_image(image: Path, copy: Path) -> None:
    """Copy the image as it is at one moment: two copies are alike when nothing was written."""
    content = image.read_bytes()
    while (again := image.read_bytes()) != content:
        content = again
    copy.write_bytes(content)


def acquire(directory: Path, seed: int) -> None:
    from benchmarks._kill_children import COLUMNS, ROWS
    from benchmarks._power_session import reporting_callbacks

    from blueslice.broker import DataDirectory
    from blueslice.plans import two_pulse
    from blueslice.rig import make_sim_rig
    from blueslice.session import Session

    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**what: Any) -> None:
        print(json.dumps(what), file=answers, flush=True)

    data = DataDirectory(directory)
    rig = make_sim_rig(seed, data_directory=data, rows=ROWS, columns=COLUMNS, pace="real")
    with Session(rig, data, catalogue=False) as session:
        for kind, watch in reporting_callbacks(rig, tell).items():
            session.RE.subscribe(watch, kind)
        session.RE(two_pulse(rig, trials=TRIALS, rest_s=1.0))
        session.wait()
        threading.Event().wait(10 * AFTER_S)  # until its power is cut


def main() -> int:
    logging.disable(logging.CRITICAL)
    what, directory = sys.argv[1], Path(sys.argv[2])
    if what == "acquire":
        acquire(directory, int(sys.argv[3]))
        return 0
    told = [json.loads(line) for line in sys.stdin]
    tally = count_cut(directory, told, told, catalogue=False, again=True)
    print(json.dumps(asdict(tally)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
