"""The frame of the page's chart: panels, axes, titles, and which line is what."""

from collections.abc import Sequence
from typing import Any

from blueslice.view._soma_label import soma_label
from blueslice.view.live.chart_series import earlier_series, ions_of, phase_colours
from blueslice.view.live.numbers import phase_means
from blueslice.view.live.state import LiveState, clamp_of, label_of, shown_trial
from blueslice.view.live.theme import Theme

__all__ = ["CHART_HEIGHT_PX", "grids", "legend", "titles", "x_axis", "y_axis"]

CHART_HEIGHT_PX = 404
# Top and height of each panel in px: two ions, LEDs, voltage.
PANELS = ((22, 102), (150, 102), (278, 38), (338, 42))
LEFT_PX, RIGHT_PX = 66, 128
LEGEND_LINE_PX = 17


def grids() -> list[dict[str, Any]]:
    """Return where each panel is."""
    return [
        {"left": LEFT_PX, "right": RIGHT_PX, "top": top, "height": height} for top, height in PANELS
    ]


def titles(state: LiveState, theme: Theme, ions: Sequence[str]) -> list[dict[str, Any]]:
    """Name each panel, an ion's in its colour."""
    colours = (*theme.ions, theme.text, theme.text)
    texts = [f"{ion} ΔF/F (%)" for ion in ions]
    texts += ["which LED lit which frame", soma_label(clamp_of(state))]
    return [
        {
            "text": text,
            "left": 6,
            "top": PANELS[panel][0] - 22,
            "textStyle": {"color": colour, "fontSize": 12.5, "fontWeight": 600},
        }
        for panel, (text, colour) in enumerate(zip(texts, colours, strict=True))
    ]


def legend(
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
    colours = phase_colours(state, theme)
    found = []
    for panel, ion in enumerate(ions_of(state)):
        colour = theme.ions[panel]
        lines = [(f"\u2501 trial {number}", colour, 600)]
        if len(names) > 1:
            dashes = ("\u2501", "\u254d", "\u2508")
            lines = [(f"{dashes[n % 3]} {name}", colour, 600) for n, name in enumerate(names[:4])]
        if earlier and any(True for _ in earlier_series(state, theme, panel, ion, chosen)):
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


def x_axis(state: LiveState, theme: Theme, panel: int) -> dict[str, Any]:
    """Return a panel's time axis; only the lowest one has numbers."""
    last = panel == 3
    return {
        "type": "value",
        "gridIndex": panel,
        "min": 0,
        "max": duration_ms(state),
        "name": "ms" if last else "",
        "nameTextStyle": {"color": theme.faint},
        "nameGap": 6,
        "axisLabel": {"show": last, "color": theme.faint},
        "axisTick": {"show": last},
        "axisLine": {"show": last, "lineStyle": {"color": theme.line}},
        "splitLine": {"show": panel != 2, "lineStyle": {"color": theme.line, "opacity": 0.45}},
    }


def y_axis(state: LiveState, theme: Theme, panel: int) -> dict[str, Any]:
    """Return a panel's own axis; the LEDs' rows are named by their wavelengths."""
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


def duration_ms(state: LiveState) -> float:
    rate_Hz = state.run.get("frame_rate_Hz", 0.0)
    return 1e3 * state.run["frame_count"] / rate_Hz if rate_Hz else 200.0
