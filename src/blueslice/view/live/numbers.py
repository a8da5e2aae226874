"""The page's numbers: sizes of responses, means of phases, and texts of what is going on."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import ResponseSize, run_responses
from blueslice.bath import UNKNOWN
from blueslice.progress import time_text
from blueslice.view.live.state import LiveState, label_of

__all__ = [
    "PhaseMean",
    "headline",
    "light_text",
    "phase_means",
    "rest_text",
    "size_text",
    "trial_rows",
    "trial_sizes",
]


class PhaseMean(NamedTuple):
    """The mean dF/F of one ion and one ROI over the trials of a phase.

    Attributes
    ----------
    phase : str
        Its name; blanks are a phase of their own.
    ion : str
        Name of the ion.
    trials : int
        How many were averaged.
    time_s, dff : ndarray, shape (samples,)
        Of the samples that all have.
    """

    phase: str
    ion: str
    trials: int
    time_s: NDArray[np.float64]
    dff: NDArray[np.float64]


def phase_means(state: LiveState, roi: str) -> list[PhaseMean]:
    """Average trials of the same phase and, where it moved, the same place of an ROI.

    Trials whose ROI was drawn anew are not averaged with those before: only the ones since.
    """
    groups: dict[tuple[str, str], list[tuple[NDArray[Any], NDArray[Any]]]] = {}
    newest: Any = None
    for place in sorted(state.results, reverse=True):
        result = state.results[place]
        index = _roi_index(result, roi)
        if index is None:
            continue
        drawn = result.get("run_rois", result["rois"])[index]
        newest = newest or drawn
        if drawn != newest:
            break
        phase = group_name(state, place)
        for trace in result["traces"]:
            groups.setdefault((phase, trace["ion"]), []).append(
                (trace["time_s"], trace["dff"][index])
            )
    means = []
    for (phase, ion), members in reversed(groups.items()):
        shortest = min(len(time_s) for time_s, _ in members)
        stack = np.stack([dff[:shortest] for _, dff in members])
        counts = np.isfinite(stack).sum(axis=0)
        total = np.where(np.isfinite(stack), stack, 0.0).sum(axis=0)
        mean = np.full(shortest, np.nan)
        np.divide(total, counts, out=mean, where=counts > 0)
        means.append(PhaseMean(phase, ion, len(members), members[0][0][:shortest], mean))
    return means


def group_name(state: LiveState, place: int) -> str:
    """Return the phase of a trial, with its condition; blanks stand for themselves."""
    label = label_of(state, place)
    # Without a phase, what flowed tells trials apart.
    bath = label.drug if label.drug != UNKNOWN else ""
    name = " ".join(part for part in (label.phase or bath, label.condition) if part) or "all"
    return f"{name}, blank" if label.blank else name


def _roi_index(result: Mapping[str, Any], roi: str) -> int | None:
    names = [one["name"] for one in result["rois"]]
    return names.index(roi) if roi in names else None


def trial_rows(state: LiveState, count: int) -> list[dict[str, str]]:
    """Return a table row for each of the last trials, the newest first."""
    rows = []
    for place in sorted(state.results, reverse=True)[:count]:
        result, label = state.results[place], label_of(state, place)
        row = {
            "key": str(place),
            "trial": str(label.number),
            "phase": group_name(state, place),
            "drug": label.drug or "-",
            "note": "; ".join(result["reasons"]),
        }
        sizes = trial_sizes(state, place)
        for trace in result["traces"]:
            row[trace["ion"]] = " / ".join(
                size_text(sizes[place, roi["name"], trace["ion"]]) for roi in result["rois"]
            )
        rows.append(row)
    return rows


def trial_sizes(state: LiveState, place: int) -> dict[tuple[int, str, str], ResponseSize]:
    """Measure a trial with the blanks that were analysed as it was: see `run_responses`."""
    result = state.results[place]
    alike = {
        other: found
        for other, found in state.results.items()
        if all(_plain(found.get(key)) == _plain(result.get(key)) for key in _ANALYSED_BY)
    }
    blanks = {other for other in alike if label_of(state, other).blank}
    traces = {
        other: {trace["ion"]: (trace["time_s"], trace["dff"]) for trace in found["traces"]}
        for other, found in alike.items()
        if other == place or other in blanks
    }
    (low_s, high_s), window_s = result["baseline_s"], result.get("response_s")
    return run_responses(
        traces,
        blanks,
        [roi["name"] for roi in result["rois"]],
        (low_s, high_s),
        (window_s[0], window_s[1]) if window_s else None,
    )


# Trials are of one analysis when these are equal: of the ROIs those that were drawn.
_ANALYSED_BY = ("run_rois", "baseline_s", "response_s")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def size_text(size: ResponseSize) -> str:
    """Say how large a response is, or that there is none above the noise, and how large that is."""
    if np.isnan(size.size_dff):
        return "-"
    error = "" if np.isnan(size.se_dff) else f" ± {size.se_dff * 100:.2f}"
    told = f"{size.size_dff * 100:.2f}{error}"
    if size.is_response is False:
        return f"{told}, no response (noise to {size.least_dff * 100:.2f})"
    return told


def headline(state: LiveState) -> str:
    """Say which trial it is: ``Trial 3 of 12``; a test of the cell, as at a gate, is none."""
    place = state.trial or (max(state.results) if state.results else 0)
    total = state.run.get("trials", 0)
    if not state.run:
        return "No run yet"
    if state.sweep:
        return "Test of the cell"
    if not place:
        return f"{total} trials planned" if total else "Beginning"
    last = label_of(state, total).number if total else 0
    number = label_of(state, place).number
    return f"Trial {number} of {last}" if last >= number else f"Trial {number}"


def rest_text(state: LiveState) -> str:
    """Say what is going on now: the rest until the next trial, a pause, or the end."""
    if not state.connected:
        return "no session is running"
    situation = state.status.get("state", "")
    known = {
        "pausing": "pauses after this trial",
        "paused": "paused",
        "at prompt": "paused at its prompt",
        "idle": "",
    }
    if situation in known:
        if known[situation] or state.stop is None:
            return known[situation] or "waiting for a run"
        return "stopped early" if state.stop["exit_status"] != "success" else "done"
    # The status is up to half a second old; that a trial has begun is told at once.
    if state.trial and label_of(state, state.trial).number not in state.events:
        return "recording"
    to_next_s = state.status.get("progress", {}).get("to_next_trial_s")
    return "running" if to_next_s is None else f"next trial in {time_text(to_next_s)}"


def light_text(state: LiveState) -> str:
    """Say how much light the cell had: ``0.54 of 2.00 s``."""
    light = state.status.get("exposure") or {}
    if not light:
        return ""
    return f"{light['used_s']:.2f} of {light['budget_s']:.2f} s"
