"""What one kind of figure gives of a run: figures, each with the end of its file's name."""

from collections.abc import Iterator
from typing import TypeAlias

from matplotlib.figure import Figure

from blueslice.analysis import Roi
from blueslice.view.figures.run_trials import RunTrials

__all__ = ["Named", "suffix"]

Named: TypeAlias = Iterator[tuple[str, Figure]]


def suffix(trials: RunTrials, roi: Roi) -> str:
    """Return what a file's name has for an ROI; nothing for the only one."""
    if len(trials.rois) == 1:
        return ""
    return "-" + "".join(c if c.isalnum() or c in "-_" else "_" for c in roi.name)
