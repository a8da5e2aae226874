"""Which function draws which figure, and what its legend says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blueslice.errors import BadInputError
from blueslice.paper.experiments import Found
from blueslice.paper.figures._area_figure import draw_figure_1
from blueslice.paper.figures._calibration_figure import draw_figure_5
from blueslice.paper.figures._drug_figures import (
    draw_figure_6,
    draw_figure_7,
    draw_figure_8,
    draw_figure_10,
)
from blueslice.paper.figures._model_figure import draw_figure_9
from blueslice.paper.figures._spine_figures import draw_figure_2, draw_figure_3, draw_figure_4
from blueslice.view.figures._style import figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_figure", "figure_title", "legend_of"]


@dataclass(frozen=True)
class _Entry:
    title: str
    legend: str
    draw: "Callable[[Found], Figure | None] | None"


_PULSES = "Triangles and dotted lines mark stimuli."

_ENTRIES: Mapping[str, _Entry] = {
    "Methods": _Entry(
        "The rig, from what it recorded",
        "Read from the files and documents of one cell's run: frames, LED lines, stimulus line.",
        None,
    ),
    "1": _Entry(
        "Synaptic activation evokes localized sodium and calcium changes in dendrites",
        "Stimuli strong enough for several spines (one pulse or two, 10 ms apart), measured in a "
        "box of 4 µm where the mean sodium response is largest. A, the trial with most sodium over "
        "its noise, and difference images of the cell's mean. B, each trial's rise times against "
        "each other, and the half-decay of sodium; below, a single spike near the soma. " + _PULSES,
        draw_figure_1,
    ),
    "2": _Entry(
        "Sodium and calcium changes after activation of a single spine",
        "Pairs of pulses 10 ms apart, just strong enough. A, the spine and mean difference images "
        "of its successes and failures. B, single trials of that spine, bleaching taken from two "
        "blanks; the stimulus artefact is cut off. C, on which pulse the response began, all "
        "spines; a trial that is not clear is not counted. " + _PULSES,
        draw_figure_2,
    ),
    "3": _Entry(
        "The spread of sodium from a spine to its dendrite",
        "A, mean of the successes, counted from the pulse that evoked them, in boxes of 1.2 µm at "
        "four places of the picture; right, the mean over all spines. B, difference images of the "
        "same trials, 8 ms each, from the evoking pulse; smoothed for the eye by 0.3 µm. "
        "The example is the spine most above its noise of those with success on either pulse and "
        "a failure.",
        draw_figure_3,
    ),
    "4": _Entry(
        "Signals of spines have stereotyped time courses and large amplitude",
        "A, the example's difference images, and along the dendrite in one trial. B, every spine "
        "that answered at least twice, mean of up to four successes, over its peak. C, averages. "
        "D, resting light across spine and dendrite, and dF/F of sodium before and after what lies "
        "beside the spine is subtracted from its light.",
        draw_figure_4,
    ),
    "5": _Entry(
        "Calibration of SBFI and ANG-2",
        "Cells with both dyes; solutions with ionophores and ouabain, 0 to 170 mM sodium, each let "
        "in until sodium inside follows. A, base of the dendrite, and the light across it. B, mean "
        "± SD over cells, background from the same line subtracted; the curve is the "
        "single-wavelength formula fitted to all. In the table each cell has its own fit.",
        draw_figure_5,
    ),
    "6": _Entry(
        "CNQX blocks most of sodium and calcium",
        "1 mM Mg; pairs of pulses in control, 10 min after 5 µM CNQX was let in, and 30 min after "
        "it was washed out. A, a cell of the upper quarter. B, peaks of all cells, read where the "
        "control has its mean peak. Controls are measured where their other trials answered, so "
        "that chance has no part in them. TTX (2 mM Mg) is in the table. " + _PULSES,
        draw_figure_6,
    ),
    "7": _Entry(
        "CPP blocks almost all calcium and little sodium",
        "As Figure 6, with 10 µM CPP. C, other cells with fluo-5F and bis-fura-2: two calcium dyes "
        "of different affinity, at once. " + _PULSES,
        draw_figure_7,
    ),
    "8": _Entry(
        "Sodium changes evoked by sodium channels are small",
        "A, ten spikes at 50 Hz evoked at the soma, mean of five trials, in the brightest part of "
        "the dendrite. B, single spines of cells without and of others with QX-314. C, trials "
        "without and with a spike on the EPSP, in turns; 1 mM Mg. " + _PULSES,
        draw_figure_8,
    ),
    "9": _Entry(
        "Model of sodium entry into and diffusion from a spine",
        "Computed by the simulation's own model of a spine with the legend's values. A, change of "
        "sodium at four places after one release; grey, the mean of the spines measured here by "
        "10 % = 2.3 mM. B, the head's half-decay while one of four parameters is varied; arrows "
        "show the values of A, the band the paper's spines.",
        draw_figure_9,
    ),
    "10": _Entry(
        "Sodium signals from activation of NMDA receptors",
        "A, a strong stimulus against the usual one on the same cells. B, the strong one in CPP. "
        "C, the usual stimulus without magnesium, and CNQX there. Below, peaks of all cells, in "
        "the colours of the traces. " + _PULSES,
        draw_figure_10,
    ),
}


def _entry(figure: str) -> _Entry:
    if figure not in _ENTRIES:
        raise BadInputError(f"figure {figure!r}: choose one of {', '.join(_ENTRIES)}")
    return _ENTRIES[figure]


def draw_figure(figure: str, found: Found) -> "Figure | None":
    """Draw one of the paper's figures; None where there is nothing to draw.

    Parameters
    ----------
    figure : str
        Such as ``"6"``.
    found : mapping
        Measures of every cell, by the experiment's name.
    """
    draw = _entry(figure).draw
    if draw is None:
        return None
    with figure_style():
        return draw(found)


def figure_title(figure: str) -> str:
    """Return what a figure shows."""
    return _entry(figure).title


def legend_of(figure: str) -> str:
    """Return what was done for a figure here."""
    return _entry(figure).legend
