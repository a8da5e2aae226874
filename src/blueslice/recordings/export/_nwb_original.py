"""What an imported file held, exactly as it was, into NWB."""

from typing import Any

import numpy as np

from blueslice.recordings.export._nwb_time import timing
from blueslice.recordings.export._pynwb import TimeSeries, compressed
from blueslice.recordings.export.run_data import RunData

__all__ = ["add_original"]


def add_original(nwb: Any, run: RunData) -> None:
    """Add all electrical channels in the file's own numbers, its header and its trailer."""
    if "original-channels" not in run.original:
        return
    said = run.start["recording"]
    channels = run.original["original-channels"]
    trials = [np.asarray(channels[k]) for k in range(run.trial_count)]
    # (channels, frames, samples) or (channels, samples): all samples of a channel in a row.
    joined = np.concatenate([trial.reshape(len(trial), -1).T for trial in trials])
    count = len(joined) // run.trial_count
    within_s = np.arange(count) / run.sample_rate_Hz
    volts = said.get("volts_per_value")
    nwb.add_acquisition(
        TimeSeries(
            name="original_channels",
            data=compressed(joined),
            unit="volts" if volts else ", ".join(said.get("units", ["unknown"])),
            conversion=float(volts or 1.0),
            description=f"all electrical channels of {', '.join(said['files'])}, as in the file",
            **timing(np.concatenate([s + within_s for s in run.trial_starts_s()])),
        )
    )
    for name in ("header", "trailer"):
        if f"original-{name}" in run.original:
            nwb.add_scratch(
                np.asarray(run.original[f"original-{name}"][0]),
                name=f"original_{name}",
                description=f"the {name} of {said['files'][0]}, byte for byte",
            )
