"""What an imported file held, exactly as it was, into NWB."""

from typing import Any

import numpy as np

from blueslice.recordings.export._nwb_time import timing
from blueslice.recordings.export._pynwb import TimeSeries, compressed
from blueslice.recordings.export.run_data import RunData

__all__ = ["add_annotations", "add_original"]


def add_annotations(nwb: Any, run: RunData) -> None:
    """Add what was noted during the recording, such as drug on and drug off, at its times."""
    if "annotation-text" not in run.annotations:
        return
    table = nwb.create_events_table(
        name="annotations",
        description="tags of the recording, at the times that its file has of them",
        source_description="tags set during the acquisition, by a person or by a trigger",
    )
    table.add_column(name="kind", description="comment, external, voice: what kind of tag it is")
    for time_s, text, kind in zip(
        run.annotations["annotation-time_s"],
        run.annotations["annotation-text"],
        run.annotations["annotation-kind"],
        strict=True,
    ):
        table.add_event(timestamp=float(time_s), annotation=str(text), kind=str(kind))


def add_original(nwb: Any, run: RunData) -> None:
    """Add all electrical channels in the file's own numbers, its header and its trailer."""
    if "original-channels" not in run.original:
        return
    said = run.start["recording"]
    channels = run.original["original-channels"]
    # (channels, frames, samples) or (channels, samples): all samples of a channel in a row.
    trials = [
        np.asarray(channels[k]).reshape(channels.shape[1], -1).T[: run.samples_of(k)]
        for k in range(run.trial_count)
    ]
    joined = np.concatenate(trials)
    times_s = [
        start_s + np.arange(len(trial)) / run.sample_rate_Hz
        for start_s, trial in zip(run.trial_starts_s(), trials, strict=True)
    ]
    volts = said.get("volts_per_value")
    nwb.add_acquisition(
        TimeSeries(
            name="original_channels",
            data=compressed(joined),
            unit="volts" if volts else ", ".join(said.get("units", ["unknown"])),
            conversion=float(volts or 1.0),
            description=f"all electrical channels of {', '.join(said['files'])}, as in the file",
            **timing(np.concatenate(times_s)),
        )
    )
    for name in ("header", "trailer"):
        if f"original-{name}" in run.original:
            nwb.add_scratch(
                np.asarray(run.original[f"original-{name}"][0]),
                name=f"original_{name}",
                description=f"the {name} of {said['files'][0]}, byte for byte",
            )
