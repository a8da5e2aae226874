"""The lines of the page's chart, as ECharts series: what they are called and what is in them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueslice.view.live.numbers import group_name, phase_means
from blueslice.view.live.state import LiveState, label_of, shown_trial
from blueslice.view.live.theme import Theme

__all__ = [
    "earlier_series",
    "empty_series",
    "growing_series",
    "ions_of",
    "led_rows",
    "mark_series",
    "mean_series",
    "now_series",
    "phase_colours",
    "points",
]

ROI_LINES = ("solid", "dashed", "dotted")
MOST_EARLIER = 8
# More than a screen has columns is seen by nobody, and takes long to draw.
MOST_POINTS = 900


def points(time_s: NDArray[Any], values: NDArray[Any], scale: float, digits: int) -> list[Any]:
    """Return [ms, value] pairs; a value that is not finite is a gap."""
    step = max(1, -(-len(time_s) // MOST_POINTS))
    times_ms = np.round(np.asarray(time_s)[::step] * 1e3, 3).tolist()
    scaled = np.round(np.asarray(values, np.float64)[::step] * scale, digits).tolist()
    return [
        [t, v if v == v and abs(v) != np.inf else None]
        for t, v in zip(times_ms, scaled, strict=True)
        if t == t
    ]


def led_rows(trial: Mapping[str, Any] | None) -> list[list[float]]:
    """Return [ms, row] of each frame: row 2 lit by LED 1, row 1 by LED 2, row 0 of no use."""
    rows: list[list[float]] = []
    for number, trace in enumerate(trial["traces"] if trial else ()):
        step = max(1, -(-len(trace["time_s"]) // MOST_POINTS))
        times_ms = np.round(np.asarray(trace["time_s"]) * 1e3, 3).tolist()
        for t, good in list(zip(times_ms, trace["valid"].tolist(), strict=True))[::step]:
            if t == t:
                rows.append([t, 2 - number if good else 0])
    return rows


def ions_of(state: LiveState) -> list[str]:
    """Return the ion that each LED shows, LED 1's first."""
    leds = state.run.get("leds", {})
    return [leds[name]["channel"] for name in sorted(leds)][:2] or ["sodium", "calcium"]


def phase_colours(state: LiveState, theme: Theme) -> dict[str, str]:
    """Give each phase its colour by its place in the run, so that it keeps it."""
    names = dict.fromkeys(group_name(state, place) for place in state.results)
    blanks = [name for name in names if name.endswith("blank")]
    others = [name for name in names if name not in blanks]
    colours = {name: theme.phases[number % len(theme.phases)] for number, name in enumerate(others)}
    return colours | dict.fromkeys(blanks, theme.faint)


def empty_series(name: str, panel: int) -> dict[str, Any]:
    """Return a line without points in one panel, under the id that updates name."""
    return {
        "id": name,
        "type": "line",
        "xAxisIndex": panel,
        "yAxisIndex": panel,
        "showSymbol": False,
        "silent": True,
        "data": [],
    }


def growing_series(name: str, panel: int) -> dict[str, Any]:
    """Return such a line on a canvas of its own, so that its growth redraws nothing else."""
    return {**empty_series(name, panel), "zlevel": 1}


def now_series(theme: Theme, panel: int, number: int) -> dict[str, Any]:
    """Return the line of one ROI in the trial that is shown."""
    line = {"color": theme.ions[panel], "width": 2.4, "type": ROI_LINES[number % 3]}
    return {**growing_series(f"now-{panel}-{number}", panel), "z": 10, "lineStyle": line}


def earlier_series(
    state: LiveState, theme: Theme, panel: int, ion: str, roi: str
) -> list[dict[str, Any]]:
    """Return the last trials of the same phase, faint."""
    shown = shown_trial(state)
    if shown is None:
        return []
    phase = group_name(state, shown["trial"])
    places = [
        place
        for place in state.results
        if place != shown["trial"] and group_name(state, place) == phase
    ]
    found = []
    for place in places[-MOST_EARLIER:]:
        result = state.results[place]
        names = [one["name"] for one in result["rois"]]
        for trace in result["traces"]:
            if trace["ion"] == ion and roi in names:
                data = points(trace["time_s"], trace["dff"][names.index(roi)], 100, 3)
                line = {"color": theme.ions[panel], "width": 1, "opacity": 0.28}
                series = empty_series(f"earlier-{panel}-{place}", panel)
                found.append({**series, "z": 3, "lineStyle": line, "data": data})
    return found


def mean_series(
    state: LiveState, theme: Theme, panel: int, ion: str, roi: str
) -> list[dict[str, Any]]:
    """Return the mean of each phase."""
    found = []
    colours = phase_colours(state, theme)
    for mean in phase_means(state, roi):
        if mean.ion == ion:
            colour = colours[mean.phase]
            found.append(
                {
                    **empty_series(f"mean-{panel}-{mean.phase}", panel),
                    "z": 6,
                    "lineStyle": {"color": colour, "width": 1.5},
                    "data": points(mean.time_s, mean.dff, 100, 3),
                }
            )
    return found


def mark_series(state: LiveState, theme: Theme) -> list[dict[str, Any]]:
    """Mark the stimulus in each panel: recorded pulses solid, planned ones dashed."""
    recorded_ms = []
    if state.voltage is not None:
        recorded_ms = [float(p) * 1e3 for p in state.voltage["pulses_s"]]
    planned_ms = [pulse["onset_s"] * 1e3 for pulse in state.run.get("pulses", ())]
    data = [
        {"xAxis": round(ms, 3), "lineStyle": {"type": "dashed", "opacity": 0.35}}
        for ms in planned_ms
        if not any(abs(ms - other) < 1.0 for other in recorded_ms)
    ]
    data += [
        {"xAxis": round(ms, 3), "lineStyle": {"type": "solid", "opacity": 0.9}}
        for ms in recorded_ms
    ]
    line = {"color": theme.mark, "width": 1}
    blank = state.trial > 0 and label_of(state, state.trial).blank
    words = "no stimulus" if blank else "stimulus"
    return [
        {
            "id": f"marks-{panel}",
            "markLine": {
                "symbol": ["none", "triangle"] if panel == 3 else "none",
                "symbolSize": 6,
                "silent": True,
                "animation": False,
                "label": {"show": False},
                "lineStyle": line,
                "data": _named(data, theme, words) if panel == 0 else data,
            },
        }
        for panel in (0, 1, 3)
    ]


def _named(data: list[dict[str, Any]], theme: Theme, words: str) -> list[dict[str, Any]]:
    """Let the first mark say what the marks are."""
    if not data:
        return []
    first = min(data, key=lambda mark: mark["xAxis"])
    label = {"show": True, "formatter": words, "position": "end", "distance": 2}
    label |= {"color": theme.mark, "fontSize": 11}
    return [{**mark, "label": label} if mark is first else mark for mark in data]
