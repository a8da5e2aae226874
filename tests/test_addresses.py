"""Files found by the addresses that documents carry."""

from pathlib import Path

import pytest

from blueslice._addresses import file_at


@pytest.mark.parametrize("name", ["camera.h5", "two words.h5", "Zürich.h5", "50%41.h5"])
@pytest.mark.parametrize("host", ["", "localhost"])
def test_an_address_names_its_file_again(tmp_path: Path, name: str, host: str):
    path = tmp_path / name
    assert file_at(path.as_uri().replace("file://", f"file://{host}", 1)) == path


@pytest.mark.parametrize(
    "uri", ["http://localhost/data/camera.h5", "file://elsewhere/data/camera.h5", ""]
)
def test_an_address_elsewhere_names_none(uri: str):
    assert file_at(uri) is None
