"""The patched cell and the rig's lines into NWB: recordings, their stimulus, the LED monitors."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from blueslice.clamp import UNKNOWN_CLAMP
from blueslice.recordings.export._nwb_time import timing
from blueslice.recordings.export._pynwb import (
    CurrentClampSeries,
    CurrentClampStimulusSeries,
    PatchClampSeries,
    TimeSeries,
    VoltageClampSeries,
    VoltageClampStimulusSeries,
    compressed,
)
from blueslice.recordings.export.nwb_metadata import NwbMetadata
from blueslice.recordings.export.run_data import RunData

__all__ = ["add_lines", "add_patch"]


# Of each line of the amplifier: its unit, that in the file's unit, and what it is in each clamp.
_LINES = {
    "voltage": (
        "mV",
        1e-3,
        {
            "current": "membrane potential at the soma",
            "voltage": "potential that the amplifier commands",
            UNKNOWN_CLAMP: "potential at the amplifier; in which clamp is not known",
        },
    ),
    "current": (
        "pA",
        1e-12,
        {
            "current": "current through the pipette",
            "voltage": "membrane current at the soma",
            UNKNOWN_CLAMP: "current at the amplifier; in which clamp is not known",
        },
    ),
}
_RESPONSES = {
    "current": CurrentClampSeries,
    "voltage": VoltageClampSeries,
    UNKNOWN_CLAMP: PatchClampSeries,
}
_STIMULI = {
    "current": CurrentClampStimulusSeries,
    "voltage": VoltageClampStimulusSeries,
    UNKNOWN_CLAMP: PatchClampSeries,
}


def _roles(recorded: Sequence[str], clamp: str) -> tuple[str, str]:
    """Return which line is the cell's answer and which the command, empty for none."""
    answer = "current" if clamp == "voltage" else "voltage"
    command = next((name for name in recorded if name != answer), "")
    return (answer, command) if answer in recorded else (command, "")


def _line(run: RunData, name: str, k: int) -> npt.NDArray[np.float32] | None:
    array = run.arrays.get(f"amplifier-{name}")
    return None if array is None else np.asarray(array[k]).ravel()[: run.samples_of(k)]


def add_lines(nwb: Any, run: RunData) -> None:
    """Add the monitor lines of the LEDs and of the stimulator, in V, all trials in one series."""
    starts_s, rate_Hz = run.trial_starts_s(), run.sample_rate_Hz
    for name, told in (
        ("led_1", "monitor line of LED 1, from which the light of each frame is proved"),
        ("led_2", "monitor line of LED 2, from which the light of each frame is proved"),
        ("stimulus", "recorded trigger of the stimulating electrode"),
    ):
        lines = [_line(run, name, k) for k in range(run.trial_count)]
        recorded = [line for line in lines if line is not None]
        if not recorded:
            continue
        series = TimeSeries(
            name=f"{name}_monitor",
            data=compressed(np.concatenate(recorded)),
            unit="volts",
            description=told,
            **timing(
                np.concatenate(
                    [
                        start_s + np.arange(len(line)) / rate_Hz
                        for start_s, line in zip(starts_s, recorded, strict=True)
                    ]
                )
            ),
        )
        if name == "stimulus":
            nwb.add_stimulus(series)
        else:
            nwb.add_acquisition(series)


def add_patch(nwb: Any, run: RunData, metadata: NwbMetadata) -> None:
    """Add each trial's recording of the cell with its stimulus, in the tables of icephys.

    In current clamp the cell answers with its potential and the recorded current is the stimulus,
    in voltage clamp the other way round; where the clamp is not known, both are plain
    `PatchClampSeries`. Without a recorded command the stimulus is the recorded trigger of the
    stimulating electrode. A sequence is the trials of one phase; the conditions are the drugs.
    """
    if not {"amplifier-voltage", "amplifier-current"} & set(run.arrays):
        return
    amplifier = nwb.create_device(
        name="amplifier", description=f"patch amplifier of the rig {run.start.get('rig', '')}"
    )
    electrode = nwb.create_icephys_electrode(
        name="electrode",
        description="patch pipette at the soma",
        device=amplifier,
        cell_id=str(run.start.get("cell") or f"cell of run {run.uid[:8]}"),
        location=metadata.location_or_unknown,
    )
    recordings = [_add_recording(nwb, run, electrode, k) for k in range(run.trial_count)]
    simultaneous = [nwb.add_icephys_simultaneous_recording(recordings=[row]) for row in recordings]
    phases = run.column("trial-phase", "")
    drugs = run.column("trial-drug", "")
    repetitions: dict[str, list[int]] = {}
    protocol = str(run.start.get("plan_name", ""))
    for (_, drug), group in groupby(
        range(run.trial_count), key=lambda k: (str(phases[k]), str(drugs[k]))
    ):
        sequence = nwb.add_icephys_sequential_recording(
            simultaneous_recordings=[simultaneous[k] for k in group], stimulus_type=protocol
        )
        repetition = nwb.add_icephys_repetition(sequential_recordings=[sequence])
        repetitions.setdefault(drug, []).append(repetition)
    for rows in repetitions.values():
        nwb.add_icephys_experimental_condition(repetitions=rows)
    conditions = nwb.icephys_experimental_conditions
    conditions.add_column(
        name="drug",
        description="in the bath; none for none",
        data=[drug or "none" for drug in repetitions],
    )


def _add_recording(nwb: Any, run: RunData, electrode: Any, k: int) -> int:
    times: dict[str, Any] = {
        "starting_time": float(run.trial_starts_s()[k]),
        "rate": run.sample_rate_Hz,
    }
    lines = {name: _line(run, name, k) for name in _LINES}
    recorded = [name for name, line in lines.items() if line is not None]
    clamp = run.clamp(k)
    answer, command = _roles(recorded, clamp)

    def series(name: str, kind: Any) -> Any:
        unit, conversion, told = _LINES[name]
        # The others know their unit.
        plain = {"unit": "volts" if unit == "mV" else "amperes"} if kind is PatchClampSeries else {}
        return kind(
            name=f"{name}_{k + 1:04d}",
            data=compressed(np.asarray(lines[name])),
            conversion=conversion,
            electrode=electrode,
            gain=1.0,
            description=f"{told[clamp]}, in {unit}",
            sweep_number=k + 1,
            **plain,
            **times,
        )

    response = series(answer, _RESPONSES[clamp])
    stimulus: Any = None
    if command:
        stimulus = series(command, _STIMULI[clamp])
        nwb.add_stimulus(stimulus)
    nwb.add_acquisition(response)
    shared: dict[str, Any] = {"electrode": electrode, "response": response}
    trigger = nwb.stimulus.get("stimulus_monitor")
    if stimulus is not None:
        shared["stimulus"] = stimulus
    elif trigger is not None:
        count = len(np.asarray(response.data.data))
        shared |= {
            "stimulus": trigger,
            "stimulus_start_index": k * count,
            "stimulus_index_count": count,
        }
    return nwb.add_intracellular_recording(**shared)
