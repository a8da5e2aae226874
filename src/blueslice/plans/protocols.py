"""The protocols of the method: blank trials, single pulses, pairs, and replays."""

from collections.abc import Mapping
from typing import Any

from bluesky.utils import MsgGenerator

from blueslice.errors import BadInputError
from blueslice.plans._arguments import count_of
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans.trial_series import trial_series
from blueslice.trial import Trial, paired_pulses

__all__ = ["blank", "replay", "single_pulse", "two_pulse"]


def two_pulse(
    rig: PlannedRig,
    trials: int = 3,
    interval_s: float = 0.010,
    width_s: float = 200e-6,
    onset_s: float = 0.036,
    amplitude_uA: float = 50.0,
    *,
    blanks: int = 0,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 100,
    exposure_s: float = 0.0018,
    rest_s: float = 0.0,
    phase: str = "",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Stimulate the synapse with a pair of pulses in each trial.

    Parameters
    ----------
    rig : Rig
        The rig.
    trials : int
        Trials with the stimulus.
    interval_s : float
        From one pulse's onset to the other's, in s.
    width_s, onset_s, amplitude_uA : float
        Of the pulses: length and first onset in s, current in uA.
    blanks : int
        Trials without the stimulus, taken first.
    frame_rate_Hz, frame_count, exposure_s
        The camera's frames.
    rest_s, phase, md
        As for `trial_series`.

    Raises
    ------
    BadInputError
        Before any light, when something is not allowed.
    """
    pulses = paired_pulses(interval_s, width_s, onset_s, amplitude_uA)
    trial = Trial(
        frame_rate_Hz=frame_rate_Hz, frame_count=frame_count, exposure_s=exposure_s, pulses=pulses
    )
    (trial,) = rig.check([trial])
    first, second = trial.pulses
    # Of what is done, which is not what was asked for where the rig takes the nearest times.
    done_s = round(second.onset_s - first.onset_s, 9)
    steps = _blanks_first(trial, trials, blanks)
    md = {"plan_name": "two_pulse", "interval_s": done_s, **(md or {})}
    return (yield from trial_series(rig, steps, rest_s=rest_s, phase=phase, md=md))


def single_pulse(
    rig: PlannedRig,
    trials: int = 3,
    width_s: float = 200e-6,
    onset_s: float = 0.036,
    amplitude_uA: float = 50.0,
    *,
    blanks: int = 0,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 100,
    exposure_s: float = 0.0018,
    rest_s: float = 0.0,
    phase: str = "",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Stimulate the synapse with one pulse in each trial; parameters as for `two_pulse`."""
    pulses = paired_pulses(0.010, width_s, onset_s, amplitude_uA, count=1)
    trial = Trial(
        frame_rate_Hz=frame_rate_Hz, frame_count=frame_count, exposure_s=exposure_s, pulses=pulses
    )
    md = {"plan_name": "single_pulse", **(md or {})}
    steps = _blanks_first(trial, trials, blanks)
    return (yield from trial_series(rig, steps, rest_s=rest_s, phase=phase, md=md))


def blank(
    rig: PlannedRig,
    trials: int = 1,
    onset_s: float = 0.036,
    *,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 100,
    exposure_s: float = 0.0018,
    rest_s: float = 0.0,
    phase: str = "",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Take trials without a stimulus, to see bleaching and noise.

    `onset_s` is where the stimulus would be, so that the baseline is that of other trials; the
    other parameters are as for `two_pulse`.
    """
    pulses = paired_pulses(0.010, onset_s=onset_s)
    trial = Trial(
        frame_rate_Hz=frame_rate_Hz,
        frame_count=frame_count,
        exposure_s=exposure_s,
        pulses=pulses,
        blank=True,
    )
    md = {"plan_name": "blank", **(md or {})}
    steps = [trial] * count_of("trials", trials)
    return (yield from trial_series(rig, steps, rest_s=rest_s, phase=phase, md=md))


def replay(rig: PlannedRig, *, md: Mapping[str, Any] | None = None) -> MsgGenerator[str]:
    """Play all recordings of a replay rig, each as the trial that was recorded."""
    if not rig.recorded_trials:
        raise BadInputError(
            f"the rig {rig.name!r} replays nothing; make it with make_replay_rig(files), or run "
            "two_pulse on this one"
        )
    md = {"plan_name": "replay", **(md or {})}
    return (yield from trial_series(rig, rig.recorded_trials, md=md))


def _blanks_first(trial: Trial, trials: int, blanks: int) -> list[Trial]:
    return [trial.with_blank()] * count_of("blanks", blanks, 0) + [trial] * count_of(
        "trials", trials
    )
