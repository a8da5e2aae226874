"""The page's chart: both ions, the LEDs and the voltage over one time axis, as ECharts options."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueslice.view.live.numbers import group_name, phase_means
from blueslice.view.live.state import LiveState, label_of, shown_trial
from blueslice.view.live.theme import Theme

__all__ = ["CHART_HEIGHT_PX", "chart_option", "chart_update", "led_rows", "points"]

CHART_HEIGHT_PX = 404
# Top and height of each panel in px: two ions, LEDs, voltage.
PANELS = ((22, 102), (150, 102), (278, 38), (338, 42))
LEFT_PX, RIGHT_PX = 66, 128
LEGEND_LINE_PX = 17
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


def _ions(state: LiveState) -> list[str]:
    leds = state.run.get("leds", {})
    return [leds[name]["channel"] for name in sorted(leds)][:2] or ["sodium", "calcium"]


def _duration_ms(state: LiveState) -> float:
    rate_Hz = state.run.get("frame_rate_Hz", 0.0)
    return 1e3 * state.run["frame_count"] / rate_Hz if rate_Hz else 200.0


def chart_update(state: LiveState, theme: Theme) -> list[dict[str, Any]]:
    """Return the series that grow during a trial, with the ids that `chart_option` gives them."""
    trial = shown_trial(state)
    series: list[dict[str, Any]] = []
    for panel, ion in enumerate(_ions(state)):
        traces = [t for t in (trial["traces"] if trial else ()) if t["ion"] == ion]
        for number, roi in enumerate(trial["rois"] if trial else ()):
            for trace in traces:
                data = points(trace["time_s"], trace["dff"][number], 100, 4)
                series.append({"id": f"now-{panel}-{number}", "name": roi["name"], "data": data})
    rows = led_rows(trial)
    series.extend(
        {"id": f"leds-{row}", "data": [pair for pair in rows if pair[1] == row]} for row in range(3)
    )
    voltage = state.voltage
    if voltage is not None:
        millivolts = voltage["voltage_mV"]
        time_s = np.arange(len(millivolts)) / voltage["rate_Hz"]
        series.append({"id": "voltage", "data": points(time_s, millivolts, 1, 2)})
    else:
        series.append({"id": "voltage", "data": []})
    series.extend(_marks(state, theme))
    return series


def _marks(state: LiveState, theme: Theme) -> list[dict[str, Any]]:
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


def chart_option(
    state: LiveState,
    theme: Theme,
    *,
    roi: str = "",
    earlier: bool = True,
    means: bool = True,
) -> dict[str, Any]:
    """Return the whole chart.

    Parameters
    ----------
    state : LiveState
        What is shown.
    theme : Theme
        Its colours.
    roi : str
        The ROI whose earlier trials and means are shown; by default the first.
    earlier, means : bool
        Whether earlier trials of the same phase, and the means of phases, are shown.
    """
    ions, trial = _ions(state), shown_trial(state)
    names = [one["name"] for one in trial["rois"]] if trial else []
    chosen = roi if roi in names else (names[0] if names else "")
    series: list[dict[str, Any]] = []
    for panel, ion in enumerate(ions):
        series.append(_frame_series(f"marks-{panel}", panel))
        if earlier:
            series.extend(_earlier(state, theme, panel, ion, chosen))
        if means:
            series.extend(_means(state, theme, panel, ion, chosen))
        series.extend(_now_series(theme, panel, number) for number in range(max(1, len(names))))
    for row, colour in enumerate((theme.fault, theme.ions[1], theme.ions[0])):
        ticks = {"type": "scatter", "symbol": "rect", "symbolSize": [3, 11]}
        led = {**_frame_series(f"leds-{row}", 2), **ticks, "itemStyle": {"color": colour}}
        series.append(led)
    series.append(_frame_series("marks-3", 3))
    voltage = {**_frame_series("voltage", 3), "lineStyle": {"color": theme.text, "width": 1.1}}
    series.append(voltage)
    growing = {one["id"]: one for one in chart_update(state, theme)}
    merged = [{**one, **growing.get(one["id"], {})} for one in series]
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": theme.text, "fontFamily": "Roboto, system-ui, sans-serif"},
        "title": [
            *_titles(state, theme, ions),
            *_legend(state, theme, names, chosen, earlier=earlier, means=means),
        ],
        "grid": [
            {"left": LEFT_PX, "right": RIGHT_PX, "top": top, "height": height}
            for top, height in PANELS
        ],
        "xAxis": [_x_axis(state, theme, panel) for panel in range(4)],
        "yAxis": [_y_axis(state, theme, panel) for panel in range(4)],
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": theme.faint}},
        "tooltip": {"show": False},
        "series": merged,
    }


def _titles(state: LiveState, theme: Theme, ions: Sequence[str]) -> list[dict[str, Any]]:
    colours = (*theme.ions, theme.text, theme.text)
    texts = [f"{ion} ΔF/F (%)" for ion in ions]
    texts += ["which LED lit which frame", "soma (mV)"]
    return [
        {
            "text": text,
            "left": 6,
            "top": PANELS[panel][0] - 22,
            "textStyle": {"color": colour, "fontSize": 12.5, "fontWeight": 600},
        }
        for panel, (text, colour) in enumerate(zip(texts, colours, strict=True))
    ]


def _phase_colours(state: LiveState, theme: Theme) -> dict[str, str]:
    """Give each phase its colour by its place in the run, so that it keeps it."""
    names = dict.fromkeys(group_name(state, place) for place in state.results)
    blanks = [name for name in names if name.endswith("blank")]
    others = [name for name in names if name not in blanks]
    colours = {name: theme.phases[number % len(theme.phases)] for number, name in enumerate(others)}
    return colours | dict.fromkeys(blanks, theme.faint)


def _legend(
    state: LiveState,
    theme: Theme,
    names: Sequence[str],
    chosen: str,
    *,
    earlier: bool,
    means: bool,
) -> list[dict[str, Any]]:
    """Say beside each ion's panel which line is what."""
    trial = shown_trial(state)
    if trial is None:
        return []
    number = label_of(state, trial["trial"]).number
    colours = _phase_colours(state, theme)
    found = []
    for panel, ion in enumerate(_ions(state)):
        colour = theme.ions[panel]
        lines = [(f"\u2501 trial {number}", colour, 600)]
        if len(names) > 1:
            dashes = ("\u2501", "\u254d", "\u2508")
            lines = [(f"{dashes[n % 3]} {name}", colour, 600) for n, name in enumerate(names[:4])]
        if earlier and any(True for _ in _earlier(state, theme, panel, ion, chosen)):
            lines.append(("\u2500 earlier trials", theme.faint, 400))
        if means:
            for mean in phase_means(state, chosen):
                if mean.ion == ion:
                    text = f"\u2501 {mean.phase}, n={mean.trials}"
                    lines.append((text, colours[mean.phase], 400))
        for place, (text, shade, weight) in enumerate(lines[:7]):
            found.append(
                {
                    "text": text,
                    "right": 4,
                    "top": PANELS[panel][0] - 4 + place * LEGEND_LINE_PX,
                    "textStyle": {
                        "color": shade,
                        "fontSize": 11.5,
                        "fontWeight": weight,
                        "width": RIGHT_PX - 14,
                        "overflow": "truncate",
                    },
                }
            )
    return found


