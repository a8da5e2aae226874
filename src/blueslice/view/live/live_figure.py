"""The state of a session as one matplotlib figure, for prompts that show pictures."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from blueslice.view._soma_label import soma_label
from blueslice.view.live.numbers import headline, light_text, phase_means, rest_text
from blueslice.view.live.page_texts import phase_text
from blueslice.view.live.state import LiveState, clamp_of, shown_trial
from blueslice.view.live.theme import LIGHT

__all__ = ["draw_live"]

_ROI_LINES = ("-", "--", ":")


def draw_live(state: LiveState, figure: Figure | None = None) -> Figure:
    """Draw both ions' dF/F, the voltage and the last difference images.

    Parameters
    ----------
    state : LiveState
        What is shown.
    figure : Figure, optional
        To draw on; it is cleared. By default a new one.
    """
    figure = figure or Figure(figsize=(9.5, 5.2), layout="constrained")
    figure.clear()
    grid = figure.add_gridspec(3, 2, width_ratios=(2.4, 1), height_ratios=(2, 2, 1))
    lines = [figure.add_subplot(grid[row, 0]) for row in range(3)]
    trial = shown_trial(state)
    for panel, axis in enumerate(lines[:2]):
        _draw_ion(axis, state, trial, panel)
    _draw_voltage(lines[2], state)
    for panel in range(2):
        _draw_rise(figure.add_subplot(grid[panel, 1]), state, panel)
    place = state.trial or (max(state.results) if state.results else 1)
    told = [headline(state), phase_text(state, place), rest_text(state)]
    if light := light_text(state):
        told.append(f"light {light}")
    figure.suptitle(" · ".join(part for part in told if part), fontsize=11, x=0.01, ha="left")
    return figure


def _draw_ion(axis: Any, state: LiveState, trial: Mapping[str, Any] | None, panel: int) -> None:
    traces = trial["traces"] if trial else ()
    axis.spines[["top", "right"]].set_visible(False)
    for mean in phase_means(state, trial["rois"][0]["name"] if trial else ""):
        if panel < len(traces) and mean.ion == traces[panel]["ion"]:
            name = f"{mean.phase}, n={mean.trials}"
            axis.plot(mean.time_s * 1e3, mean.dff * 100, lw=1, label=name)
    if panel < len(traces):
        trace = traces[panel]
        for number, dff in enumerate(trace["dff"]):
            style = _ROI_LINES[number % 3]
            axis.plot(trace["time_s"] * 1e3, dff * 100, style, color=LIGHT.ions[panel], lw=2)
        axis.set_ylabel(f"{trace['ion']}\nΔF/F (%)", color=LIGHT.ions[panel])
        axis.legend(fontsize=7, frameon=False, loc="upper right")
    _mark(axis, state)


def _draw_voltage(axis: Any, state: LiveState) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    if state.voltage is not None:
        millivolts = state.voltage["voltage_mV"]
        axis.plot(np.arange(len(millivolts)) / state.voltage["rate_Hz"] * 1e3, millivolts, lw=0.8,
                  color=LIGHT.text)  # fmt: skip
    axis.set_ylabel(soma_label(clamp_of(state)))
    axis.set_xlabel("time (ms)")
    _mark(axis, state)


def _mark(axis: Any, state: LiveState) -> None:
    rate_Hz = state.run.get("frame_rate_Hz", 0.0)
    axis.set_xlim(0, 1e3 * state.run["frame_count"] / rate_Hz if rate_Hz else 200.0)
    for pulse in state.run.get("pulses", ()):
        axis.axvline(pulse["onset_s"] * 1e3, color=LIGHT.faint, lw=0.8, ls=":")


def _draw_rise(axis: Any, state: LiveState, panel: int) -> None:
    axis.set_axis_off()
    images = state.pictures["images"] if state.pictures else ()
    if panel < len(images):
        rise = np.nan_to_num(images[panel]["rise"])
        high = max(float(np.quantile(rise, 0.999)), 1e-9)
        axis.imshow(rise, cmap="inferno", vmin=0, vmax=high)
        axis.set_title(f"{images[panel]['ion']}: rise, ΔF", fontsize=9)
