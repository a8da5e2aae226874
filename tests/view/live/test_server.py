"""The file by which the browser is opened goes with the server, or is left without an error."""

import webbrowser
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pytest

pytest.importorskip("nicegui", reason="the live page's packages (blueslice[live]) are absent")

from blueslice.view.live.server import _open_browser


@pytest.fixture
def opened(monkeypatch):
    paths = []
    monkeypatch.setattr(
        webbrowser, "open", lambda uri: paths.append(Path(url2pathname(urlparse(uri).path)))
    )
    return paths


def test_it_is_removed(opened):
    with _open_browser("http://127.0.0.1:1/?token=a&b"):
        assert "token=a&amp;b" in opened[0].read_text(encoding="utf-8")
    assert not opened[0].parent.exists()


def test_one_that_the_browser_still_has_open_is_no_error(windows_files, opened):
    with _open_browser("http://127.0.0.1:1/"):
        reader = opened[0].open("rb")
    reader.close()
    assert windows_files.refused
    opened[0].unlink()
    opened[0].parent.rmdir()
