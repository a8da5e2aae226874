"""The trials table of NWB: when, in which phase, with which drug."""

from typing import Any

import numpy as np

from blueslice.analysis import find_pulses
from blueslice.bath import UNKNOWN
from blueslice.recordings.export._noted_trials import TIME_TOLD
from blueslice.recordings.export.run_data import RunData

__all__ = ["add_trials"]

_COLUMNS: tuple[tuple[str, str, str, Any], ...] = (
    ("phase", "trial-phase", "where in the protocol", ""),
    ("step", "trial-step", "the protocol's step, 1 for the first; 0 without steps", 0),
    ("condition", "trial-condition", "which of the protocol's kinds of trial", ""),
    ("solution", "trial-solution", "what flowed through the bath", UNKNOWN),
    ("drug", "trial-drug", "in the bath; empty for none", UNKNOWN),
    ("concentration_uM", "trial-concentration_uM", "of the drug named first, in uM", np.nan),
    ("clamp", "amplifier-clamp", "what the amplifier held: current, voltage or unknown", ""),
    ("blank", "trial-blank", "whether no stimulus was given", False),
    (
        "stimulus_uA",
        "trial-stimulus_uA",
        "largest current of the electrode, in uA; NaN: unknown",
        np.nan,
    ),
    ("all_frames_recorded", "trial-ok", "whether every recording has all its frames", True),
    ("led_1_light_s", "led_pair-led_1_light_s", "light of LED 1, in s", np.nan),
    ("led_2_light_s", "led_pair-led_2_light_s", "light of LED 2, in s", np.nan),
)


def add_trials(nwb: Any, run: RunData) -> None:
    """Add a row for each trial: its times, what stream ``trials`` says, and recorded pulses.

    ``shift_y_px`` and ``shift_x_px`` tell how far the tissue lay from where the ROIs were drawn.
    """
    columns = [(name, run.column(key, default)) for name, key, _, default in _COLUMNS]
    clamps = np.array([run.clamp(k) for k in range(run.trial_count)], str)
    columns = [(name, clamps if name == "clamp" else values) for name, values in columns]
    for name, _, told, _ in _COLUMNS:
        nwb.add_trial_column(name=name, description=told)
    lit = run.derived is not None and run.has_frames
    if lit:
        for axis in ("y", "x"):
            told = f"movement of the tissue along {axis} against the reference trial, in pixels"
            nwb.add_trial_column(name=f"shift_{axis}_px", description=told)
    starts_s, duration_s = run.trial_starts_s(), run.trial.duration_s
    onsets_s = [_onsets_s(run, k) for k in range(run.trial_count)]
    pulsed = any(onsets_s)  # a column of nothing has no type
    if pulsed:
        told = "onsets on the recorded stimulus line, in s"
        nwb.add_trial_column(name="pulses", description=told, index=True)
    told = run.column(TIME_TOLD, True)
    if not told.all():
        nwb.add_trial_column(
            name="time_estimated",
            description="whether the times are estimated: the process was killed before it told",
        )
    for k in range(run.trial_count):
        row = {name: values[k].item() for name, values in columns}
        if not told.all():
            row["time_estimated"] = not told[k]
        if lit:
            row |= dict(zip(("shift_y_px", "shift_x_px"), _shift(run, k), strict=True))
        if pulsed:
            row["pulses"] = [float(starts_s[k]) + onset_s for onset_s in onsets_s[k]]
        nwb.add_trial(
            start_time=float(starts_s[k]),
            stop_time=float(starts_s[k]) + duration_s,
            **row,
        )


def _shift(run: RunData, k: int) -> tuple[float, float]:
    event = None if run.derived is None else run.derived.event_of_trial(k + 1)
    if run.derived is None or event is None:
        return float("nan"), float("nan")
    y_px, x_px = run.derived.columns["shift"][event]
    return float(y_px), float(x_px)


def _onsets_s(run: RunData, k: int) -> list[float]:
    line = run.arrays.get("amplifier-stimulus")
    if line is None:
        return []
    return find_pulses(
        np.asarray(line[k]),
        sample_rate_Hz=run.sample_rate_Hz,
        threshold_V=float(run.configuration["amplifier-stimulus_threshold_V"]),
    ).tolist()
