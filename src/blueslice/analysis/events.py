"""Spikes and plateaus in the recorded potential of a cell."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from blueslice.analysis._voltage_trace import check_trace
from blueslice.errors import BadInputError

__all__ = [
    "PLATEAU_DURATION_S",
    "PLATEAU_RISE_MV",
    "SPIKE_THRESHOLD_MV",
    "find_plateau",
    "find_spikes",
]

SPIKE_THRESHOLD_MV = -20.0
"""No EPSP reaches it, for its synapses' reversal and the cell's spikes come before; every
somatic spike of a pyramidal cell crosses it."""

PLATEAU_RISE_MV = 15.0
"""Above rest. An EPSP of 20 mV is over it for about 15 ms."""

PLATEAU_DURATION_S = 0.040
"""NMDA spikes last longer than that (Schiller et al. 2000, Nature 404:285), EPSPs do not."""


def find_spikes(
    voltage_mV: npt.ArrayLike,
    sample_rate_Hz: float,
    *,
    threshold_mV: float = SPIKE_THRESHOLD_MV,
    refractory_s: float = 0.002,
    ignore_s: Sequence[tuple[float, float]] = (),
) -> npt.NDArray[np.float64]:
    """Find action potentials: where the potential rises through a threshold.

    Parameters
    ----------
    voltage_mV : array_like, shape (samples,)
        Potential; NaN is never above the threshold.
    sample_rate_Hz : float
        Samples per second.
    threshold_mV : float
        Potential that only spikes reach.
    refractory_s : float
        A rise sooner after the last spike is noise on that spike.
    ignore_s : sequence of (float, float)
        Times, from and to, in which nothing is a spike: the artefacts of a stimulus.

    Returns
    -------
    ndarray of float64, shape (spikes,)
        Time of the first sample above the threshold, in s from the first sample.

    Raises
    ------
    BadInputError
        When the trace is not one-dimensional or the rate not positive.

    Examples
    --------
    >>> find_spikes([-70, -70, 20, -60, -70], 1000.0).tolist()
    [0.002]
    """
    voltage = check_trace("voltage_mV", voltage_mV, sample_rate_Hz)
    above = voltage >= threshold_mV
    above[_inside(len(voltage), sample_rate_Hz, ignore_s)] = False
    # A spike that is up already at the first sample began before the trace.
    rises = np.flatnonzero(above[1:] & ~above[:-1]) + 1
    kept: list[int] = []
    for sample in rises.tolist():
        if not kept or (sample - kept[-1]) / sample_rate_Hz >= refractory_s:
            kept.append(sample)
    return np.asarray(kept, np.float64) / sample_rate_Hz


def find_plateau(
    voltage_mV: npt.ArrayLike,
    sample_rate_Hz: float,
    *,
    baseline_s: tuple[float, float],
    rise_mV: float = PLATEAU_RISE_MV,
    duration_s: float = PLATEAU_DURATION_S,
    ignore_s: Sequence[tuple[float, float]] = (),
) -> tuple[float, float] | None:
    """Find a plateau, as an NMDA spike makes it: a depolarisation that stays.

    Parameters
    ----------
    voltage_mV : array_like, shape (samples,)
        Potential.
    sample_rate_Hz : float
        Samples per second.
    baseline_s : (float, float)
        From and to: its median is rest.
    rise_mV : float
        How far above rest it is, all the time.
    duration_s : float
        The shortest that counts.
    ignore_s : sequence of (float, float)
        Times in which the potential is not known; a plateau may go on through them.

    Returns
    -------
    (float, float) or None
        Beginning and end of the longest, in s from the first sample.

    Raises
    ------
    BadInputError
        When the trace is not one-dimensional, the rate not positive, or no sample is baseline.
    """
    voltage = check_trace("voltage_mV", voltage_mV, sample_rate_Hz)
    before = voltage[_inside(len(voltage), sample_rate_Hz, [baseline_s])]
    if not np.isfinite(before).any():
        raise BadInputError(
            f"baseline_s = {list(baseline_s)} holds no sample of the trace, which lasts "
            f"{len(voltage) / sample_rate_Hz:g} s; give [from, to] within it"
        )
    known = np.ones(len(voltage), bool)
    known[_inside(len(voltage), sample_rate_Hz, ignore_s)] = False
    # What is not known goes on as it was.
    up = voltage >= np.nanmedian(before) + rise_mV
    last = np.maximum.accumulate(np.where(known, np.arange(len(voltage)), 0))
    padded = np.concatenate([[False], up[last] & (known[last]), [False]])
    edges = np.flatnonzero(np.diff(padded.astype(np.int8)))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return None
    begin, end = runs[np.argmax(runs[:, 1] - runs[:, 0])] / sample_rate_Hz
    return (float(begin), float(end)) if end - begin >= duration_s else None


def _inside(
    count: int, sample_rate_Hz: float, windows_s: Sequence[tuple[float, float]]
) -> npt.NDArray[np.bool_]:
    # Whole samples, so that 0.036 s is sample 720 whatever the last bit of 0.036 is.
    inside = np.zeros(count, bool)
    for begin_s, end_s in windows_s:
        first, last = (max(0, round(edge_s * sample_rate_Hz)) for edge_s in (begin_s, end_s))
        inside[first:last] = True
    return inside