def _x_axis(state: LiveState, theme: Theme, panel: int) -> dict[str, Any]:
    last = panel == 3
    return {
        "type": "value",
        "gridIndex": panel,
        "min": 0,
        "max": _duration_ms(state),
        "name": "ms" if last else "",
        "nameTextStyle": {"color": theme.faint},
        "nameGap": 6,
        "axisLabel": {"show": last, "color": theme.faint},
        "axisTick": {"show": last},
        "axisLine": {"show": last, "lineStyle": {"color": theme.line}},
        "splitLine": {"show": panel != 2, "lineStyle": {"color": theme.line, "opacity": 0.45}},
    }


def _y_axis(state: LiveState, theme: Theme, panel: int) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "value",
        "gridIndex": panel,
        "scale": True,
        "splitNumber": 3,
        "axisLabel": {"color": theme.faint, "fontSize": 11.5},
        "splitLine": {"lineStyle": {"color": theme.line, "opacity": 0.45}},
    }
    if panel == 2:
        leds = state.run.get("leds", {})
        names = [
            f"{n}: {leds[f'led_{n}']['wavelength_nm']:g} nm" if f"led_{n}" in leds else f"LED {n}"
            for n in (2, 1)
        ]
        axis |= {"type": "category", "data": ["no use", *names], "splitLine": None}
        axis |= {"axisLine": {"show": False}, "axisTick": {"show": False}}
        axis["axisLabel"] = {"color": theme.faint, "fontSize": 10.5, "interval": 0}
    return axis


def _frame_series(name: str, panel: int) -> dict[str, Any]:
    return {
        "id": name,
        "type": "line",
        "xAxisIndex": panel,
        "yAxisIndex": panel,
        "showSymbol": False,
        "silent": True,
        "data": [],
    }


def _now_series(theme: Theme, panel: int, number: int) -> dict[str, Any]:
    line = {"color": theme.ions[panel], "width": 2.4, "type": ROI_LINES[number % 3]}
    return {**_frame_series(f"now-{panel}-{number}", panel), "z": 10, "lineStyle": line}


def _earlier(
    state: LiveState, theme: Theme, panel: int, ion: str, roi: str
) -> list[dict[str, Any]]:
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
                series = _frame_series(f"earlier-{panel}-{place}", panel)
                found.append({**series, "z": 3, "lineStyle": line, "data": data})
    return found


def _means(state: LiveState, theme: Theme, panel: int, ion: str, roi: str) -> list[dict[str, Any]]:
    found = []
    colours = _phase_colours(state, theme)
    for mean in phase_means(state, roi):
        if mean.ion == ion:
            colour = colours[mean.phase]
            found.append(
                {
                    **_frame_series(f"mean-{panel}-{mean.phase}", panel),
                    "z": 6,
                    "lineStyle": {"color": colour, "width": 1.5},
                    "data": points(mean.time_s, mean.dff, 100, 3),
                }
            )
    return found
