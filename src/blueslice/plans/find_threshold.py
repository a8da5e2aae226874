"""The strongest stimulus that makes the cell neither spike nor plateau."""

import logging
import math
from collections.abc import Mapping
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator
from ophyd_async.core import StandardReadable, soft_signal_rw

from blueslice.analysis.events import find_plateau, find_spikes
from blueslice.errors import BadInputError
from blueslice.plans._arguments import check_time, count_of, number_of
from blueslice.plans._cell_recording import CellRecording, listen
from blueslice.plans._pause import tell
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans._run_metadata import run_metadata
from blueslice.plans._run_of_trials import run_trials
from blueslice.plans._trial_run import TrialRun
from blueslice.trial import LEDS, Trial, paired_pulses

__all__ = ["find_threshold"]

logger = logging.getLogger(__name__)

# A stimulus couples into the recording for longer than it lasts; EPSPs and spikes come later.
_ARTEFACT_S = 0.0025


class _Search(StandardReadable):
    """What a trial of the search showed, for an event in the stream ``threshold``."""

    def __init__(self) -> None:
        with self.add_children_as_readables():
            self.trial = soft_signal_rw(int)
            self.stimulus_uA = soft_signal_rw(float, units="uA")
            self.spikes = soft_signal_rw(int)
            self.plateau_s = soft_signal_rw(float, units="s")
            self.amplitude_uA = soft_signal_rw(float, units="uA")
        super().__init__(name="threshold")


