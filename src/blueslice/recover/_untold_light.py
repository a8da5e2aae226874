"""Light that a cell had in trials of which no document tells, because the process was killed."""

import numpy as np

from blueslice.errors import BadInputError
from blueslice.recover._kept_run import KeptRun
from blueslice.recover.report import TornTrial
from blueslice.trial import LEDS, Trial

__all__ = ["untold_light_s"]


def untold_light_s(run: KeptRun, without_entry: int, torn: TornTrial | None) -> dict[str, float]:
    """Return s of light by name of the LED, as planned for the frames that can be read.

    Parameters
    ----------
    run : KeptRun
        As far as it came.
    without_entry : int
        Trials that are whole and have no event in the stream ``trials``, which tells the light.
    torn : TornTrial or None
        The trial in hand. Its light is told where a pause or fault had cut it off before.

    Returns
    -------
    dict of str to float
        Empty for a run that lights no cell.
    """
    if "leds" not in run.start or "trial" not in run.start:
        return {}
    try:
        trial = Trial.from_document(run.start["trial"])
    except BadInputError:
        return {}
    lit = trial.excitation
    frames = 0 if torn is None or run.cut_off_told else max(torn.frames.values(), default=0)
    return {
        f"led_{led}": trial.exposure_s
        * int(without_entry * np.sum(lit == led) + np.sum(lit[:frames] == led))
        for led in LEDS
    }
