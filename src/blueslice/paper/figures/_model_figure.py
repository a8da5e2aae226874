"""Figure 9: the model of sodium in a spine."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from blueslice.analysis import nan_mean
from blueslice.paper.experiments import GRID_S, SWEEPS, Found, model_traces, published, sweep_ms
from blueslice.paper.figures._style import CALCIUM, CONTROL, GREY, SODIUM, figure_of, letter, trace
from blueslice.rig import SpineGeometry

__all__ = ["draw_figure_9"]

PLACES = ("head", "mid-neck", "neck base", "dendrite, 3 µm on")
COLOURS = (SODIUM, "#E69F00", CALCIUM, "#56B4E9")
NAMES = {
    "neck_diameter_um": "neck diameter (µm)",
    "neck_length_um": "neck length (µm)",
    "head_volume_um3": "head volume (µm³)",
    "diffusion_um2_per_ms": "diffusion constant (µm²/ms)",
}
START = {
    "neck_diameter_um": 0.2,
    "neck_length_um": 1.0,
    "head_volume_um3": 0.25,
    "diffusion_um2_per_ms": 0.6,
}
PAPER_MS, PAPER_SD_MS = 16.6, 4.5


def draw_figure_9(found: Found) -> Figure:
    """Draw the spine, sodium at four places, and its half-decay against four parameters."""
    figure = figure_of(9.6, 5.8)
    axes = figure.subplot_mosaic([["spine", "traces", "traces", "traces"], list(NAMES)])
    _draw_spine(axes["spine"])
    letter(axes["spine"], "A")
    time_ms, probes, without = model_traces()
    for values, colour, name in zip(probes, COLOURS, PLACES, strict=True):
        trace(axes["traces"], time_ms, values, colour, label=name, ylabel="Δ[Na] (mM)",
              xlabel="time from release (ms)")  # fmt: skip
    trace(axes["traces"], time_ms, without, CONTROL, label="head, without NMDA", ls="--", width=1)
    spines = published(found.get("single-spines", ()))
    measured = [m.mean[0] / (1 - m.background) * 23.0 for m in spines if np.size(m.mean)]
    if measured:
        mean = nan_mean(measured)
        trace(axes["traces"], 1e3 * GRID_S, mean, GREY, width=0, marker="o", ms=3,
              label=f"spines measured here ({len(measured)})")  # fmt: skip
    axes["traces"].set_xlim(-10, 100)
    axes["traces"].legend()
    for place, (field, name) in enumerate(NAMES.items()):
        panel = axes[field]
        panel.axhspan(PAPER_MS - PAPER_SD_MS, PAPER_MS + PAPER_SD_MS, color=SODIUM, alpha=0.15,
                      lw=0, label="measured, paper")  # fmt: skip
        halves = sweep_ms(field)
        trace(panel, SWEEPS[field], halves, CONTROL, marker="o", ms=4, xlabel=name)
        at = SWEEPS[field].index(START[field])
        panel.annotate("", (START[field], halves[at]), (START[field], halves[at] + 22),
                       arrowprops={"arrowstyle": "->", "color": SODIUM})  # fmt: skip
        panel.set_ylim(0, 90)
        if place == 0:
            panel.set_ylabel("half-decay (ms)")
            panel.legend()
            letter(panel, "B")
    return figure


def _draw_spine(axes: Any) -> None:
    geometry = SpineGeometry()
    width = geometry.head_length_um
    dendrite, neck = geometry.dendrite_diameter_um, geometry.neck_length_um
    face = {"fc": "0.92", "ec": CONTROL, "lw": 1}
    axes.add_patch(Rectangle((-3.6, -dendrite), 7.2, dendrite, **face))
    axes.add_patch(
        Rectangle((-geometry.neck_diameter_um / 2, 0), geometry.neck_diameter_um, neck, **face)
    )
    axes.add_patch(Ellipse((0, neck + width / 2), width, width, **face))
    points = [(0, neck + width / 2), (0, neck / 2), (0, -0.1), (3, -dendrite / 2)]
    for (x, y), colour in zip(points, COLOURS, strict=True):
        axes.plot([x], [y], "o", color=colour, ms=5)
    style = {"fontsize": 7, "va": "center"}
    axes.text(0.5, neck + width / 2, f"head {geometry.head_volume_um3:g} µm³", **style)
    axes.text(0.25, neck / 2, f"neck {geometry.neck_diameter_um:g} x {neck:g} µm", **style)
    axes.text(-3.4, -dendrite / 2, f"dendrite, {dendrite:g} µm across", **style)
    axes.set(xlim=(-3.7, 3.9), ylim=(-1.4, 2.2), aspect="equal")
    axes.axis("off")
