"""What came out of a run: a row of measures for each trial, ROI and ion."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from blueslice.analysis import response_measures
from blueslice.session import Session

__all__ = ["measure", "print_measures"]


def measure(session: Session, labels: Mapping[int, Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return a row per trial, ROI and ion of the session's last run.

    Parameters
    ----------
    session : Session
        Its analysis is done.
    labels : mapping of int to mapping
        What is noted of each trial: ``phase`` and ``condition``.
    """
    rows: list[dict[str, Any]] = []
    parameters = session.parameters
    if parameters is None:
        return rows
    blanks = session.start.get("blanks", [])
    for number, result in sorted(session.results.items()):
        for trace in result.traces:
            for k, roi in enumerate(parameters.rois):
                measures = response_measures(trace.time_s, trace.dff[k], parameters.baseline_s[1])
                rows.append(
                    {
                        "trial": number,
                        "phase": labels.get(number, {}).get("phase", ""),
                        "condition": labels.get(number, {}).get("condition", ""),
                        "blank": number <= len(blanks) and blanks[number - 1],
                        "roi": roi.name,
                        "ion": trace.ion,
                        "peak_dff": _number(measures.peak_dff),
                        "peak_time_s": _number(measures.peak_time_s),
                        "rise_10_90_s": _number(measures.rise_10_90_s),
                        "half_decay_s": _number(measures.half_decay_s),
                        "damaged_frames": int(trace.damaged[k].sum()),
                    }
                )
    return rows


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def print_measures(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print the rows; nothing where there is none."""
    if not rows:
        return
    table = Table(
        title="dF/F from the first stimulus",
        caption="rise from 10 to 90 %, decay to half; damaged: frames that were used for nothing",
    )
    # What is the same in every line is no news.
    told = [key for key in ("phase", "condition") if len({row[key] for row in rows}) > 1]
    for heading in ("trial", *told, "ROI", "ion"):
        table.add_column(heading)
    for heading in ("peak (%)", "at (ms)", "rise (ms)", "decay (ms)", "damaged"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            f"{row['trial']} blank" if row["blank"] else str(row["trial"]),
            *(row[key] for key in told),
            row["roi"],
            row["ion"],
            *(
                "-" if row[key] is None else f"{row[key] * scale:.1f}"
                for key, scale in (
                    ("peak_dff", 100),
                    ("peak_time_s", 1000),
                    ("rise_10_90_s", 1000),
                    ("half_decay_s", 1000),
                )
            ),
            str(row["damaged_frames"]),
        )
    console.print(table)
