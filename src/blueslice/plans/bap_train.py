"""Back-propagating action potentials: spikes evoked at the soma."""

from collections.abc import Mapping
from typing import Any

from bluesky.utils import MsgGenerator

from blueslice.plans._arguments import blank_places, count_of
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans._soma_pulses import spike_train
from blueslice.plans.trial_series import trial_series
from blueslice.trial import Trial

__all__ = ["bap_train"]


def bap_train(
    rig: PlannedRig,
    trials: int = 3,
    spikes: int = 10,
    spike_rate_Hz: float = 50.0,
    pulse_pA: float = 3000.0,
    pulse_s: float = 0.003,
    onset_s: float = 0.036,
    *,
    blanks: int = 0,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 200,
    exposure_s: float = 0.0018,
    rest_s: float = 0.0,
    phase: str = "",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Evoke a train of spikes at the soma in each trial, one by each pulse of current.

    That each pulse evokes one spike is to be seen in the recorded voltage
    (`blueslice.analysis.events.find_spikes`); the plan does not know it.

    Parameters
    ----------
    rig : Rig
        The rig.
    trials : int
        Trials with the train.
    spikes : int
        Pulses of current in a trial.
    spike_rate_Hz : float
        Of the pulses.
    pulse_pA, pulse_s : float
        Current and length of each.
    onset_s : float
        Of the first, in s.
    blanks : int
        Trials without current, spread evenly among the others.
    frame_rate_Hz, frame_count, exposure_s
        The camera's frames: 400 ms unless told otherwise, for ten spikes at 50 Hz take 180 ms.
    rest_s, phase, md
        As for `trial_series`.

    Raises
    ------
    BadInputError
        Before any light, when something is not allowed.

    Examples
    --------
    Ten spikes at 50 Hz in each of three trials, and a blank among them::

        RE(bap_train(rig, trials=3, blanks=1))
    """
    trial = Trial(
        frame_rate_Hz=frame_rate_Hz,
        frame_count=frame_count,
        exposure_s=exposure_s,
        pulses=spike_train(spikes, spike_rate_Hz, pulse_pA, pulse_s, onset_s),
    )
    places = blank_places(count_of("trials", trials), count_of("blanks", blanks, 0))
    md = {
        "plan_name": "bap_train",
        "spikes": spikes,
        "spike_rate_Hz": spike_rate_Hz,
        **(md or {}),
    }
    steps = [trial.with_blank() if blank else trial for blank in places]
    return (yield from trial_series(rig, steps, rest_s=rest_s, phase=phase, md=md))
