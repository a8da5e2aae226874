"""Figures 6, 7, 8 and 10: what drugs, magnesium and spikes do."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from blueslice.paper.experiments import Answers, Found, SpineMeasures, TrainMeasures, sizes_of
from blueslice.paper.figures._style import (
    CALCIUM,
    CONTROL,
    DRUG,
    SODIUM,
    WASHOUT,
    bars,
    box,
    change_picture,
    figure_of,
    letter,
    mark_pulses,
    resting_picture,
    trace,
    without_artefact,
)

__all__ = ["draw_figure_6", "draw_figure_7", "draw_figure_8", "draw_figure_10"]

COLOURS = (CONTROL, DRUG, WASHOUT)
VOLTAGE_MS = 0.25
# A trace is kept from 12 ms before the last pulse, each 4 ms.
TRACE_MS = 4.0 * np.arange(36) - 12.0


def example_of(cells: Sequence[Answers]) -> Answers:
    """Choose the example: of the middle one by its sodium, so that it is neither best nor worst."""
    peaks = [float(np.max(np.asarray(cell.answers[0].sodium))) for cell in cells]
    return cells[int(np.argsort(peaks)[3 * len(peaks) // 4])]


def draw_traces(
    axes: Any, cell: Answers, names: Sequence[str], label: str, *, legend: bool = True
) -> None:
    """Draw both ions and the potential of one cell in each condition."""
    sodium, calcium, voltage = axes
    for answer, colour, name in zip(cell.answers, COLOURS, names, strict=False):
        trace(sodium, TRACE_MS, 1e2 * np.asarray(answer.sodium), colour, label=name)
        trace(calcium, TRACE_MS, 1e2 * np.asarray(answer.calcium), colour)
        last_ms = float(np.max(cell.pulses_ms[:2]))
        time_ms = VOLTAGE_MS * np.arange(len(answer.voltage_mV)) - last_ms
        trace(voltage, time_ms, answer.voltage_mV, colour, width=0.9)
    sodium.set_ylabel("Na ΔF/F (%)")
    calcium.set_ylabel("Ca ΔF/F (%)")
    voltage.set(ylabel="soma (mV)", xlabel="time from the last pulse (ms)")
    without_artefact(voltage, np.concatenate([a.voltage_mV for a in cell.answers]))
    pulses_ms = np.asarray(cell.pulses_ms) - np.max(cell.pulses_ms[:2])
    for one in axes:
        one.set_xlim(-20, 130)
        mark_pulses(one, pulses_ms[:2])
    if legend:
        sodium.legend(loc="upper right")
    letter(sodium, "", label)


def draw_bars(
    axes: Any, cells: Sequence[Answers], name: str, names: Sequence[str], ylabel: str,
    *, factor: float = 1e2,
) -> None:  # fmt: skip
    """Draw the sizes of all cells in each condition."""
    conditions = list(zip(*(cell.answers for cell in cells), strict=True))
    if name == "epsp_mV":
        sizes = np.array([[a.epsp_mV for a in cell.answers] for cell in cells])
    else:
        sizes = factor * sizes_of(conditions, name)
    bars(axes, sizes, names, COLOURS[: len(names)], ylabel)


def _drug_panels(figure: Any, cells: Sequence[Answers], names: Sequence[str]) -> None:
    """Draw panels A and B of Figures 6 and 7: one cell, and the sizes of all."""
    axes = figure.subplot_mosaic(
        [["cell", "t0", "b0"], ["cell", "t1", "b1"], ["change", "t1", "b1"],
         ["change", "t2", "b2"]],
        width_ratios=(1, 1.5, 1), height_ratios=(2, 1, 1, 2),
    )  # fmt: skip
    cell = example_of(cells)
    resting_picture(axes["cell"], cell.picture, "resting light")
    change_picture(figure, axes["change"], cell.change, "sodium, control")
    for name in ("cell", "change"):
        box(axes[name], cell.box)
    letter(axes["cell"], "A")
    draw_traces([axes["t0"], axes["t1"], axes["t2"]], cell, names, "one cell, mean of trials")
    draw_bars(axes["b0"], cells, "sodium", names, "Na ΔF/F (%)")
    draw_bars(axes["b1"], cells, "calcium", names, "Ca ΔF/F (%)")
    draw_bars(axes["b2"], cells, "epsp_mV", names, "EPSP (mV)")
    letter(axes["b0"], "B", f"{len(cells)} cells, mean ± SD")


def draw_figure_6(found: Found) -> Figure | None:
    """Draw CNQX with washout."""
    cells: Sequence[Answers] = found.get("cnqx", ())
    if not cells:
        return None
    figure = figure_of(9.6, 6.4)
    _drug_panels(figure, cells, ("control", "CNQX", "washout"))
    return figure


def draw_figure_7(found: Found) -> Figure | None:
    """Draw CPP, and CPP with two calcium dyes."""
    cells: Sequence[Answers] = found.get("cpp", ())
    dyes: Sequence[Answers] = found.get("cpp-two-dyes", ())
    if not cells or not dyes:
        return None
    names = ("control", "CPP")
    figure = figure_of(9.6, 7.6)
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=(2.1, 1)))
    _drug_panels(upper, cells, names)
    fluo, bisfura, left = lower.subplots(1, 3)
    draw_bars(fluo, dyes, "sodium", names, "fluo-5F ΔF/F (%)")
    draw_bars(bisfura, dyes, "calcium", names, "bis-fura-2 ΔF/F (%)")
    letter(fluo, "C", f"two calcium dyes, {len(dyes)} cells")
    conditions = list(zip(*(one.answers for one in dyes), strict=True))
    means = [sizes_of(conditions, name).mean(axis=0) for name in ("sodium", "calcium")]
    shares = [1e2 * mean[1] / mean[0] for mean in means]
    left.bar([0, 1], shares, 0.6, color=[WASHOUT, CALCIUM], alpha=0.6)
    left.set_xticks([0, 1], ["fluo-5F", "bis-fura-2"])
    left.set(ylabel="left in CPP (% of control)", ylim=(0, 100))
    return figure


def draw_figure_8(found: Found) -> Figure | None:
    """Draw ten back-propagating spikes, QX-314, and a spike on the EPSP."""
    trains: Sequence[TrainMeasures] = found.get("spike-trains", ())
    pairs: Sequence[Answers] = found.get("spike-on-epsp", ())
    with_qx: Sequence[SpineMeasures] = found.get("qx-314", ())
    without: Sequence[SpineMeasures] = found.get("single-spines", ())[: len(with_qx)]
    if not trains or not pairs:
        return None
    figure = figure_of(9.6, 8.6)
    axes = figure.subplot_mosaic(
        [["cell", "change", "train", "qx"], ["profile", "profile", "spikes", "qx"],
         ["t0", "t0", "b0", "b1"], ["t1", "t1", "b0", "b1"], ["t2", "t2", "b0", "b1"]],
        height_ratios=(1.5, 1, 0.8, 0.8, 0.8),
    )  # fmt: skip
    train = max(trains, key=lambda one: one.dff[0])
    resting_picture(axes["cell"], train.picture, "resting ANG-2")
    change_picture(figure, axes["change"], train.change, "ten spikes")
    for name in ("cell", "change"):
        box(axes[name], train.box)
    letter(axes["cell"], "A")
    um, light = np.asarray(train.across)
    trace(axes["profile"], um, 1e2 * light / np.nanmax(light), CONTROL,
          xlabel="across the dendrite (µm)", ylabel="light (% of peak)")  # fmt: skip
    axes["profile"].set_ylim(0, 105)
    for one in trains:
        trace(axes["train"], one.time_ms, 1e2 * np.asarray(one.mean), SODIUM, width=0.4, alpha=0.3)
    trace(axes["train"], train.time_ms, 1e2 * np.asarray(train.mean), SODIUM,
          ylabel="Na ΔF/F (%)", label="this cell")  # fmt: skip
    letter(axes["train"], "", f"{len(trains)} cells")
    time_ms = VOLTAGE_MS * np.arange(len(train.voltage_mV)) - 40.9
    trace(axes["spikes"], time_ms, train.voltage_mV, CONTROL, ylabel="soma (mV)", width=0.7,
          xlabel="time from the first pulse (ms)")  # fmt: skip
    for name in ("train", "spikes"):
        axes[name].set_xlim(-40, 360)
    if with_qx:
        peaks = 1e2 * np.array(
            [[a.sodium_peak, b.sodium_peak] for a, b in zip(without, with_qx, strict=True)]
        )
        bars(axes["qx"], peaks, ("control", "QX-314"), (CONTROL, DRUG), "peak Na ΔF/F (%)",
             joined=False)  # fmt: skip
        letter(axes["qx"], "B", f"{len(with_qx)} spines each")
    names = ("EPSP", "EPSP with spike")
    draw_traces([axes[f"t{k}"] for k in range(3)], example_of(pairs), names, "one cell")
    letter(axes["t0"], "C", "a spike on the EPSP")
    voltages = np.concatenate([a.voltage_mV for a in example_of(pairs).answers])
    axes["t2"].set_ylim(float(np.min(voltages)), float(np.max(voltages)) + 3)
    short = ("EPSP", "+ spike")
    draw_bars(axes["b0"], pairs, "sodium", short, "Na ΔF/F (%)")
    draw_bars(axes["b1"], pairs, "calcium", short, "Ca ΔF/F (%)")
    letter(axes["b0"], "", f"{len(pairs)} cells")
    return figure


def draw_figure_10(found: Found) -> Figure | None:
    """Draw NMDA spikes and CPP, and sodium without magnesium."""
    weak: Sequence[Answers] = found.get("weak-stimulus", ())
    strong: Sequence[Answers] = found.get("nmda-spike", ())
    mg0: Sequence[Answers] = found.get("zero-mg", ())
    cnqx: Sequence[Answers] = found.get("zero-mg-cnqx", ())
    if not (weak and strong and mg0 and cnqx):
        return None
    figure = figure_of(9.6, 8.0)
    axes = figure.subplot_mosaic(
        [["w0", "p0", "m0", "c0"], ["w1", "p1", "m1", "c1"], ["w2", "p2", "m2", "c2"],
         ["bw", "bp", "bm", "bc"]],
        height_ratios=(1, 1, 1, 1.1),
    )  # fmt: skip
    cell = example_of(strong)
    place = next(k for k, one in enumerate(strong) if one is cell)
    against = cell.model_copy(update={"answers": (weak[place].answers[0], cell.answers[0])})
    columns = (
        ("w", "A", against, ("EPSP", "NMDA spike"), "weak and strong stimulus"),
        ("p", "B", cell, ("NMDA spike", "CPP"), "NMDA spike and CPP"),
        ("m", "C", example_of(mg0), ("2 mM Mg", "0 Mg"), "magnesium"),
        ("c", "", example_of(cnqx), ("0 Mg", "0 Mg, CNQX"), "0 Mg and CNQX"),
    )
    for key, panel, one, names, title in columns:
        draw_traces([axes[f"{key}{k}"] for k in range(3)], one, names, title, legend=False)
        letter(axes[f"{key}0"], panel, title)
        axes[f"{key}2"].set_xlabel("from the last pulse (ms)")
    both = [
        b.model_copy(update={"answers": (a.answers[0], b.answers[0])})
        for a, b in zip(weak, strong, strict=True)
    ]
    draw_bars(axes["bw"], both, "sodium", ("EPSP", "NMDA spike"), "Na ΔF/F (%)")  # fmt: skip
    draw_bars(axes["bp"], strong, "sodium", ("NMDA sp.", "CPP"), "Na ΔF/F (%)")
    draw_bars(axes["bm"], mg0, "sodium", ("2 mM Mg", "0 Mg"), "Na ΔF/F (%)")
    draw_bars(axes["bc"], cnqx, "sodium", ("0 Mg", "CNQX"), "Na ΔF/F (%)")
    return figure
