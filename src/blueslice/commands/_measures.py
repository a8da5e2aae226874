"""What came out of a run: a row of measures for each trial, ROI and ion, and their means."""

import math
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from blueslice.analysis import ResponseSize, condition_means, run_responses
from blueslice.session import Session

__all__ = ["measure", "measure_means", "print_means", "print_measures", "session_sizes"]

_HEADINGS = {"roi": "ROI"}


def session_sizes(session: Session) -> dict[tuple[int, str, str], ResponseSize]:
    """Measure the session's last run, by trial, ROI and ion.

    Trials that were analysed with other ROIs than the last one are left out: they are other tissue.
    """
    parameters = session.parameters
    if parameters is None:
        return {}
    traces = {
        number: {trace.ion: (trace.time_s, trace.dff) for trace in trial.result.traces}
        for number, trial in session.analysed.items()
        if trial.run_parameters == parameters
    }
    rois = [roi.name for roi in parameters.rois]
    return run_responses(
        traces, _blanks(session), rois, parameters.baseline_s, parameters.response_s
    )


def measure(
    session: Session,
    sizes: Mapping[tuple[int, str, str], ResponseSize],
    labels: Mapping[int, Mapping[str, str]],
) -> list[dict[str, Any]]:
    """Return a row per trial, ROI and ion of the session's last run.

    Parameters
    ----------
    session : Session
        Its analysis is done.
    sizes : mapping of (int, str, str) to ResponseSize
        From `session_sizes`.
    labels : mapping of int to mapping
        What is noted of each trial: ``phase`` and ``condition``.
    """
    blanks, parameters = _blanks(session), session.parameters
    if parameters is None:
        return []
    rows: list[dict[str, Any]] = []
    for number, trial in sorted(session.analysed.items()):
        for trace in trial.result.traces:
            for k, roi in enumerate(parameters.rois):
                size = sizes.get((number, roi.name, trace.ion))
                if size is None:
                    continue
                rows.append(
                    {
                        "trial": number,
                        "phase": labels.get(number, {}).get("phase", ""),
                        "condition": labels.get(number, {}).get("condition", ""),
                        "blank": number in blanks,
                        "roi": roi.name,
                        "roi_found_here": number == trial.roi_found_on,
                        "ion": trace.ion,
                        **_known(size.to_columns()),
                        "window_s": list(parameters.response_s or ()) or None,
                        "damaged_frames": int(trace.damaged[k].sum()),
                    }
                )
    return rows


def measure_means(
    session: Session,
    sizes: Mapping[tuple[int, str, str], ResponseSize],
    labels: Mapping[int, Mapping[str, str]],
) -> list[dict[str, Any]]:
    """Return a row per ROI, ion and condition of the session's last run: see `ConditionMean`."""
    conditions: dict[str, list[int]] = {}
    blanks = _blanks(session)
    for number, trial in sorted(session.analysed.items()):
        if number in blanks or number == trial.roi_found_on:
            continue
        label = labels.get(number, {})
        name = label.get("condition") or label.get("phase") or "all trials"
        conditions.setdefault(name, []).append(number)
    means = condition_means(sizes, conditions)
    return [_known(mean.to_columns()) for mean in means]


def _blanks(session: Session) -> set[int]:
    return {k for k, blank in enumerate(session.start.get("blanks", []), 1) if blank}


def _known(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Write None for what is not known, and for a limit that there is not: JSON has no NaN."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in columns.items()
    }


def print_measures(console: Console, rows: list[dict[str, Any]]) -> None:
    """Print the rows; nothing where there is none."""
    if not rows:
        return
    # What is the same in every line is no news.
    told = [key for key in ("phase", "condition", "roi") if len({row[key] for row in rows}) > 1]
    where = "" if "roi" in told else f" of ROI {rows[0]['roi']}"
    table = _table(f"dF/F{where} from the first stimulus", _told(rows))
    for heading in ("trial", *(_HEADINGS.get(key, key) for key in told), "ion"):
        table.add_column(heading, no_wrap=True)
    for heading in ("size\n(%)", "peak\n(%)", "at\n(ms)", "rise\n(ms)", "decay\n(ms)"):
        table.add_column(heading, justify="right", no_wrap=True)
    damaged = any(row["damaged_frames"] for row in rows)
    if damaged:
        table.add_column("damaged", justify="right")
    for row in rows:
        table.add_row(
            f"{row['trial']} blank" if row["blank"] else str(row["trial"]),
            *(row[key] for key in told),
            row["ion"],
            _percent_text(row["size_dff"], row["size_se_dff"]),
            _peak_text(row),
            *(
                "-" if row[key] is None else f"{row[key] * scale:.1f}"
                for key, scale in (
                    ("peak_time_s", 1000),
                    ("rise_10_90_s", 1000),
                    ("half_decay_s", 1000),
                )
            ),
            *([str(row["damaged_frames"])] if damaged else []),
        )
    console.print(table)


