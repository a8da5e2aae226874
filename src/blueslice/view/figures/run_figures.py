"""Which figures a run can show, and who draws each."""

from collections.abc import Callable, Mapping

from blueslice.errors import BadInputError
from blueslice.view.figures._run_lines import bars_of, timing_of, traces_of
from blueslice.view.figures._run_named import Named
from blueslice.view.figures._run_pictures import cell_of, difference_of, film_of, profile_of
from blueslice.view.figures.run_trials import RunTrials

__all__ = ["KINDS", "draw_run", "kinds_of"]


def _no_analysis(trials: RunTrials) -> str:
    if not trials.run.has_frames:
        return "it has no frames"
    if trials.placed is None:
        return "its dF/F was not computed"
    return "" if trials.lit() else "its dF/F has no window for the response, or no light in it"


def _no_voltage(trials: RunTrials) -> str:
    # As an imported file of currents alone.
    return "" if "amplifier-voltage" in trials.run.arrays else "it has no voltage to draw"


def _no_response(trials: RunTrials) -> str:
    return _no_analysis(trials) or ("" if trials.pulses_s else "it has no stimulus")


def _no_conditions(trials: RunTrials) -> str:
    if reason := _no_response(trials):
        return reason
    names = list(trials.conditions)
    stimulated = [
        any(not trials.blanks[k] for k in chosen) for chosen in trials.conditions.values()
    ]
    if sum(stimulated) < 2:
        return f"its trials are of one condition ({names[0]})"
    return ""


_KINDS: Mapping[str, tuple[Callable[[RunTrials], Named], Callable[[RunTrials], str]]] = {
    "cell": (cell_of, _no_analysis),
    "traces": (traces_of, _no_voltage),
    "difference": (difference_of, _no_response),
    "film": (film_of, _no_response),
    "profile": (profile_of, _no_response),
    "bars": (bars_of, _no_conditions),
    "timing": (timing_of, lambda trials: ""),
}

KINDS = tuple(_KINDS)
"""The kinds of figure, by name."""


def kinds_of(trials: RunTrials) -> list[str]:
    """Return the kinds of figure that a run can show."""
    return [kind for kind, (_, why_not) in _KINDS.items() if not why_not(trials)]


def draw_run(trials: RunTrials, kind: str) -> Named:
    """Draw one kind of figure of a run.

    Parameters
    ----------
    trials : RunTrials
        Of the run.
    kind : str
        One of `KINDS`.

    Yields
    ------
    str and matplotlib.figure.Figure
        One or more: what a file's name has behind the kind (empty for the only one), and the
        figure.

    Raises
    ------
    BadInputError
        When there is no such kind, or the run cannot show it.
    """
    if kind not in _KINDS:
        raise BadInputError(f"figure {kind!r}: choose one of {', '.join(KINDS)}")
    draw, why_not = _KINDS[kind]
    if reason := why_not(trials):
        raise BadInputError(
            f"run {trials.run.uid[:8]} cannot show {kind}: {reason}; it can show "
            f"{', '.join(kinds_of(trials))}"
        )
    yield from draw(trials)
