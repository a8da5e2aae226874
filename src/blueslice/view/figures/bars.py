"""Before, drug, wash: bars with the single trials."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from blueslice.errors import BadInputError
from blueslice.view.figures._panels import draw_bars
from blueslice.view.figures._style import (
    CONDITIONS,
    ONE_COLUMN_MM,
    TWO_COLUMNS_MM,
    new_figure,
    note,
    styled,
)

__all__ = ["ConditionMeasures", "draw_conditions"]


@dataclass(frozen=True, eq=False)
class ConditionMeasures:
    """One measure of the single trials of each condition.

    Attributes
    ----------
    label : str
        Of the axis, with the unit.
    values : sequence of ndarray, each of shape (trials,)
        By condition; NaN is left out.
    """

    label: str
    values: Sequence[npt.NDArray[np.float64]]


@styled
def draw_conditions(
    conditions: Sequence[str], measures: Sequence[ConditionMeasures], foot: str = ""
) -> Figure:
    """Draw the mean and SD of each measure in each condition, and every trial as a point.

    Parameters
    ----------
    conditions : sequence of str
        Two or more, in order of time.
    measures : sequence of ConditionMeasures
        One panel each.
    foot : str
        What was done, for the figure's foot.

    Raises
    ------
    BadInputError
        When there are fewer than two conditions, or a measure is not of them.
    """
    if len(conditions) < 2:
        raise BadInputError(f"conditions {list(conditions)}: give at least two to compare")
    for measure in measures:
        if len(measure.values) != len(conditions):
            raise BadInputError(
                f"{measure.label}: {len(measure.values)} groups of trials for "
                f"{len(conditions)} conditions; give one for each"
            )
    width_mm = min(max(ONE_COLUMN_MM, (16 + 12 * len(conditions)) * len(measures)), TWO_COLUMNS_MM)
    figure = new_figure(width_mm, 58)
    panels = np.asarray(figure.subplots(1, len(measures), squeeze=False))[0]
    colours = [CONDITIONS[k % len(CONDITIONS)] for k in range(len(conditions))]
    for axes, measure in zip(panels, measures, strict=True):
        most = max(len(values) for values in measure.values)
        table = np.full((most, len(conditions)), np.nan)
        for place, values in enumerate(measure.values):
            table[: len(values), place] = values
        counts = [int(np.isfinite(values).sum()) for values in measure.values]
        names = [f"{name}\n(n = {n})" for name, n in zip(conditions, counts, strict=True)]
        draw_bars(axes, table, names, colours, measure.label, joined=False)
    note(figure, foot)
    return figure
