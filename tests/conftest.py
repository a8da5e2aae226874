"""Fixtures that several test folders share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bluesky import RunEngine

from blueslice._engine import close_run_engine
from blueslice.broker import DataDirectory


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