def _table(title: str, caption: str) -> Table:
    # All of it fits into 80 letters.
    return Table(title=title, caption=caption, box=box.SIMPLE, padding=(0, 1), pad_edge=False)


def _peak_text(row: Mapping[str, Any]) -> str:
    if row["response"] is None:
        return "unknown"
    return f"{row['peak_dff'] * 100:.1f}" if row["response"] else "none"


def _told(rows: list[dict[str, Any]]) -> str:
    window = rows[0]["window_s"]
    if window is None:
        return "no stimulus was planned, so there is no window to measure a response in"
    subtracted = any(row["bleaching_dff"] is not None for row in rows)
    start, end = (f"{edge * 1e3:g}" for edge in window)
    told = [
        f"size: mean of {start} to {end} ms ± SE, "
        + ("less the bleaching of the blanks" if subtracted else "bleaching not subtracted"),
        f"peak: highest sample up to {end} ms; none: no response above the noise",
        "rise from 10 to 90 %, decay to half",
    ]
    if any(row["damaged_frames"] for row in rows):
        told.append("damaged: frames that were used for nothing")
    found = sorted({row["trial"] for row in rows if row["roi_found_here"]})
    if found:
        told.append(f"the ROI was found on the response of trial {found[0]}: its size is too large")
    return "\n".join(told)


def print_means(console: Console, rows: list[dict[str, Any]], trials: list[dict[str, Any]]) -> None:
    """Print the means of conditions; nothing where there is none.

    Parameters
    ----------
    console : Console
        Where to.
    rows : list of dict
        From `measure_means`.
    trials : list of dict
        From `measure`.
    """
    if not rows:
        return
    found = sorted({row["trial"] for row in trials if row["roi_found_here"]})
    control = rows[0]["condition"]
    compared = len({row["condition"] for row in rows}) > 1
    caption = ["95 % intervals; potency: mean without failures"]
    if compared:
        caption.append(f"left: of the mean of {control}, less the bias that a ratio of means has")
        caption.append(f"-: not told, because the interval of {control} includes 0")
    if found:
        caption.append(f"without trial {found[0]}, on which the ROI was found")
    many = len({row["roi"] for row in rows}) > 1
    table = _table("means of the stimulated trials", "\n".join(caption))
    for heading in ("condition", *(["ROI"] if many else []), "ion"):
        table.add_column(heading, no_wrap=True)
    for heading in ("mean\n(%)", "interval\n(%)", "failures", "potency\n(%)"):
        table.add_column(heading, justify="right", no_wrap=True)
    if compared:
        table.add_column("left\n(%)", justify="right")
    for row in rows:
        table.add_row(
            row["condition"],
            *([row["roi"]] if many else []),
            row["ion"],
            _percent_text(row["size_dff"], row["se_dff"]),
            _interval_text(row["low_dff"], row["high_dff"]),
            f"{row['failures']} of {row['trials']}",
            "-" if row["potency_dff"] is None else f"{row['potency_dff'] * 100:.2f}",
            *([_left_text(row)] if compared else []),
        )
    console.print(table)


def _percent_text(value: float | None, error: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value * 100:.2f}" + ("" if error is None else f" ± {error * 100:.2f}")


def _interval_text(low: float | None, high: float | None) -> str:
    if low is None and high is None:
        return "unknown"
    return f"{_end(low, '-')} to {_end(high, '')}"


def _end(value: float | None, sign: str) -> str:
    return f"{sign}inf" if value is None else f"{value * 100:.1f}"


def _left_text(row: Mapping[str, Any]) -> str:
    if row["left"] is None:
        return "-"
    return f"{row['left'] * 100:.1f} ({_interval_text(row['left_low'], row['left_high'])})"
