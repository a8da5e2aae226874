"""Fixtures that several test folders share."""

import contextlib
import errno
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bluesky import RunEngine

from blueslice._engine import close_run_engine
from blueslice.broker import DataDirectory
from blueslice.sim import SliceParameters
from blueslice.sim.optics import Movement, Photodamage
from blueslice.sim.physiology import CellParameters, ReleaseParameters, SpineParameters


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip("the real recordings are not beside this checkout")
    return folder


@pytest.fixture(autouse=True, scope="session")
def tiled_profiles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the user's own Tiled profiles out of the tests, and the tests out of those."""
    import tiled.profiles

    folder = tmp_path_factory.mktemp("tiled_profiles")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILED_PROFILES", str(folder))
        patch.setattr(tiled.profiles, "paths", [folder])
        yield folder


@pytest.fixture(scope="session")
def steady_slice() -> SliceParameters:
    """A slice that lies still and takes no harm, with a synapse that never fails."""
    return SliceParameters(
        photodamage=Photodamage(half_dose_s=1e6),
        movement=Movement(between_trials_px=0, drift_px=0, jerk_px=0),
        cell=CellParameters(spine=SpineParameters(release=ReleaseParameters(probability=1.0))),
    )


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path / "data")


@pytest.fixture
def run_engine() -> Iterator[RunEngine]:
    engine = RunEngine({}, context_managers=[])
    yield engine
    if engine.state != "idle":
        engine.abort()
    close_run_engine(engine)


class WindowsFiles:
    """Refuses what Windows refuses: to replace, rename or remove a file that is open.

    Open are those of this process: its descriptors and what it has mapped into memory.

    Attributes
    ----------
    refused : list of str
        Names of the files that were to be replaced or removed while they were open.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.refused: list[str] = []
        for name in ("replace", "rename"):
            patch.setattr(os, name, self._refusing_either(getattr(os, name)))
        for name in ("unlink", "remove"):
            patch.setattr(os, name, self._refusing(getattr(os, name)))

    @staticmethod
    def is_open(path: Path) -> bool:
        names = []
        for number in os.listdir("/proc/self/fd"):  # noqa: PTH208
            # Another thread may close it meanwhile.
            with contextlib.suppress(OSError):
                names.append(os.readlink(f"/proc/self/fd/{number}"))  # noqa: PTH115
        mapped = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
        names += [line.split(maxsplit=5)[5] for line in mapped if len(line.split()) > 5]
        real = os.path.realpath(path)
        return any(name == real or name.startswith(f"{real}{os.sep}") for name in names)

    def _refuse(self, path: Any, number: int, text: str) -> None:
        self.refused.append(Path(path).name)
        error = PermissionError(errno.EACCES, text, str(path))
        error.winerror = number  # pyright: ignore[reportAttributeAccessIssue]
        raise error

    def _refusing_either(self, move: Callable[..., None]) -> Callable[..., None]:
        def moved(source: Any, target: Any, **more: Any) -> None:
            if self.is_open(source):
                self._refuse(source, 32, "The process cannot access the file")
            if self.is_open(target):
                self._refuse(target, 5, "Access is denied")
            move(source, target, **more)

        return moved

    def _refusing(self, remove: Callable[..., None]) -> Callable[..., None]:
        def removed(path: Any, *, dir_fd: int | None = None) -> None:
            folder = "" if dir_fd is None else os.readlink(f"/proc/self/fd/{dir_fd}")  # noqa: PTH115
            if self.is_open(Path(folder, path)):
                self._refuse(path, 32, "The process cannot access the file")
            remove(path, dir_fd=dir_fd)

        return removed


@pytest.fixture
def windows_files(monkeypatch: pytest.MonkeyPatch) -> WindowsFiles:
    """Files as Windows has them, and no pauses before a file in use is tried again."""
    if sys.platform != "linux":
        pytest.skip("what is open is asked of Linux")
    monkeypatch.setattr("blueslice._replace_file.PAUSES_S", (0.0, 0.0))
    return WindowsFiles(monkeypatch)
