"""The page's chart: both ions, the LEDs and the voltage over one time axis, as ECharts options."""

from typing import Any

import numpy as np

from blueslice.view.live.chart_layout import grids, legend, titles, x_axis, y_axis
from blueslice.view.live.chart_series import (
    earlier_series,
    empty_series,
    growing_series,
    ions_of,
    led_rows,
    mark_series,
    mean_series,
    now_series,
    points,
)
from blueslice.view.live.state import LiveState, shown_trial
from blueslice.view.live.theme import Theme

__all__ = ["chart_option", "chart_update"]


def chart_update(state: LiveState, theme: Theme) -> list[dict[str, Any]]:
    """Return the series that grow during a trial, with the ids that `chart_option` gives them."""
    trial = shown_trial(state)
    series: list[dict[str, Any]] = []
    for panel, ion in enumerate(ions_of(state)):
        traces = [t for t in (trial["traces"] if trial else ()) if t["ion"] == ion]
        for number, roi in enumerate(trial["rois"] if trial else ()):
            for trace in traces:
                data = points(trace["time_s"], trace["dff"][number], 100, 4)
                series.append({"id": f"now-{panel}-{number}", "name": roi["name"], "data": data})
    rows = led_rows(trial)
    for row in range(3):
        marks = [pair for pair in rows if pair[1] == row]
        # ECharts fails where a shape of many has none: there is always one, before the axis.
        series.append({"id": f"leds-{row}", "data": marks or [[-1, row]]})
    voltage = state.voltage
    if voltage is not None:
        millivolts = voltage["voltage_mV"]
        time_s = np.arange(len(millivolts)) / voltage["rate_Hz"]
        series.append({"id": "voltage", "data": points(time_s, millivolts, 1, 2)})
    else:
        series.append({"id": "voltage", "data": []})
    series.extend(mark_series(state, theme))
    return series


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
    ions, trial = ions_of(state), shown_trial(state)
    names = [one["name"] for one in trial["rois"]] if trial else []
    chosen = roi if roi in names else (names[0] if names else "")
    series: list[dict[str, Any]] = []
    for panel, ion in enumerate(ions):
        series.append(empty_series(f"marks-{panel}", panel))
        if earlier:
            series.extend(earlier_series(state, theme, panel, ion, chosen))
        if means:
            series.extend(mean_series(state, theme, panel, ion, chosen))
        series.extend(now_series(theme, panel, number) for number in range(max(1, len(names))))
    for row, colour in enumerate((theme.fault, theme.ions[1], theme.ions[0])):
        # Drawn as one shape: a shape per frame cost more than the rest of the chart.
        ticks = {"type": "scatter", "symbol": "rect", "symbolSize": [3, 11]}
        ticks |= {"large": True, "largeThreshold": 0}
        led = {**growing_series(f"leds-{row}", 2), **ticks, "itemStyle": {"color": colour}}
        series.append(led)
    series.append(empty_series("marks-3", 3))
    voltage = {**growing_series("voltage", 3), "lineStyle": {"color": theme.text, "width": 1.1}}
    series.append(voltage)
    growing = {one["id"]: one for one in chart_update(state, theme)}
    merged = [{**one, **growing.get(one["id"], {})} for one in series]
    return {
        "animation": False,
        "backgroundColor": "transparent",
        "textStyle": {"color": theme.text, "fontFamily": "Roboto, system-ui, sans-serif"},
        "title": [
            *titles(state, theme, ions),
            *legend(state, theme, names, chosen, earlier=earlier, means=means),
        ],
        "grid": grids(),
        "xAxis": [x_axis(state, theme, panel) for panel in range(4)],
        "yAxis": [y_axis(state, theme, panel) for panel in range(4)],
        "axisPointer": {"link": [{"xAxisIndex": "all"}], "lineStyle": {"color": theme.faint}},
        "tooltip": {"show": False},
        "series": merged,
    }
