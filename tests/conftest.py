"""Fixtures that several test folders share."""

from collections.abc import Iterator
from pathlib import Path

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
