"""The numba function behind `SpineDiffusion`; importing this module compiles or loads it."""

import logging
from typing import Any

import numba
from numba import types

__all__ = ["filter_and_read"]

_logger = logging.getLogger(__name__)

_VECTOR = types.Array(types.float64, 1, "C")
_MATRIX = types.Array(types.float64, 2, "C")
_SIGNATURE = types.void(_VECTOR, _MATRIX, _MATRIX, _MATRIX, _MATRIX, _VECTOR, _MATRIX)
# Lets the sums over modes be taken in vectors. SciPy's lfilter, one mode after the other, takes 5
# to 10 times as long, and the product with the weights then starts threads of its own.
_FASTMATH = {"reassoc", "nsz"}


def _filter_and_read(  # noqa: ANN202
    kept: Any, old: Any, new: Any, influx: Any, weights: Any, modes: Any, read: Any
):
    """Step modes through time and write weighted sums of them at every sample.

    ``modes = kept modes + sum over sources (old influx before + new influx now)``.

    Shapes: `kept` and `modes` (modes,), the latter holding the state at the first sample; `old`
    and `new` (sources, modes); `influx` (sources, times); `weights` (places, modes); `read`
    (places, times) is written.
    """
    sources, times = influx.shape
    places, count = weights.shape
    for time in range(times):
        if time > 0:
            for mode in range(count):
                modes[mode] *= kept[mode]
            for source in range(sources):
                before, now = influx[source, time - 1], influx[source, time]
                for mode in range(count):
                    modes[mode] += old[source, mode] * before + new[source, mode] * now
        for place in range(places):
            total = 0.0
            for mode in range(count):
                total += weights[place, mode] * modes[mode]
            read[place, time] = total


def compile_filter() -> Any:
    """Compile `filter_and_read`, keeping the machine code on disk where that is possible."""
    try:
        return numba.njit(_SIGNATURE, nogil=True, cache=True, fastmath=_FASTMATH)(_filter_and_read)
    except Exception as error:
        # numba has many ways to say that it cannot write its cache; none forbids to compute
        _logger.debug("numba cannot keep compiled code: %s", error)
        return numba.njit(_SIGNATURE, nogil=True, fastmath=_FASTMATH)(_filter_and_read)


filter_and_read = compile_filter()
