"""The model of sodium in a spine of Miyazaki & Ross 2017, Fig 9."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.errors import BadInputError
from blueslice.sim.physiology.conductances import (
    ampa_conductance,
    nmda_conductance,
    sodium_influx,
    unblocked_fraction,
)
from blueslice.sim.physiology.diffusion import Place, SpineDiffusion
from blueslice.sim.physiology.geometry import SpineGeometry

__all__ = ["FIG9_PROBES", "Fig9Parameters", "Fig9Run", "half_decay_ms", "run_fig9"]

FIG9_PROBES: tuple[Place, ...] = ("head", "mid_neck", "neck_base", 3.0)
"""Where the figure's four traces are taken; the last is 3 um along the dendrite."""


class Fig9Parameters(Data):
    """What the model of Fig 9 depends on; the defaults are the figure's.

    The legend gives the times, the magnesium, the reversal and the diffusion constant. The sizes
    are in the drawing only and the conductances are not given: the defaults were fitted so that
    the head peaks at 5 mM, as there, with the voltage held.

    Parameters
    ----------
    geometry : SpineGeometry
        Sizes of spine and dendrite.
    diffusion_um2_per_ms : float
        Diffusion constant of sodium in um2/ms.
    neck_diffusion_um2_per_ms : float or None
        The same in the neck alone; None for no difference.
    ampa_nS, nmda_nS : float
        Factors gA and gN of the two conductances in nS; 0 leaves one out.
    ampa_decay_ms, ampa_rise_ms, nmda_decay_ms, nmda_rise_ms : float
        Their time constants t1, t2, t3 and t4 in ms.
    voltage_mV : float
        Voltage of the head in mV, held.
    reversal_mV : float
        Reversal potential of sodium in mV.
    magnesium_mM : float
        Magnesium outside in mM.

    Raises
    ------
    BadInputError
        When a value is not allowed.
    """

    geometry: SpineGeometry = SpineGeometry()
    diffusion_um2_per_ms: Real = Field(default=0.6, gt=0, le=100)
    neck_diffusion_um2_per_ms: Real | None = Field(default=None, gt=0, le=100)
    ampa_nS: Real = Field(default=1.038, ge=0, le=1000)
    nmda_nS: Real = Field(default=1.764, ge=0, le=1000)
    ampa_decay_ms: Real = Field(default=2.0, gt=0, le=1000)
    ampa_rise_ms: Real = Field(default=0.5, gt=0, le=1000)
    nmda_decay_ms: Real = Field(default=71.0, gt=0, le=1000)
    nmda_rise_ms: Real = Field(default=13.2, gt=0, le=1000)
    voltage_mV: Real = Field(default=-70.0, ge=-150, le=100)
    reversal_mV: Real = Field(default=40.0, ge=-150, le=150)
    magnesium_mM: Real = Field(default=2.0, gt=0, le=100)

    def influx_mol_per_s(self, time_ms: ArrayLike) -> NDArray[np.float64]:
        """Return the sodium entering the head in mol/s, released at time 0."""
        unblocked = unblocked_fraction(self.voltage_mV, self.magnesium_mM)
        conductance_nS = ampa_conductance(
            time_ms, self.ampa_nS, decay_ms=self.ampa_decay_ms, rise_ms=self.ampa_rise_ms
        ) + unblocked * nmda_conductance(
            time_ms, self.nmda_nS, decay_ms=self.nmda_decay_ms, rise_ms=self.nmda_rise_ms
        )
        return sodium_influx(conductance_nS, self.voltage_mV, reversal_mV=self.reversal_mV)


class Fig9Run(NamedTuple):
    """The model's four traces.

    Attributes
    ----------
    probes : (4, times) array
        Sodium above rest in mM at `FIG9_PROBES`.
    time_ms : (times,) array
        Time since the release in ms.
    """

    probes: NDArray[np.float64]
    time_ms: NDArray[np.float64]


def run_fig9(
    parameters: Fig9Parameters | None = None,
    *,
    duration_ms: float = 200.0,
    interval_ms: float = 0.1,
) -> Fig9Run:
    """Compute the model of Fig 9.

    Parameters
    ----------
    parameters : Fig9Parameters, optional
        Those of the figure by default.
    duration_ms : float
        Time of the last sample after the release, rounded to an interval.
    interval_ms : float
        Time between samples.

    Returns
    -------
    Fig9Run
        The traces and their times.

    Raises
    ------
    BadInputError
        When the interval is not positive or longer than the duration.
    """
    parameters = Fig9Parameters() if parameters is None else parameters
    if not 0 < interval_ms <= duration_ms < math.inf:
        raise BadInputError(
            f"interval_ms = {interval_ms:g} and duration_ms = {duration_ms:g}; give an interval "
            "above 0 and a duration that is no shorter"
        )
    time_ms = np.arange(round(duration_ms / interval_ms) + 1, dtype=np.float64) * interval_ms
    spine = SpineDiffusion(
        parameters.geometry,
        diffusion_um2_per_ms=parameters.diffusion_um2_per_ms,
        neck_diffusion_um2_per_ms=parameters.neck_diffusion_um2_per_ms,
    )
    probes = spine.concentration(parameters.influx_mol_per_s(time_ms), interval_ms, FIG9_PROBES)
    return Fig9Run(probes, time_ms)


def half_decay_ms(time_ms: ArrayLike, concentration_mM: ArrayLike) -> float:
    """Measure the time from a smooth trace's peak until it first falls to half of it.

    The peak is the top of the parabola through the highest sample and its neighbours; the
    crossing is interpolated linearly. (`blueslice.analysis.response_measures` is for recorded
    traces: it takes the highest sample as it is.)

    Parameters
    ----------
    time_ms : array_like, shape (times,)
        Evenly spaced times in ms.
    concentration_mM : array_like, shape (times,)
        Above rest.

    Returns
    -------
    float
        In ms; NaN when the trace ends before it has fallen to half, or has no peak inside.

    Raises
    ------
    BadInputError
        When the arrays do not match.
    """
    times, values = np.asarray(time_ms, np.float64), np.asarray(concentration_mM, np.float64)
    if times.ndim != 1 or times.shape != values.shape:
        raise BadInputError(
            f"times and concentrations have shapes {times.shape} and {values.shape}; give one "
            "trace of each"
        )
    peak = int(np.argmax(values)) if len(values) else 0
    if not 0 < peak < len(values) - 1:
        return math.nan
    before, top, after = values[peak - 1 : peak + 2]
    bend = before - 2 * top + after
    shift = 0.0 if bend == 0 else (before - after) / (2 * bend)
    height = top - (before - after) * shift / 4
    fallen = np.flatnonzero(values[peak:] <= height / 2)
    if len(fallen) == 0:
        return math.nan
    below = peak + int(fallen[0])
    part = (values[below - 1] - height / 2) / (values[below - 1] - values[below])
    interval = times[peak + 1] - times[peak]
    return float(times[below - 1] + part * interval - (times[peak] + shift * interval))
