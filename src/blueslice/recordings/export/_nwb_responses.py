"""The size of each response, as a table of NWB."""

import math
from typing import Any

from blueslice.recordings.export._pynwb import DynamicTable
from blueslice.recordings.export.measures import measure_rows
from blueslice.recordings.export.run_data import RunData

__all__ = ["add_responses"]

_TOLD = {
    "trial": "number of the trial, 1 for the first",
    "roi": "name of the ROI",
    "roi_found_here": "whether the ROI was found on this trial's own response",
    "ion": "what the indicator reports",
    "blank": "whether no stimulus was given",
    "window_from_s": "begin of the window in which the size is read, in s after the trial's start",
    "window_to_s": "its end",
    "size_dff": "mean dF/F in the window less that of the baseline and bleaching; 0.05 is 5 %",
    "size_se_dff": "its standard error, from the noise of the samples",
    "response": "yes: the size is above least_dff; no; unknown",
    "least_dff": "the size that a response exceeds",
    "noise_dff": "SD of one sample of the baseline",
    "bleaching_dff": "what was subtracted, from the blanks; NaN: nothing",
    "peak_dff": "highest sample of a response, up to the window's end",
    "peak_time_s": "its time after the first stimulus, in s",
    "onset_s": "where the line through 10 and 90 % of the rise meets 0, in s",
    "rise_10_90_s": "rise of a response from 10 to 90 %, in s",
    "half_decay_s": "from the peak to half of it, in s",
}


def add_responses(module: Any, run: RunData) -> None:
    """Add the table ``responses``, with the numbers that the other exports have.

    Parameters
    ----------
    module : pynwb.ProcessingModule
        Gets it.
    run : RunData
        With dF/F.
    """
    rows = measure_rows(run)
    if not rows:
        return
    table = DynamicTable(
        name="responses",
        description="responses of each trial, ROI and ion; NaN where not known or no response",
    )
    for name, told in _TOLD.items():
        table.add_column(name=name, description=told)
    names = {None: "unknown", True: "yes", False: "no"}
    for row in rows:
        values = {name: row[name] for name in _TOLD}
        values["response"] = names[row["response"]]
        table.add_row(**{k: math.nan if value is None else value for k, value in values.items()})
    module.add(table)
