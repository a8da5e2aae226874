"""A run's measures as rows: a trial, an ROI and an ion each."""

from typing import Any

from blueslice.analysis import response_measures
from blueslice.bath import UNKNOWN
from blueslice.recordings.export.run_data import RunData

__all__ = ["measure_rows"]


def measure_rows(run: RunData) -> list[dict[str, Any]]:
    """Measure each trial's dF/F of each ROI and ion, from the first stimulus.

    Parameters
    ----------
    run : RunData
        A run without dF/F has no rows.

    Returns
    -------
    list of dict
        With the columns of the trials and ``clamp``, then ``roi``, ``ion``, ``indicator``,
        ``peak_dff`` (0.05 is 5 %), ``peak_time_s``, ``onset_s``, ``rise_10_90_s`` and
        ``half_decay_s`` (after the stimulus, in s; NaN where there is none) and ``damaged_frames``.
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
    for k in range(run.trial_count):
        event = derived.event_of_trial(k + 1)
        if event is None:
            continue
        for ion in derived.start["ions"]:
            for place, roi in enumerate(derived.start["rois"]):
                measured = response_measures(
                    derived.columns[f"{ion}_time"][event],
                    derived.columns[ion][event][place],
                    derived.start["baseline_s"][1],
                )
                rows.append(
                    {
                        "run": run.uid,
                        "cell": run.start.get("cell", ""),
                        "trial": k + 1,
                        **{name: column[k].item() for name, column in columns.items()},
                        "clamp": run.clamp(k),
                        "roi": roi["name"],
                        "ion": ion,
                        "indicator": dyes.get(ion, ""),
                        "peak_dff": measured.peak_dff,
                        "peak_time_s": measured.peak_time_s,
                        "onset_s": measured.onset_s,
                        "rise_10_90_s": measured.rise_10_90_s,
                        "half_decay_s": measured.half_decay_s,
                        "damaged_frames": int(derived.columns[f"{ion}_damaged"][event]),
                    }
                )
    return rows
