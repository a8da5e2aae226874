"""The synaptic stimulus with and without a spike on it, in turn."""

import random
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, Literal

from bluesky.utils import MsgGenerator

from blueslice.errors import BadInputError
from blueslice.plans._arguments import blank_places, count_of, number_of
from blueslice.plans._planned_trial import PlannedTrial
from blueslice.plans._rig_protocol import PlannedRig
from blueslice.plans._soma_pulses import spike_train
from blueslice.plans.trial_series import planned_series
from blueslice.trial import Trial, paired_pulses

__all__ = ["WITHOUT_SPIKE", "WITH_SPIKE", "paired"]

WITHOUT_SPIKE = "without spike"
WITH_SPIKE = "with spike"


def paired(
    rig: PlannedRig,
    trials: int = 4,
    delay_s: float = 0.008,
    pulses: int = 1,
    interval_s: float = 0.010,
    width_s: float = 200e-6,
    onset_s: float = 0.036,
    amplitude_uA: float = 50.0,
    *,
    pulse_pA: float = 3000.0,
    pulse_s: float = 0.003,
    order: Literal["alternate", "random"] | Sequence[str] = "alternate",
    seed: int = 0,
    blanks: int = 0,
    frame_rate_Hz: float = 500.0,
    frame_count: int = 100,
    exposure_s: float = 0.0018,
    rest_s: float = 0.0,
    phase: str = "",
    md: Mapping[str, Any] | None = None,
) -> MsgGenerator[str]:
    """Compare the synaptic response alone with the same one and a spike on it.

    Both kinds are interleaved, so that light and run-down are the same for both. Which a trial
    was is its ``trial-condition`` in the stream ``trials``, and ``trial_table`` in the start
    document: ``"with spike"``, ``"without spike"``, empty for a blank. ``trials_by_condition``
    there has the trial of each.

    Parameters
    ----------
    rig : Rig
        The rig.
    trials : int
        Trials of each kind.
    delay_s : float
        From the onset of the last synaptic pulse to that of the current into the soma, in s.
    pulses : int
        Synaptic pulses in a trial, 1 or 2.
    interval_s, width_s, onset_s, amplitude_uA : float
        Of the synaptic pulses, as for `two_pulse`.
    pulse_pA, pulse_s : float
        The current into the soma that evokes the spike.
    order : {"alternate", "random"} or sequence of str
        Alternating, the first without the spike; drawn with `seed`, as many of each; or each
        trial by name, ``["with spike", "without spike", ...]``.
    seed : int
        For the order "random".
    blanks : int
        Trials without either, spread evenly among the others.
    frame_rate_Hz, frame_count, exposure_s
        The camera's frames.
    rest_s, phase, md
        As for `trial_series`.

    Raises
    ------
    BadInputError
        Before any light, when something is not allowed.

    Examples
    --------
    Four of each in an order that is drawn, with the spike 8 ms after the stimulus::

        RE(paired(rig, trials=4, delay_s=0.008, order="random", seed=1))
    """
    if pulses not in (1, 2):
        raise BadInputError(f"pulses = {pulses!r}: give 1 or 2 synaptic pulses")
    synaptic = paired_pulses(interval_s, width_s, onset_s, amplitude_uA, count=pulses)
    number_of("delay_s", delay_s, -onset_s, 10.0, "s")
    spike = spike_train(1, 1.0, pulse_pA, pulse_s, synaptic[-1].onset_s + delay_s)
    alone = Trial(
        frame_rate_Hz=frame_rate_Hz, frame_count=frame_count, exposure_s=exposure_s, pulses=synaptic
    )
    (alone,), (with_spike,) = (
        rig.check([one]) for one in (alone, alone.replace(pulses=(*synaptic, *spike)))
    )
    by_condition = {WITHOUT_SPIKE: alone, WITH_SPIKE: with_spike}
    spike_s = next(pulse.onset_s for pulse in with_spike.pulses if pulse.target == "soma")
    conditions = iter(_conditions(count_of("trials", trials), order, seed))
    planned = []
    places = blank_places(2 * trials, count_of("blanks", blanks, 0))
    for number, blank in enumerate(places, start=1):
        condition = "" if blank else next(conditions)
        trial = alone.with_blank() if blank else by_condition[condition]
        planned.append(PlannedTrial(number, trial, phase, condition=condition))
    md = {
        "plan_name": "paired",
        # Of what is done, which is not what was asked for where the rig takes the nearest times.
        "delay_s": round(spike_s - alone.pulses[-1].onset_s, 9),
        "order": order if isinstance(order, str) else list(order),
        "seed": seed,
        "trials_by_condition": {name: one.to_document() for name, one in by_condition.items()},
        # The response of both begins with the stimulus that both have.
        "trial": alone.to_document(),
        **(md or {}),
    }
    return (yield from planned_series(rig, planned, rest_s=rest_s, phase=phase, md=md))


def _conditions(trials: int, order: str | Sequence[str], seed: int) -> list[str]:
    alternating = [WITHOUT_SPIKE, WITH_SPIKE] * trials
    if order == "alternate":
        return alternating
    if order == "random":
        random.Random(seed).shuffle(alternating)
        return alternating
    if isinstance(order, str):
        raise BadInputError(
            f"order = {order!r}: give 'alternate', 'random', or a list of {WITH_SPIKE!r} and "
            f"{WITHOUT_SPIKE!r}"
        )
    names = list(islice(order, 2 * trials + 1))
    if sorted(names, key=str) != sorted(alternating):
        raise BadInputError(
            f"order names {len(names)} trials, {names.count(WITH_SPIKE)} {WITH_SPIKE!r} and "
            f"{names.count(WITHOUT_SPIKE)} {WITHOUT_SPIKE!r}; trials = {trials} asks for "
            f"{trials} of each"
        )
    return names
