"""The words and small tables of the live page, as HTML; what comes from a run is escaped."""

from html import escape

from blueslice.bath import ARRIVED, UNKNOWN
from blueslice.progress import time_text
from blueslice.view.live.numbers import light_text, trial_rows
from blueslice.view.live.state import LiveState, TrialLabel, label_of

__all__ = ["health_html", "light_html", "phase_text", "progress_html", "table_html"]

TABLE_ROWS = 4
AGE_SHOWN_S = 60.0


def phase_text(state: LiveState, place: int) -> str:
    """Say phase, bath and condition of the trial at a place of the run."""
    if not state.run:
        return ""
    label = label_of(state, max(place, 1))
    # A phase that is named after its drug is not said twice.
    phase = "" if label.phase == label.drug else label.phase
    parts = [phase, bath_text(label), label.condition, "blank" if label.blank else ""]
    return " · ".join(part for part in parts if part)


def bath_text(label: TrialLabel) -> str:
    """Say what was in the bath of a trial: its drug, or the solution, and what has arrived."""
    if label.drug == UNKNOWN:
        if label.solution != UNKNOWN:
            return label.solution
        # Of a trial in hand nobody has been asked yet.
        return "bath unknown" if label.is_over else ""
    dose = f"{label.concentration_uM:g} µM " if label.concentration_uM > 0 else ""
    said = f"{dose}{label.drug}" if label.drug else label.solution
    arrived = f" ({label.arrived:.0%} arrived)" if label.arrived < ARRIVED else ""
    return "" if said == UNKNOWN else f"{said}{arrived}"


def _run_line(state: LiveState) -> str:
    run = state.run
    if not run:
        return "Waiting for the first run of this data directory."
    told = [run.get("plan_name", ""), f"run {run['uid'][:8]}", run.get("rig", "")]
    told += [f"{key} {run[key]}" for key in ("cell", "slice", "operator") if run.get(key)]
    if not state.connected:
        told.append("last run, from the catalogue")
    return "  ·  ".join(part for part in told if part)


def progress_html(state: LiveState) -> str:
    """Return how many trials are done, how long the rest takes, and which run it is."""
    total = state.run.get("trials", 0) or 0
    done = min(max(len(state.events), len(state.results)), total) if total else 0
    left_s = state.status.get("progress", {}).get("left_s")
    left = f"about {time_text(left_s)} left" if left_s is not None and done < total else ""
    share = 100 * done / total if total else 0
    return (
        f'<div class="meter" role="progressbar" aria-label="trials done" aria-valuemin="0" '
        f'aria-valuemax="{total}" aria-valuenow="{done}"><div style="width:{share:.1f}%"></div>'
        f'</div><div class="faint under"><span>{done} of {total} trials done'
        f"{', ' + left if left else ''}</span><span>{escape(_run_line(state))}</span></div>"
    )


def light_html(state: LiveState) -> str:
    """Return the light that the cell has had, against its budget."""
    light = state.status.get("exposure") or {}
    if not light:
        return '<div class="faint">not counted</div>'
    share = light["used_s"] / light["budget_s"]
    over = share > light["warn_share"]
    word = ""
    if over:
        word = " ▲ budget exceeded" if share > 1 else " ▲ nearly used up"
    return (
        f'<div class="meter {"over" if over else ""}" role="progressbar" aria-label="light" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{min(100, share * 100):.0f}">'
        f'<div style="width:{min(100.0, share * 100):.1f}%"></div></div>'
        f'<div class="{"fault" if over else "faint"}">{light_text(state)} of both LEDs '
        f"({share * 100:.0f} %){word}</div>"
    )


def health_html(state: LiveState) -> str:
    """Return when each instrument was last heard of, and its fault."""
    rows = []
    for row in state.status.get("health", ()):
        name = escape(row["name"].replace("_", " "))
        if row["fault"]:
            rows.append(f'<div class="fault">▲ {name}: {escape(row["fault"])}</div>')
        elif row["age_s"] is None:
            rows.append(f'<div class="faint">○ {name} not used</div>')
        else:
            age_s = row["age_s"]
            age = f"{age_s:.0f} s" if age_s < AGE_SHOWN_S else f"{age_s / 60:.0f} min"
            age = "now" if age_s < 1.5 else f"{age} ago"
            rows.append(f'<div>● {name} <span class="faint">{age}</span></div>')
    if not rows:
        return '<div class="faint">no session is running</div>'
    return f'<div class="health">{"".join(rows)}</div>'


def table_html(state: LiveState) -> str:
    """Return the size of the response in each of the newest trials."""
    rows = trial_rows(state, TABLE_ROWS)
    newest = state.results[max(state.results)] if state.results else {"traces": (), "rois": ()}
    ions = [trace["ion"] for trace in newest["traces"]]
    rois = " / ".join(escape(str(roi["name"])) for roi in newest["rois"])
    heads = "".join(f'<th class="number">{escape(ion)} (%)</th>' for ion in ions)
    body = []
    for row in rows:
        numbers = "".join(
            f'<td class="number" data-trial="{row["key"]}" data-ion="{escape(ion)}">'
            f"{row.get(ion, '-')}</td>"
            for ion in ions
        )
        body.append(
            f"<tr><td>{row['trial']}</td><td>{escape(row['phase'])}</td>"
            f"<td>{escape(row['drug'])}</td>{numbers}"
            f'<td class="wide">{escape(row["note"])}</td></tr>'
        )
    window_s = newest.get("response_s") or ()
    where = f", mean of {window_s[0] * 1e3:g} to {window_s[1] * 1e3:g} ms" if window_s else ""
    caption = f"ΔF/F ± SE{where}{', ROI ' + rois if rois else ''}"
    if not rows:
        return f'<div class="title">{caption}</div><div class="faint">after the first trial</div>'
    return (
        f'<div class="title">{caption}</div><table class="numbers"><thead><tr><th>trial</th>'
        f"<th>phase</th><th>drug</th>{heads}<th></th></tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
