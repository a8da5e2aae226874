"""One pulse of a stimulus, and the pairs of them that the experiments use."""

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from blueslice._data import Data
from blueslice._numbers import Real, Whole
from blueslice.errors import BadInputError

__all__ = ["MAX_PULSES", "Pulse", "paired_pulses"]

# A mistyped unit (50 mA for 50 uA, 1 uA into a cell) must not reach the tissue: no isolated
# stimulator gives more than 10 mA, no patch amplifier more than 100 nA.
_MAX_AMPLITUDE_UA = 10_000.0
_MAX_AMPLITUDE_PA = 100_000.0
MAX_PULSES = 10_000

_DEFAULT_AMPLITUDE_UA = 50.0


class Pulse(Data):
    """One rectangular current pulse, of the stimulating electrode or into the cell.

    The two targets take currents six orders of magnitude apart, so that each has a field of
    its own; the one that does not belong to the pulse's target is 0.

    Parameters
    ----------
    onset_s : float
        Start of the pulse in seconds from the start of the trial's first frame, >= 0.
    width_s : float
        Length of the pulse in seconds, > 0. Default 200 us.
    amplitude_uA : float or None
        Current of the extracellular electrode in microampere, > 0 and at most 10,000, for
        target "synapse" only (default 50). None when it is not known, as of a recording: no
        recorded line shows it. A rig that gives pulses refuses that.
    amplitude_pA : float
        Current into the patched cell in picoampere, not 0, at most 100,000 either way
        (negative hyperpolarises), for target "soma" only; it has no default.
    target : {"synapse", "soma"}
        "synapse": the extracellular electrode. "soma": the patch pipette.

    Raises
    ------
    BadInputError
        When a value is not allowed, or a current is given for the other target.
    """

    onset_s: Real = Field(ge=0, le=3600)
    width_s: Real = Field(default=200e-6, gt=0, le=3600)
    amplitude_uA: Real | None = Field(default=0.0, ge=0, le=_MAX_AMPLITUDE_UA)
    amplitude_pA: Real = Field(default=0.0, ge=-_MAX_AMPLITUDE_PA, le=_MAX_AMPLITUDE_PA)
    target: Literal["synapse", "soma"] = "synapse"

    @model_validator(mode="before")
    @classmethod
    def _fill_amplitude(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("target", "synapse") == "synapse":
            return {"amplitude_uA": _DEFAULT_AMPLITUDE_UA, **values}
        return values

    @model_validator(mode="after")
    def _check_amplitude(self) -> Self:
        if self.target == "synapse":
            if self.amplitude_pA:
                raise ValueError(
                    f"amplitude_pA = {self.amplitude_pA:g} on a pulse for the synapse; "
                    'give amplitude_uA, or target="soma"'
                )
            if self.amplitude_uA == 0:
                raise ValueError("amplitude_uA = 0; give more than 0, or mark the trial blank")
        else:
            if self.amplitude_uA is None:
                raise ValueError(
                    "amplitude_uA = None on a pulse for the soma, which has amplitude_pA; "
                    "leave it out"
                )
            if self.amplitude_uA:
                raise ValueError(
                    f"amplitude_uA = {self.amplitude_uA:g} on a pulse for the soma; "
                    'give amplitude_pA, or target="synapse"'
                )
            if not self.amplitude_pA:
                raise ValueError("a pulse for the soma needs amplitude_pA, more or less than 0")
        return self

    @property
    def end_s(self) -> float:
        """End of the pulse in seconds from the start of the trial's first frame."""
        return self.onset_s + self.width_s

    @property
    def amplitude_text(self) -> str:
        """The current with its unit, for people: ``50 uA``, ``500 pA`` or ``unknown current``."""
        if self.target == "soma":
            return f"{self.amplitude_pA:g} pA"
        return "unknown current" if self.amplitude_uA is None else f"{self.amplitude_uA:g} uA"

    @property
    def known_amplitude_uA(self) -> float:
        """`amplitude_uA`, for whoever cannot do without it.

        Raises
        ------
        BadInputError
            When it is not known.
        """
        if self.amplitude_uA is None:
            raise BadInputError(
                f"the current of the pulse at {self.onset_s * 1e3:g} ms is not known; give it as "
                "amplitude_uA"
            )
        return self.amplitude_uA


def paired_pulses(
    interval_s: float = 0.010,
    width_s: float = 200e-6,
    onset_s: float = 0.036,
    amplitude_uA: float = _DEFAULT_AMPLITUDE_UA,
    count: int = 2,
) -> tuple[Pulse, ...]:
    """Make equal pulses at equal intervals for the stimulating electrode.

    Parameters
    ----------
    interval_s : float
        From one onset to the next in seconds, > 0 (the paper used 10 or 12 ms).
    width_s : float
        Length of each pulse in seconds.
    onset_s : float
        Onset of the first pulse in seconds from the start of the trial.
    amplitude_uA : float
        Current of each pulse in microampere.
    count : int
        Number of pulses: 1 to 10,000, 2 for a pair.

    Returns
    -------
    tuple of Pulse

    Raises
    ------
    BadInputError
        When a value is not allowed or the pulses would overlap.
    """
    train = _Train(interval_s=interval_s, count=count)
    first = Pulse(onset_s=onset_s, width_s=width_s, amplitude_uA=amplitude_uA)
    if train.count > 1 and first.width_s > train.interval_s:
        raise BadInputError(
            f"paired_pulses: width_s = {first.width_s:g} is longer than "
            f"interval_s = {train.interval_s:g}, "
            "the pulses would overlap; lengthen the interval or shorten the pulses"
        )
    return tuple(
        Pulse(
            onset_s=first.onset_s + k * train.interval_s,
            width_s=first.width_s,
            amplitude_uA=first.amplitude_uA,
        )
        for k in range(train.count)
    )


class _Train(Data):
    """The numbers of a train of pulses that no single pulse can check."""

    interval_s: Real = Field(gt=0, le=3600)
    count: Whole = Field(ge=1, le=MAX_PULSES)
