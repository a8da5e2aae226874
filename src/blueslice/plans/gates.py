"""What a cell has to be like for a trial to be worth its light."""

import math
from typing import Self

from pydantic import ConfigDict, Field, model_validator

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.analysis.cell_condition import (
    access_resistance_MOhm,
    bridge_residual_MOhm,
    response_amplitude_mV,
    resting_potential_mV,
)
from blueslice.clamp import Clamp
from blueslice.errors import BadInputError
from blueslice.plans._cell_recording import CellRecording
from blueslice.trial import Pulse, Trial

__all__ = ["CellCondition", "Gates", "failing_gates", "measure_cell", "sweep_trial"]

Limits = tuple[Real, Real]


class Gates(Data):
    """Limits within which the cell has to be before each trial; None sets no limit.

    Before each trial of a protocol with gates, the cell is recorded once in the dark: it gets the
    test pulse and, where its response has limits, the stimulus.

    Parameters
    ----------
    access_MOhm : (float, float) or None
        Lowest and highest access resistance, as `access_resistance_MOhm` measures it. In current
        clamp it needs `bridge_MOhm`.
    rest_mV : (float, float) or None
        Lowest and highest resting potential; in current clamp only.
    response_mV : (float, float) or None
        Lowest and highest postsynaptic potential; in current clamp only. A step whose drug blocks
        the response needs gates of its own, without this one.
    clamp : {"current", "voltage"}
        What the amplifier holds.
    bridge_MOhm : float or None
        What the amplifier's bridge is set to in current clamp, 0 for off; None where that is not
        known, and the access resistance is then not measured.
    test_pulse_pA : float
        Current of the test pulse; in voltage clamp what the amplifier makes a step of.
    settle_s : float
        Time between such a recording and the trial, in s: for the synapse to recover.

    Raises
    ------
    BadInputError
        When a value is not allowed.
    """

    access_MOhm: Limits | None = None
    rest_mV: Limits | None = None
    response_mV: Limits | None = None
    clamp: Clamp = "current"
    bridge_MOhm: Real | None = Field(default=None, ge=0, le=1000)
    test_pulse_pA: Real = Field(default=-100.0, ge=-1e4, le=1e4)
    settle_s: Real = Field(default=5.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("access_MOhm", "rest_mV", "response_mV"):
            limits = getattr(self, name)
            if limits is not None and limits[0] >= limits[1]:
                raise ValueError(f"{name} = {list(limits)} lets nothing through; give [low, high]")
        if self.clamp == "voltage" and (self.rest_mV or self.response_mV):
            raise ValueError(
                "rest_mV and response_mV are of a potential that voltage clamp holds; leave them "
                "out, or record in current clamp"
            )
        if self.clamp == "voltage" and self.bridge_MOhm is not None:
            raise ValueError(
                f"bridge_MOhm = {self.bridge_MOhm:g} is of current clamp; leave it out in voltage "
                "clamp"
            )
        if self.access_MOhm is not None and not self.test_pulse_pA:
            raise ValueError("test_pulse_pA = 0 measures no access resistance; give a current")
        return self

    @property
    def lacks_bridge(self) -> bool:
        """Whether the access resistance has limits that nothing can be measured by."""
        in_current_clamp = self.clamp == "current" and self.bridge_MOhm is None
        return self.access_MOhm is not None and in_current_clamp

    @property
    def is_open(self) -> bool:
        """Whether no limit is set, so that nothing has to be recorded."""
        return self.access_MOhm is None and self.rest_mV is None and self.response_mV is None


class CellCondition(Data):
    """What a recording in the dark showed of the cell; NaN where it was not measured.

    Attributes
    ----------
    access_MOhm, rest_mV, response_mV : float
        See `Gates`.
    unbalanced_MOhm : float
        In current clamp, what the bridge does not balance: no access resistance, but it changes
        by as much as that does.
    """

    model_config = ConfigDict(allow_inf_nan=True)

    access_MOhm: float = math.nan
    unbalanced_MOhm: float = math.nan
    rest_mV: float = math.nan
    response_mV: float = math.nan


def failing_gates(gates: Gates, condition: CellCondition) -> list[str]:
    """Say which limits the cell is not within, a part of a line for each.

    What could not be measured is not within its limits.

    Examples
    --------
    >>> failing_gates(Gates(rest_mV=(-80, -60)), CellCondition(rest_mV=-51.2))
    ['the resting potential is -51.2 mV, allowed are -80 to -60 mV']
    """
    found: list[str] = []
    for what, name, unit in (
        ("access resistance", "access_MOhm", "MOhm"),
        ("resting potential", "rest_mV", "mV"),
        ("response", "response_mV", "mV"),
    ):
        limits, value = getattr(gates, name), getattr(condition, name)
        # Written so that NaN fails.
        if limits is not None and not limits[0] <= value <= limits[1]:
            is_text = "could not be measured" if math.isnan(value) else f"is {value:.1f} {unit}"
            if name == "access_MOhm" and gates.lacks_bridge:
                is_text = "is not measured in current clamp without bridge_MOhm"
            found.append(f"the {what} {is_text}, allowed are {limits[0]:g} to {limits[1]:g} {unit}")
    return found


def sweep_trial(example: Trial, gates: Gates, *, stimulated: bool) -> Trial:
    """Return the trial by which the cell is checked: dark, with test pulse and stimulus.

    The test pulse comes last, at 70 % of the trial for 10 % of it, when most of the response is
    over.

    Raises
    ------
    BadInputError
        When the trial has no room for the test pulse after its stimulus.
    """
    pulses = tuple(p for p in example.pulses if p.target == "synapse") if stimulated else ()
    if gates.access_MOhm is not None:
        # Whole milliseconds are on every stimulator's tick.
        onset_s, width_s = round(0.7 * example.duration_s, 3), round(0.1 * example.duration_s, 3)
        ended_s = max((pulse.end_s for pulse in pulses), default=0.0)
        if width_s < 0.005 or onset_s < ended_s + 0.020:
            raise BadInputError(
                f"a trial of {example.duration_s * 1e3:g} ms has no room for a test pulse of 5 ms "
                "at 70 % of it, 20 ms after the stimulus; raise frame_count, or set no access_MOhm"
            )
        pulses = (
            *pulses,
            Pulse(
                target="soma", onset_s=onset_s, width_s=width_s, amplitude_pA=gates.test_pulse_pA
            ),
        )
    return example.replace(excitation_order=(0,), pulses=pulses, blank=False)


def measure_cell(
    recording: CellRecording, sweep: Trial, gates: Gates, sample_rate_Hz: float
) -> CellCondition:
    """Measure what was recorded in a sweep."""
    voltage_mV, current_pA = recording.trace("voltage"), recording.trace("current")
    synaptic = [pulse for pulse in sweep.pulses if pulse.target == "synapse"]
    tests = [pulse for pulse in sweep.pulses if pulse.target == "soma"]
    first_s = sweep.first_pulse_onset_s
    held = gates.clamp == "voltage"
    before_s = (0.0, sweep.duration_s if first_s is None else first_s)
    access_MOhm = unbalanced_MOhm = math.nan
    if tests:
        traces = voltage_mV, current_pA, sample_rate_Hz
        pulse_s = (tests[0].onset_s, tests[0].end_s)
        access_MOhm = access_resistance_MOhm(
            *traces, pulse_s=pulse_s, clamp=gates.clamp, bridge_MOhm=gates.bridge_MOhm
        )
        if not held:
            unbalanced_MOhm = bridge_residual_MOhm(*traces, pulse_s=pulse_s)
    return CellCondition(
        access_MOhm=access_MOhm,
        unbalanced_MOhm=unbalanced_MOhm,
        rest_mV=math.nan if held else resting_potential_mV(voltage_mV, sample_rate_Hz, before_s),
        response_mV=response_amplitude_mV(
            voltage_mV,
            sample_rate_Hz,
            first_pulse_s=synaptic[0].onset_s,
            last_pulse_s=synaptic[-1].end_s,
        )
        if synaptic and not held
        else math.nan,
    )
