"""Figure 1: larger areas, their rise and decay times, and single spikes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from blueslice.paper.experiments import AreaMeasures, Found, SpikeMeasures, best_area, published
from blueslice.paper.figures._style import (
    CALCIUM,
    CONTROL,
    GREY,
    SODIUM,
    box,
    change_picture,
    figure_of,
    histogram,
    letter,
    mark_pulses,
    resting_picture,
    trace,
    without_artefact,
)

__all__ = ["draw_figure_1"]

VOLTAGE_MS = 0.25


def draw_figure_1(found: Found) -> Figure | None:
    """Draw an area that answers, rise and decay times of all areas and spines, a single spike."""
    areas: Sequence[AreaMeasures] = found.get("larger-areas", ())
    example = best_area(areas)
    if example is None:
        return None
    figure = figure_of(9.6, 6.4)
    axes = figure.subplot_mosaic(
        [["cell", "na", "ca", "sodium"], ["cell", "na", "ca", "calcium"],
         ["cell", "na", "ca", "voltage"], ["rises", "rises", "decays", "spike"]],
        height_ratios=(1, 1, 1, 2.6),
        width_ratios=(1, 1.05, 1.05, 1.2),
    )  # fmt: skip
    resting_picture(axes["cell"], example.picture, "resting ANG-2")
    change_picture(figure, axes["na"], example.change[0], "sodium")
    change_picture(figure, axes["ca"], example.change[1], "calcium")
    for name in ("cell", "na", "ca"):
        box(axes[name], example.box)
    letter(axes["cell"], "A")
    trace(axes["sodium"], example.trial_ms[0], 1e2 * example.trial[0], SODIUM,
          ylabel="Na ΔF/F (%)")  # fmt: skip
    trace(axes["calcium"], example.trial_ms[1], 1e2 * example.trial[1], CALCIUM,
          ylabel="Ca ΔF/F (%)")  # fmt: skip
    time_ms = VOLTAGE_MS * np.arange(len(example.voltage_mV))
    trace(axes["voltage"], time_ms, example.voltage_mV, CONTROL, ylabel="soma (mV)",
          xlabel="time (ms)", width=0.9)  # fmt: skip
    without_artefact(axes["voltage"], example.voltage_mV)
    for name in ("sodium", "calcium", "voltage"):
        axes[name].set_xlim(0, 200)
        mark_pulses(axes[name], example.pulses_ms)
    events = np.concatenate([np.asarray(m.events).reshape(-1, 2, 3) for m in areas])
    spines = published(found.get("single-spines", ()))
    rises = axes["rises"]
    rises.plot(events[:, 0, 0], events[:, 1, 0], "o", color=CALCIUM, ms=3, alpha=0.6,
               label="larger areas")  # fmt: skip
    if spines:
        rises.plot([m.sodium_rise_ms for m in spines], [m.calcium_peak_ms for m in spines], "s",
                   color=SODIUM, ms=3.5, label="single spines (Ca: time to peak)")  # fmt: skip
    rises.errorbar([12.0], [17.6], [8.1], [5.7], fmt="D", color=CONTROL, ms=5, capsize=3,
                   label="paper, mean ± SD")  # fmt: skip
    top = 50.0
    rises.plot([0, top], [0, top], color=GREY, lw=0.8)
    rises.set(xlim=(0, 35), ylim=(0, top), xlabel="sodium rise 10-90 % (ms)",
              ylabel="calcium rise 10-90 % (ms)")  # fmt: skip
    rises.legend(loc="upper left")
    letter(rises, "B", "rise times, each trial")
    groups: list[tuple[Any, str, str]] = [(events[:, 0, 1], CALCIUM, "larger areas")]
    if spines:
        groups.append(([m.sodium_half_decay_ms for m in spines], SODIUM, "single spines"))
    histogram(axes["decays"], groups, np.arange(0, 85, 5), "sodium half-decay (ms)", "events")
    axes["decays"].axvline(50, color=GREY, lw=0.8, ls=":")
    _spike(axes["spike"], found.get("single-spikes", ()))
    return figure


def _spike(axes: Any, spikes: Sequence[SpikeMeasures]) -> None:
    if not spikes:
        axes.axis("off")
        return
    for ion, (colour, name) in enumerate(((SODIUM, "Na"), (CALCIUM, "Ca"))):
        grid = np.arange(-30, 90, 2.0)
        means = [np.interp(grid, m.time_ms[ion], m.mean[ion]) for m in spikes]
        mean = np.mean(means, axis=0)
        top = np.mean(mean[(grid > 8) & (grid < 32)])
        trace(axes, grid, mean / top, colour, label=name)
    axes.set(xlabel="time from the somatic pulse (ms)", ylabel="ΔF/F, normalised")
    axes.legend()
    letter(axes, "", f"single spike, {len(spikes)} cells")
    mark_pulses(axes, [0.0])
