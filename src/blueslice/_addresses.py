"""Addresses of files, as documents carry them."""

from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

__all__ = ["file_at"]


def file_at(uri: str) -> Path | None:
    """Return the file that an address names; None when it is no file of this computer.

    Parameters
    ----------
    uri : str
        Such as ``file://localhost/data/raw/camera.h5``, escaped as `pathlib.Path.as_uri` does it.
    """
    parts = urlparse(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost"):
        return None
    return Path(url2pathname(parts.path))
