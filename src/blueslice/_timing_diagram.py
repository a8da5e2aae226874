"""A trial drawn as lines of text: camera, LEDs and stimulus over time."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError

if TYPE_CHECKING:
    from blueslice.trial import Trial

__all__ = ["draw_timing"]

_LABEL_WIDTH = 9
# With fewer columns the dark end of a frame cannot be told from the next frame.
_LEAST_COLUMNS_PER_FRAME = 4


class _Window(NamedTuple):
    """The part of a trial that one block of lines shows; every column is as long as the next."""

    from_s: float
    to_s: float
    columns: int

    @property
    def step_s(self) -> float:
        """Time that one column covers, in seconds."""
        return (self.to_s - self.from_s) / self.columns


class _Marks(NamedTuple):
    """The characters of a drawing; `shares` fill a column from its left, from none to all."""

    shares: str
    synapse: str
    soma: str
    not_delivered: str


_BLOCKS = _Marks(shares="_▏▎▍▌▋▊▉█", synapse="▲", soma="■", not_delivered="△")
_ASCII = _Marks(shares="_=#", synapse="|", soma="!", not_delivered=".")


def draw_timing(trial: Trial, width: int, *, ascii_only: bool) -> str:
    """Draw a trial; see `Trial.timing_diagram`."""
    if isinstance(width, bool) or not isinstance(width, int) or not 40 <= width <= 1000:
        raise BadInputError(f"timing_diagram: width = {width!r}; give 40 to 1000 characters")
    marks = _ASCII if ascii_only else _BLOCKS
    columns = width - _LABEL_WIDTH
    lines = [*textwrap.wrap(str(trial), width), ""]
    shown = columns // _LEAST_COLUMNS_PER_FRAME
    if trial.frame_count <= shown:
        first, shown = 0, trial.frame_count
    else:
        whole = _Window(0.0, trial.duration_s, columns)
        lines += [_draw_stimulus(trial, whole, marks), *_draw_axis(whole)]
        first = _choose_first(trial, shown)
        lines += ["", f"frames {first} to {first + shown - 1}, enlarged:"]
    window = _Window(
        first * trial.frame_interval_s,
        (first + shown) * trial.frame_interval_s,
        # Whole columns per frame: a frame then starts at the left of a column.
        columns // shown * shown,
    )
    lines += _draw_frames(trial, window, marks)
    lines += [_draw_stimulus(trial, window, marks), *_draw_axis(window)]
    return "\n".join(line.rstrip() for line in lines)


def _choose_first(trial: Trial, shown: int) -> int:
    """First frame to enlarge: two before the first pulse, so that the baseline is seen."""
    onset_s = trial.first_pulse_onset_s or 0.0
    wanted = int(onset_s * trial.frame_rate_Hz + 1e-6) - 2
    return max(0, min(wanted, trial.frame_count - shown))


def _draw_frames(trial: Trial, window: _Window, marks: _Marks) -> list[str]:
    starts_s = np.arange(trial.frame_count) * trial.frame_interval_s
    rows = [("camera", starts_s)]
    rows += [(f"LED {led}", starts_s[trial.excitation == led]) for led in (1, 2)]
    most = len(marks.shares) - 1
    lines = []
    for label, onsets_s in rows:
        steps = np.rint(_cover(onsets_s, trial.exposure_s, window) * most).astype(int)
        lines.append(_label(label) + "".join(marks.shares[step] for step in steps))
    return lines


def _cover(
    starts_s: npt.NDArray[np.floating], length_s: float, window: _Window
) -> npt.NDArray[np.floating]:
    """Share of each column that exposures cover, shape (columns,), 0 to 1."""
    if not len(starts_s):
        return np.zeros(window.columns)
    # The time covered up to an edge is piecewise linear in time: difference it over columns.
    knots_s = np.stack([starts_s, starts_s + length_s], axis=1).ravel()
    order = np.arange(len(starts_s))
    heights_s = np.stack([order * length_s, (order + 1) * length_s], axis=1).ravel()
    edges_s = np.linspace(window.from_s, window.to_s, window.columns + 1)
    share = np.diff(np.interp(edges_s, knots_s, heights_s)) / window.step_s
    return np.clip(share, 0.0, 1.0)


def _draw_stimulus(trial: Trial, window: _Window, marks: _Marks) -> str:
    cells = ["_"] * window.columns
    for pulse in trial.pulses:
        mark = marks.soma if pulse.target == "soma" else marks.synapse
        first = int(np.floor((pulse.onset_s - window.from_s) / window.step_s + 1e-6))
        # At least one column, so that a pulse of 0.2 ms is seen at any scale.
        count = max(1, round(pulse.width_s / window.step_s))
        for column in range(max(first, 0), min(first + count, window.columns)):
            cells[column] = marks.not_delivered if trial.blank else mark
    return _label("blank" if trial.blank else "stimulus") + "".join(cells)


def _draw_axis(window: _Window) -> list[str]:
    """Two lines: ticks at round times, ten columns apart or more, and the times in ms."""
    from_ms, to_ms, column_ms = window.from_s * 1e3, window.to_s * 1e3, window.step_s * 1e3
    step_ms = _round_step(column_ms * 10)
    ticks = [" "] * window.columns
    times = ""
    for number in range(int(np.ceil(from_ms / step_ms - 1e-9)), int(to_ms / step_ms + 1e-9) + 1):
        column = round((number * step_ms - from_ms) / column_ms)
        if column < window.columns:
            ticks[column] = "+"
            times = f"{times:<{column}}{number * step_ms:g}"
    return [_label("") + "".join(ticks), _label("time/ms") + times[: window.columns]]


def _round_step(least: float) -> float:
    """Smallest of 1, 2, 5 times a power of ten that is not less than `least`."""
    power = 10.0 ** np.floor(np.log10(least))
    return next(float(m * power) for m in (1, 2, 5, 10) if m * power >= least * (1 - 1e-9))


def _label(text: str) -> str:
    return f"{text:<{_LABEL_WIDTH}}"
