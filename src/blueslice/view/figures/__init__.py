"""The paper's kinds of figure, from any run: one style, units on every axis, PDF, SVG or PNG.

Each kind is a function that takes plain data and returns a matplotlib figure; `draw_run` makes
them of a run. Nothing here uses pyplot.
"""

from blueslice.view.figures._pictures import Scale
from blueslice.view.figures._run_lines import bar_measures
from blueslice.view.figures._save import FORMATS, figure_bytes, save_figure
from blueslice.view.figures.bars import ConditionMeasures, draw_conditions
from blueslice.view.figures.cell import CellPicture, draw_cell
from blueslice.view.figures.difference import ChangeOfIon, DifferencePictures, draw_difference
from blueslice.view.figures.film import FilmPictures, draw_film
from blueslice.view.figures.profile import ProfilePictures, draw_profile, profiles_along
from blueslice.view.figures.run_figures import KINDS, draw_run, kinds_of
from blueslice.view.figures.run_trials import RunTrials
from blueslice.view.figures.timing import draw_timing
from blueslice.view.figures.traces import TraceColumn, TrialTraces, draw_traces

__all__ = [
    "FORMATS",
    "KINDS",
    "CellPicture",
    "ChangeOfIon",
    "ConditionMeasures",
    "DifferencePictures",
    "FilmPictures",
    "ProfilePictures",
    "RunTrials",
    "Scale",
    "TraceColumn",
    "TrialTraces",
    "bar_measures",
    "draw_cell",
    "draw_conditions",
    "draw_difference",
    "draw_film",
    "draw_profile",
    "draw_run",
    "draw_timing",
    "draw_traces",
    "figure_bytes",
    "kinds_of",
    "profiles_along",
    "save_figure",
]
