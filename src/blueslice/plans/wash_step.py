"""The steps of a drug wash as data, their trials in order, and what is left of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice.errors import BadInputError
from blueslice.plans._arguments import MOST_TRIALS, blank_places, number_of
from blueslice.plans.gates import Gates

__all__ = ["RemainingStep", "Stability", "WashStep", "remaining_steps", "wash_steps"]


class Stability(Data):
    """When the response counts as stable: the last few are alike.

    Parameters
    ----------
    within : float
        Their greatest difference, relative to their mean: 0.2 is 20 %.
    within_mV : float
        A difference that is no difference, for responses that a drug has abolished.
    responses : int
        How many, 2 or more.
    interval_s : float
        Between two of them, in s.
    timeout_s : float
        After which the protocol goes on whatever they are, and says so.
    """

    within: Real = Field(default=0.2, gt=0, le=10)
    within_mV: Real = Field(default=0.5, ge=0, le=100)
    responses: Whole = Field(default=4, ge=2, le=100)
    interval_s: Real = Field(default=20.0, ge=0, le=3600)
    timeout_s: Real = Field(default=1800.0, gt=0, le=86_400)

    def holds(self, responses_mV: Sequence[float]) -> bool:
        """Tell whether the last responses are alike; not known (NaN) is not alike.

        Examples
        --------
        >>> Stability(responses=3).holds([2.0, 5.1, 5.4, 5.2])
        True
        """
        last = responses_mV[-self.responses :]
        if len(last) < self.responses:
            return False
        allowed_mV = max(self.within * abs(sum(last) / len(last)), self.within_mV)
        return max(last) - min(last) <= allowed_mV and not any(one != one for one in last)


def _to_wait(value: Any) -> Any:
    # A union of a number and names would complain of both.
    if value in ("arrival", "stable"):
        return value
    try:
        return number_of("wait", value, 0.0, 86_400.0, "s")
    except BadInputError:
        raise ValueError("give a time from 0 to 86400 s, 'arrival' or 'stable'") from None


Wait = Annotated[float | Literal["arrival", "stable"], BeforeValidator(_to_wait)]


class WashStep(Data):
    """One step of a drug wash: what flows, how long it is waited for, which trials are taken.

    Parameters
    ----------
    name : str
        The phase, as it is called in the documents: ``control``, ``CNQX``, ``wash``.
    solution : str or None
        What the perfusion is told; None leaves what flows.
    drugs_uM : mapping of str to float, or None
        What is in it, in uM; ``{}`` for no drug. Where the perfusion knows its solutions it need
        not be given; otherwise None leaves it unknown.
    trials : int
        With the stimulus.
    blanks : int
        Without it, spread evenly among the others.
    interval_s : float
        From the end of a trial to the next, in s.
    wait : float, "arrival" or "stable"
        Before the first trial: so many seconds after the solution was let in; until it has
        arrived, through the dead volume and by the exchange of the chamber; or until then and
        then until the response is stable, which is recorded in the dark.
    stability : Stability
        For "stable".
    gates : Gates or None
        In place of the protocol's, in this step.

    Raises
    ------
    BadInputError
        When a value is not allowed.

    Examples
    --------
    >>> step = WashStep(name="CNQX", solution="ACSF + 5 uM CNQX", wait="arrival")
    >>> step.trials, step.blanks
    (3, 0)
    """

    name: str = Field(min_length=1, max_length=200)
    solution: str | None = Field(default=None, min_length=1)
    drugs_uM: Mapping[str, Annotated[Real, Field(gt=0)]] | None = None
    trials: Whole = Field(default=3, ge=0, le=MOST_TRIALS)
    blanks: Whole = Field(default=0, ge=0, le=MOST_TRIALS)
    interval_s: Real = Field(default=0.0, ge=0, le=86_400)
    wait: Wait = "arrival"
    stability: Stability = Stability()
    gates: Gates | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.trials + self.blanks == 0:
            raise ValueError(f"the step {self.name!r} has no trial; give trials or blanks")
        return self

    @property
    def blank_places(self) -> tuple[bool, ...]:
        """For each of its trials in order, whether it is a blank."""
        return blank_places(self.trials, self.blanks)


def wash_steps(steps: object) -> tuple[WashStep, ...]:
    """Return steps given as `WashStep` or as plain mappings.

    Raises
    ------
    BadInputError
        When there is none, or one is not allowed; the text says which.
    """
    if not isinstance(steps, Sequence) or isinstance(steps, str) or not steps:
        raise BadInputError(
            f"steps = {steps!r}: give a list of steps, each WashStep(name=..., solution=...) or "
            "a mapping of the same"
        )
    found: list[WashStep] = []
    for number, step in enumerate(steps, start=1):
        try:
            found.append(step if isinstance(step, WashStep) else WashStep.from_document(step))
        except BadInputError as error:
            told = str(error).removeprefix(f"{WashStep.__name__}: ")
            raise BadInputError(f"steps {number}: {told}") from None
    return tuple(found)


@dataclass(frozen=True)
class RemainingStep:
    """A step of which trials are left.

    Attributes
    ----------
    number : int
        The step's, 1 for the first.
    step : WashStep
        What it is.
    trials : tuple of (int, bool)
        Number of each trial that is left, counted through all steps from 1, and whether it is a
        blank.
    """

    number: int
    step: WashStep
    trials: tuple[tuple[int, bool], ...]

    @property
    def begun(self) -> bool:
        """Whether some of its trials are done."""
        return len(self.trials) < len(self.step.blank_places)


def remaining_steps(
    steps: Sequence[WashStep], completed_trials: Collection[int] = ()
) -> tuple[RemainingStep, ...]:
    """Return what is left to do of a drug wash.

    Parameters
    ----------
    steps : sequence of WashStep
        All steps.
    completed_trials : collection of int
        Numbers of the trials that are done, counted through all steps from 1.

    Returns
    -------
    tuple of RemainingStep
        In order; steps of which nothing is left are not in it.

    Raises
    ------
    BadInputError
        When a completed trial is none of these steps.

    Examples
    --------
    >>> steps = [WashStep(name="control", trials=2), WashStep(name="CNQX", trials=2, blanks=1)]
    >>> [(left.step.name, left.trials) for left in remaining_steps(steps, {1, 2, 3})]
    [('CNQX', ((4, True), (5, False)))]
    """
    found: list[RemainingStep] = []
    done, first = set(completed_trials), 1
    for number, step in enumerate(steps, start=1):
        places = step.blank_places
        trials = tuple(
            (trial, blank) for trial, blank in enumerate(places, start=first) if trial not in done
        )
        first += len(places)
        if trials:
            found.append(RemainingStep(number, step, trials))
    unknown = sorted(done - set(range(1, first)))
    if unknown:
        raise BadInputError(
            f"trial {unknown[0]} is said to be completed, and the steps have trials 1 to "
            f"{first - 1}; give the steps that it was taken in"
        )
    return tuple(found)