def find_threshold(
    rig: PlannedRig,
    from_uA: float = 20.0,
    to_uA: float = 400.0,
    step_uA: float = 20.0,
    pulses: int = 2,
    interval_s: float = 0.010,
    width_s: float = 200e-6,
    onset_s: float = 0.036,
    *,
    confirm: int = 2,
    max_trials: int = 40,
    light: bool = False,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 100,
    exposure_s: float = 0.0018,
    rest_s: float = 10.0,
    phase: str = "threshold",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[float | None]:
    """Raise the stimulus until the cell spikes or plateaus, then settle just below.

    One trial at each current, upwards, until `blueslice.analysis.events` finds a spike or a
    plateau in the recorded voltage. Then a step lower, where `confirm` trials must show neither;
    each time one does, another step lower. The trials are recorded as any others, with the LEDs
    dark unless `light`: searching costs the cell no light.

    The stream ``threshold`` has an event for each trial: ``threshold-trial``, ``-stimulus_uA``,
    ``-spikes`` (how many), ``-plateau_s`` (how long, 0 for none). One more event at the end has
    ``-amplitude_uA``: the current that was found, NaN before and where none was.

    Parameters
    ----------
    rig : Rig
        The rig; its amplifier records the voltage.
    from_uA, to_uA, step_uA : float
        The currents that are tried, in uA.
    pulses : int
        In a trial, 1 or 2.
    interval_s, width_s, onset_s : float
        Of the pulses, as for `two_pulse`.
    confirm : int
        Trials in a row without spike or plateau at the current that is found; 0 to take it on
        trust.
    max_trials : int
        The most trials; when they are used up, the lowest current in hand is not confirmed and
        none is found.
    light : bool
        True to light the LEDs as in an ordinary trial.
    frame_rate_Hz, frame_count, exposure_s
        The camera's frames.
    rest_s, phase, md
        As for `trial_series`.

    Returns
    -------
    float or None
        The current in uA; the highest that was tried when the cell stayed quiet at all of
        them. None when it never was quiet, or the trials were used up.

    Raises
    ------
    BadInputError
        Before any pulse, when something is not allowed or the amplifier records no voltage.

    Examples
    --------
    As a part of another plan::

        def protocol(rig):
            amplitude_uA = yield from find_threshold(rig)
            yield from two_pulse(rig, amplitude_uA=amplitude_uA or 50.0)
    """
    if pulses not in (1, 2):
        raise BadInputError(f"pulses = {pulses!r}: give 1 or 2 synaptic pulses")
    check_time("rest_s", rest_s)
    amplitudes_uA = _amplitudes(from_uA, to_uA, step_uA)
    most, confirm = count_of("max_trials", max_trials), count_of("confirm", confirm, 0)
    if most < len(amplitudes_uA) + confirm:
        raise BadInputError(
            f"max_trials = {most} is not enough for {len(amplitudes_uA)} currents and {confirm} "
            "trials to confirm one; raise it, or make step_uA larger"
        )
    trials = [
        Trial(
            frame_rate_Hz=frame_rate_Hz,
            frame_count=frame_count,
            exposure_s=exposure_s,
            excitation_order=LEDS if light else (0,),
            pulses=paired_pulses(interval_s, width_s, onset_s, amplitude_uA, count=pulses),
        )
        for amplitude_uA in amplitudes_uA
    ]
    trials = rig.check(trials)
    run, search = TrialRun(rig, trials[0]), _Search()
    planned = [PlannedTrial(1, trial, phase) for trial in trials]
    metadata = {
        "plan_name": "find_threshold",
        **run_metadata(rig, planned, phase),
        "trials": most,
        "blanks": [False] * most,
        "amplitudes_uA": amplitudes_uA,
        "confirm": confirm,
        **(md or {}),
    }
    # How often each current is taken is found out in the search.
    del metadata["trial_table"]
    found: list[float | None] = [None]

    def body(recording: CellRecording) -> MsgGenerator[None]:
        number, ended_s = 0, None

        def quiet_at(level: int, condition: str) -> MsgGenerator[bool]:
            nonlocal number, ended_s
            if number and rest_s > 0:
                yield from run.rest(rest_s, ended_s)
            number += 1
            one = PlannedTrial(number, trials[level], phase, condition=condition)
            ended_s = yield from run.take(one)
            spikes, plateau_s = _events(recording, trials[level], rig)
            yield from _note(search, number, amplitudes_uA[level], spikes, plateau_s)
            return not spikes and not plateau_s

        level, confirmed = -1, 0
        while level + 1 < len(trials):
            quiet = yield from quiet_at(level + 1, "search")
            if not quiet:
                break
            level += 1
        while level >= 0 and confirmed < confirm and number < most:
            quiet = yield from quiet_at(level, "confirm")
            level, confirmed = (level, confirmed + 1) if quiet else (level - 1, 0)
        if level >= 0 and confirmed >= confirm:
            found[0] = amplitudes_uA[level]
        yield from _tell(search, found[0], number)

    with listen(rig.amplifier, "voltage") as recording:
        yield from run_trials(run, metadata, lambda: body(recording), devices=[search])
    return found[0]


def _amplitudes(from_uA: float, to_uA: float, step_uA: float) -> list[float]:
    low = number_of("from_uA", from_uA, 0.001, 1e4, "uA")
    high = number_of("to_uA", to_uA, low, 1e4, "uA")
    step = number_of("step_uA", step_uA, 0.001, 1e4, "uA")
    # Rounded up to the millionth part of a step, so that 20 to 400 by 20 includes 400.
    count = math.floor((high - low) / step + 1e-6) + 1
    return [low + k * step for k in range(count_of("currents to try", count))]


def _events(recording: CellRecording, trial: Trial, rig: PlannedRig) -> tuple[int, float]:
    """Return how many spikes the trial's voltage shows, and how long a plateau."""
    voltage_mV, rate_Hz = recording.trace("voltage"), rig.amplifier.backend.sample_rate_Hz
    if not len(voltage_mV):
        return 0, 0.0
    artefacts_s = [(pulse.onset_s, pulse.end_s + _ARTEFACT_S) for pulse in trial.pulses]
    before_s = (0.0, trial.pulses[0].onset_s)
    spikes = find_spikes(voltage_mV, rate_Hz, ignore_s=artefacts_s)
    plateau = find_plateau(voltage_mV, rate_Hz, baseline_s=before_s, ignore_s=artefacts_s)
    return len(spikes), plateau[1] - plateau[0] if plateau else 0.0


def _note(
    search: _Search, number: int, stimulus_uA: float, spikes: int, plateau_s: float
) -> MsgGenerator[None]:
    yield from bps.mv(
        *(search.trial, number),
        *(search.stimulus_uA, stimulus_uA),
        *(search.spikes, spikes),
        *(search.plateau_s, plateau_s),
        *(search.amplitude_uA, math.nan),
    )
    yield from _keep(search)


def _keep(search: _Search) -> MsgGenerator[None]:
    yield from bps.trigger_and_read([search], name="threshold")
    # A pause must not keep it a second time.
    yield from bps.checkpoint()


def _tell(search: _Search, found_uA: float | None, trials: int) -> MsgGenerator[None]:
    """Keep the result as one more event, and tell it."""
    yield from bps.mv(search.amplitude_uA, math.nan if found_uA is None else found_uA)
    yield from _keep(search)
    if found_uA is None:
        none = "no stimulus was found, in %d trials, at which the cell is quiet"
        yield from tell(logger.warning, none, trials)
    else:
        found = "the strongest quiet stimulus, after %d trials, is %g uA"
        yield from tell(logger.info, found, trials, found_uA)
