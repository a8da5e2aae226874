"""Figures 2, 3 and 4: single spines."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from blueslice.analysis import nan_mean
from blueslice.paper.experiments import GRID_S, Found, SpineMeasures, best_spine, published
from blueslice.paper.figures._style import (
    CALCIUM,
    CONTROL,
    GREY,
    SODIUM,
    WASHOUT,
    change_picture,
    figure_of,
    histogram,
    letter,
    mark_place,
    mark_pulses,
    resting_picture,
    trace,
    without_artefact,
)

__all__ = ["draw_figure_2", "draw_figure_3", "draw_figure_4"]

KINDS = {0: "success on the 1st pulse", 1: "success on the 2nd pulse", -1: "failure"}
COLOURS = {0: SODIUM, 1: WASHOUT, -1: CALCIUM}
PLACES = ("spine head", "spine neck", "dendrite", "dendrite, 3 µm on")
PLACE_COLOURS = (SODIUM, "#E69F00", CALCIUM, "#56B4E9")
VOLTAGE_MS = 0.25


def draw_figure_2(found: Found) -> Figure | None:
    """Draw single trials of one spine: success, failure, and on which pulse successes began."""
    spines: Sequence[SpineMeasures] = found.get("single-spines", ())
    example = best_spine(spines)
    if example is None:
        return None
    figure = figure_of(9.6, 6.2)
    axes = figure.subplot_mosaic(
        [["cell", "na1", "ca1", "fail"], ["sodium", "sodium", "calcium", "calcium"],
         ["voltage", "voltage", "voltage", "count"]],
        height_ratios=(1.1, 1, 1),
    )  # fmt: skip
    resting_picture(axes["cell"], example.picture, "resting ANG-2")
    y, x = example.places[0]
    mark_place(axes["cell"], y, x, SODIUM)
    letter(axes["cell"], "A")
    top = _limits(example.success[0])
    change_picture(figure, axes["na1"], example.success[0], "sodium, successes", limits=top)
    change_picture(figure, axes["ca1"], example.success[1], "calcium, successes")
    if np.size(example.failure):
        change_picture(figure, axes["fail"], example.failure[0], "sodium, failures", limits=top)
    else:
        axes["fail"].axis("off")
    for kind in (0, 1, -1):
        chosen = [k for k, began in enumerate(example.began_on) if began == kind]
        if not chosen:
            continue
        # The trial whose noise is least: of each kind one, as in the paper.
        for name, ion in (("sodium", 0), ("calcium", 1)):
            trace(
                axes[name],
                example.trial_ms[ion],
                1e2 * example.trials[chosen[0], ion],
                COLOURS[kind],
                label=KINDS[kind],
            )
        time_ms = VOLTAGE_MS * np.arange(example.voltage_mV.shape[1])
        trace(axes["voltage"], time_ms, example.voltage_mV[chosen[0]], COLOURS[kind], width=0.9)
    letter(axes["sodium"], "B", "single trials")
    axes["sodium"].legend(loc="upper right")
    labels = {"sodium": "Na ΔF/F (%)", "calcium": "Ca ΔF/F (%)", "voltage": "soma (mV)"}
    for name, label in labels.items():
        axes[name].set_ylabel(label)
        axes[name].set_xlim(0, 200)
        mark_pulses(axes[name], example.pulses_ms)
    without_artefact(axes["voltage"], example.voltage_mV)
    axes["voltage"].set_xlabel("time (ms)")
    counts = [sum(m.first for m in spines), sum(m.second for m in spines)]
    share = 1e2 * np.array(counts) / max(sum(counts), 1)
    axes["count"].bar([0, 1], share, color=[SODIUM, WASHOUT], alpha=0.7)
    axes["count"].plot([0, 1], [42, 58], "D", color=CONTROL, ms=5, label="paper, 26 trials")
    axes["count"].set_xticks([0, 1], ["1st", "2nd"])
    axes["count"].set(
        ylim=(0, 85), xlabel="stimulus that evoked it", ylabel=f"% of {sum(counts)} successes"
    )
    axes["count"].legend(loc="upper left")
    letter(axes["count"], "C")
    return figure


def draw_figure_3(found: Found) -> Figure | None:
    """Draw how sodium spreads from a spine: traces at four places and both ions' films."""
    spines: Sequence[SpineMeasures] = found.get("single-spines", ())
    example = best_spine(spines)
    if example is None:
        return None
    figure = figure_of(9.6, 6.6)
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=(1.15, 1)))
    axes = upper.subplot_mosaic([["cell", "na", "mean"], ["cell", "ca", "meanca"]],
                                width_ratios=(1, 1.3, 1.3))  # fmt: skip
    resting_picture(axes["cell"], example.picture, "resting ANG-2")
    letter(axes["cell"], "A")
    for (y, x), colour in zip(example.places, PLACE_COLOURS, strict=True):
        mark_place(axes["cell"], y, x, colour)
    shown = [m.by_place for m in published(spines) if np.size(m.by_place)]
    mean = nan_mean([by for by in shown if np.isfinite(by).all()] or shown)
    time_ms = 1e3 * GRID_S
    for place, colour in enumerate(PLACE_COLOURS):
        label = PLACES[place]
        trace(axes["na"], time_ms, 1e2 * example.by_place[0, place], colour)
        trace(axes["ca"], time_ms, 1e2 * example.by_place[1, place], colour)
        trace(axes["mean"], time_ms, 1e2 * mean[0, place], colour, label=label)
        trace(axes["meanca"], time_ms, 1e2 * mean[1, place], colour)
    axes["na"].set(ylabel="Na ΔF/F (%)")
    axes["ca"].set(ylabel="Ca ΔF/F (%)", xlabel="time from the evoking pulse (ms)")
    axes["meanca"].set(xlabel="time from the evoking pulse (ms)")
    letter(axes["na"], "", "this spine, mean of its successes")
    letter(axes["mean"], "", f"mean of {len(shown)} spines")
    axes["mean"].legend()
    for name in ("na", "ca", "mean", "meanca"):
        axes[name].set_xlim(-30, 110)
        mark_pulses(axes[name], [0.0])
    _film(lower, example)
    return figure


