"""Figure 9: the model of sodium in a spine, and the resistance of its neck."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import neck_resistance_Mohm
from blueslice.paper.experiments._spine import SpineMeasures
from blueslice.paper.experiments.single_spines import published
from blueslice.paper.values import Value, alone, mean_of
from blueslice.rig import Fig9Parameters, SpineGeometry, half_decay_ms, run_fig9

__all__ = ["SWEEPS", "model_traces", "model_values", "sweep_ms"]

# The paper's 23 ms are its half-decay of 16 ms over ln 2.
DECAY_MS = 23.0
HEAD_UM3 = 0.25
# Half-decays of single spines, mean and SD.
MEASURED_MS = (12.1, 21.1)

SWEEPS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "neck_diameter_um": (0.1, 0.15, 0.2, 0.25, 0.3, 0.4),
        "neck_length_um": (0.3, 0.5, 0.75, 1.0, 1.5, 2.0),
        "head_volume_um3": (0.05, 0.1, 0.25, 0.4, 0.6),
        "diffusion_um2_per_ms": (0.15, 0.3, 0.45, 0.6, 0.8),
    }
)
"""Of Fig 9B: what is varied, one at a time, and over which values."""


def _changed(field: str, value: float) -> Fig9Parameters:
    parameters = Fig9Parameters()
    if field in SpineGeometry.model_fields:
        return parameters.replace(geometry=parameters.geometry.replace(**{field: value}))
    return parameters.replace(**{field: value})


def _half_decay_ms(parameters: Fig9Parameters) -> float:
    # The slowest spine of the sweeps needs 0.13 s.
    probes, time_ms = run_fig9(parameters, duration_ms=300.0)
    return half_decay_ms(time_ms, probes[0])


def sweep_ms(field: str) -> list[float]:
    """Return the half-decay in the head at each of a sweep's values."""
    return [_half_decay_ms(_changed(field, value)) for value in SWEEPS[field]]


def model_traces() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return times in ms, sodium above rest at the four places in mM, and the head's without NMDA.

    The places are head, mid-neck, neck base and 3 um along the dendrite.
    """
    whole = run_fig9(duration_ms=100.0)
    without = run_fig9(Fig9Parameters(nmda_nS=0), duration_ms=100.0)
    return whole.time_ms, whole.probes, without.probes[0]


def model_values(spines: Sequence[SpineMeasures]) -> dict[str, Value]:
    """Give the numbers of Figure 9 and of the neck; the last from the spines measured here."""
    probes, _ = run_fig9()
    whole, without = _half_decay_ms(Fig9Parameters()), _half_decay_ms(Fig9Parameters(nmda_nS=0))
    swept = {field: np.array(sweep_ms(field)) for field in SWEEPS}
    named = [
        found
        for field, values in swept.items()
        for value, found in zip(SWEEPS[field], values, strict=True)
        if not (field == "neck_diameter_um" and value <= 0.15)
        and not (field == "diffusion_um2_per_ms" and value <= 0.3)
    ]
    low, high = MEASURED_MS
    # The legend calls "the range of measured values" all that Fig 4 shows: 2 SD.
    wide = (low - 4.5, high + 4.5)
    inside = [wide[0] <= found <= wide[1] for found in named]
    own_ms = [m.sodium_half_decay_ms / np.log(2) for m in published(spines)]
    own = [neck_resistance_Mohm(tau, HEAD_UM3) for tau in own_ms if np.isfinite(tau) and tau > 0]
    values = {
        "model-peak": alone(probes[0].max()),
        "model-half-decay": alone(whole),
        "model-no-nmda": alone(whole - without),
        "model-in-range": alone(1e2 * float(np.mean(inside)), "range: mean +- 2 SD of Fig 4"),
        "model-thin-neck": alone(swept["neck_diameter_um"][0]),
        "model-small-d": alone(swept["diffusion_um2_per_ms"][0]),
        "neck-resistance-small": alone(neck_resistance_Mohm(DECAY_MS, 0.1)),
        "neck-resistance": alone(neck_resistance_Mohm(DECAY_MS, HEAD_UM3)),
    }
    return values | ({"neck-resistance-ours": mean_of(own)} if own else {})
