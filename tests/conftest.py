"""Fixtures that several test folders share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bluesky import RunEngine

from blueslice.broker import DataDirectory


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = Path(__file__).resolve().parents[1] / ".." / "shared" / "recordings"
    if not folder.is_dir():
        pytest.skip("the real recordings are not beside this checkout")
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> DataDirectory:
    return DataDirectory(tmp_path / "data")


@pytest.fixture
def run_engine() -> Iterator[RunEngine]:
    engine = RunEngine({}, context_managers=[])
    yield engine
    if engine.state != "idle":
        engine.abort()
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()