def _film(figure: Any, example: SpineMeasures) -> None:
    film = np.asarray(example.film)
    count = film.shape[1]
    grid = figure.subplots(2, count)
    for ion, name in enumerate(("Na", "Ca")):
        limits = (0.0, float(np.nanquantile(film[ion], 0.999)) * 0.8)
        for k in range(count):
            title = f"{-4 + 8 * k:d} ms" if ion == 0 else ""
            change_picture(figure, grid[ion, k], film[ion, k], title, limits=limits, bar=False)
        grid[ion, 0].set_ylabel(name, fontsize=9)
    letter(grid[0, 0], "B", grid[0, 0].get_title())
    grid[0, 0].set_title("")


def draw_figure_4(found: Found) -> Figure | None:
    """Draw widths, time courses, background and size of single spines' signals."""
    spines: Sequence[SpineMeasures] = found.get("single-spines", ())
    example, good = best_spine(spines), published(spines)
    if example is None:
        return None
    figure = figure_of(9.6, 7.6)
    axes = figure.subplot_mosaic(
        [["na", "ca", "width"], ["overlay", "overlayca", "mean"], ["profile", "raw", "removed"]]
    )
    change_picture(figure, axes["na"], example.success[0], "sodium")
    change_picture(figure, axes["ca"], example.success[1], "calcium")
    letter(axes["na"], "A")
    um, sodium, calcium = np.asarray(example.along)
    for values, colour, label in ((sodium, SODIUM, "Na"), (calcium, CALCIUM, "Ca")):
        trace(axes["width"], um, values / np.nanmax(values[np.abs(um) < 1]), colour, label=label)
    axes["width"].axhline(0.5, color=GREY, lw=0.7, ls=":")
    axes["width"].set(xlabel="along the dendrite (µm)", ylabel="ΔF, normalised")
    axes["width"].legend()
    time_ms = 1e3 * GRID_S
    means = [np.asarray(m.mean) for m in good if np.size(m.mean)]
    normal = [_normalised(mean) for mean in means]
    for one in normal:
        trace(axes["overlay"], time_ms, one[0], SODIUM, width=0.5, alpha=0.45)
        trace(axes["overlayca"], time_ms, one[1], CALCIUM, width=0.5, alpha=0.35)
    average = nan_mean(normal)
    trace(axes["mean"], time_ms, average[0] / np.nanmax(average[0]), SODIUM, label="Na", width=1.8)
    trace(axes["mean"], time_ms, average[1] / np.nanmax(average[1]), CALCIUM, label="Ca", width=1.8)
    axes["mean"].legend()
    letter(axes["overlay"], "B", f"sodium, {len(normal)} spines")
    letter(axes["overlayca"], "", "calcium")
    letter(axes["mean"], "C", "averages")
    for name in ("overlay", "overlayca", "mean"):
        axes[name].set(xlabel="time from the evoking pulse (ms)", xlim=(-30, 110))
        axes[name].set_ylim(-0.5, 1.25)
        mark_pulses(axes[name], [0.0])
    axes["overlay"].set_ylabel("ΔF/F, normalised")
    for m in good:
        if np.size(m.across):
            trace(axes["profile"], m.across[0], 1e2 * m.across[1], "0.35", width=0.5, alpha=0.6)
    axes["profile"].set(xlabel="from the spine, dendrite right (µm)", ylabel="light (% of spine)")
    axes["profile"].axhspan(41, 85, xmax=0.3, color=WASHOUT, alpha=0.2, lw=0, label="paper 41-85")
    axes["profile"].legend(loc="lower right")
    letter(axes["profile"], "D")
    raw = np.array([1e2 * m.sodium_peak for m in good])
    removed = np.array([1e2 * m.sodium_peak / (1 - m.background) for m in good])
    histogram(axes["raw"], [(raw, SODIUM, "")], np.arange(0, 26, 2), "raw Na ΔF/F (%)", "spines")
    histogram(axes["removed"], [(removed, SODIUM, "")], np.arange(0, 81, 5),
              "Na ΔF/F, background removed (%)", "spines")  # fmt: skip
    for name, mean, sd in (("raw", 8.7, 3.0), ("removed", 24.1, 10.3)):
        top = axes[name].get_ylim()[1]
        axes[name].errorbar([mean], [0.94 * top], xerr=[sd], fmt="D", color=CONTROL, capsize=3,
                            label="paper, mean ± SD")  # fmt: skip
        axes[name].legend(loc="center right")
    return figure


def _normalised(mean: np.ndarray) -> np.ndarray:
    smooth = mean.copy()
    after = (GRID_S >= 0) & (GRID_S < 0.08)
    # Calcium is noisy: its height is the mean about its peak.
    heights = []
    for one in smooth:
        peak = int(np.nanargmax(np.where(after, np.nan_to_num(one), -np.inf)))
        near = slice(max(peak - 1, 0), peak + 2)
        heights.append(float(np.nanmean(one[near])))
    return smooth / np.array(heights)[:, None]


def _limits(picture: Any) -> tuple[float, float]:
    known = np.asarray(picture)[np.isfinite(picture)]
    return min(0.0, float(np.quantile(known, 0.02))), float(known.max()) * 0.75
