"""A run's measures as rows: a trial, an ROI and an ion each."""

from typing import Any

import numpy as np

from blueslice.analysis import ResponseSize, run_responses
from blueslice.bath import UNKNOWN
from blueslice.recordings.export.run_data import Derived, RunData

__all__ = ["derived_sizes", "found_on", "measure_rows"]


def derived_sizes(run: RunData, derived: Derived) -> dict[tuple[int, str, str], ResponseSize]:
    """Measure a run's dF/F as it was computed live, by trial, ROI and ion: see `run_responses`."""
    traces = {
        k + 1: {
            ion: (derived.columns[f"{ion}_time"][event], derived.columns[ion][event])
            for ion in derived.start["ions"]
        }
        for k in range(run.trial_count)
        if (event := derived.event_of_trial(k + 1)) is not None
    }
    blanks = run.column("trial-blank", False)
    low_s, high_s = derived.start["baseline_s"]
    window_s = derived.start.get("response_s")
    return run_responses(
        traces,
        {int(k) + 1 for k in np.flatnonzero(blanks)},
        [roi["name"] for roi in derived.start["rois"]],
        (low_s, high_s),
        (window_s[0], window_s[1]) if window_s else None,
    )


def found_on(derived: Derived) -> int:
    """Return the trial on whose own response the ROI was found; 0 for none."""
    # Runs of 0.1 tell only that it was found, which was on the trial of reference.
    start = derived.start
    older = start.get("reference_trial", 0) if start.get("roi_found") else 0
    return int(start.get("roi_found_on", older))


def measure_rows(run: RunData) -> list[dict[str, Any]]:
    """Measure each trial's dF/F of each ROI and ion.

    Parameters
    ----------
    run : RunData
        A run without dF/F has no rows.

    Returns
    -------
    list of dict
        With the columns of the trials and ``clamp``, then ``roi``, ``roi_found_here`` (whether the
        ROI was found on this trial's own response, so that its size is too large), ``ion``,
        ``indicator``, ``window_from_s`` and ``window_to_s`` (where the size is read), the columns
        of `ResponseSize.to_columns` (0.05 is 5 %; times after the first stimulus, in s; of a trial
        without a response only its size and noise) and ``damaged_frames``.
    """
    if run.derived is None:
        return []
    derived, rows = run.derived, []
    dyes = {led["channel"]: led["indicator"] for led in run.leds.values()}
    names = [
        ("phase", ""),
        ("condition", ""),
        ("solution", UNKNOWN),
        ("drug", UNKNOWN),
        ("concentration_uM", float("nan")),
        ("blank", False),
        ("stimulus_uA", float("nan")),
    ]
    columns = {name: run.column(f"trial-{name}", default) for name, default in names}
    window_s = derived.start.get("response_s") or (float("nan"), float("nan"))
    for (number, roi, ion), size in derived_sizes(run, derived).items():
        k, event = number - 1, derived.event_of_trial(number)
        rows.append(
            {
                "run": run.uid,
                "cell": run.start.get("cell", ""),
                "trial": number,
                **{name: column[k].item() for name, column in columns.items()},
                "clamp": run.clamp(k),
                "roi": roi,
                "roi_found_here": number == found_on(derived),
                "ion": ion,
                "indicator": dyes.get(ion, ""),
                "window_from_s": window_s[0],
                "window_to_s": window_s[1],
                **size.to_columns(),
                "damaged_frames": int(derived.columns[f"{ion}_damaged"][event]),
            }
        )
    ions, rois = derived.start["ions"], [roi["name"] for roi in derived.start["rois"]]
    return sorted(
        rows, key=lambda row: (row["trial"], ions.index(row["ion"]), rois.index(row["roi"]))
    )
