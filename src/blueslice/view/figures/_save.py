"""Figures as files."""

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from blueslice._replace_file import written_beside
from blueslice.errors import BadInputError
from blueslice.view.figures._style import figure_style

__all__ = ["FORMATS", "figure_bytes", "save_figure"]

# What a file would say of the moment it was written: the same figure is the same file.
_DATES: dict[str, dict[str, Any]] = {
    "pdf": {"CreationDate": None},
    "svg": {"Date": None},
    "png": {},
}

FORMATS = tuple(_DATES)
"""The kinds of file that a figure can be saved as."""


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """Return what a figure's file holds; the same figure is the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From this package.
    kind : str
        One of `FORMATS`.
    """
    content = io.BytesIO()
    with figure_style():
        figure.savefig(content, format=kind, metadata=_DATES[kind])
    return content.getvalue()


def save_figure(figure: Figure, path: Path) -> Path:
    """Save a figure as PDF, SVG or PNG (300 dots an inch), whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From this package.
    path : pathlib.Path
        Its ending says the kind of file; its folder is made.

    Returns
    -------
    pathlib.Path
        The path.

    Raises
    ------
    BadInputError
        When the ending is another.
    StorageError
        When it cannot be written. When a program has the figure that was there open (on Windows),
        the new one is kept beside it; the text says under which name.
    """
    kind = path.suffix.lstrip(".").lower()
    if kind not in _DATES:
        raise BadInputError(f"figure file {path}: name it {', '.join(f'.{k}' for k in FORMATS)}")
    content = figure_bytes(figure, kind)
    with written_beside(path) as unfinished:
        unfinished.write_bytes(content)
    return path
