"""Spikes and plateaus in traces whose events are known."""

import numpy as np
import pytest

from blueslice.analysis.events import find_plateau, find_spikes
from blueslice.errors import BadInputError

RATE_HZ = 20_000.0
TIME_S = np.arange(4000) / RATE_HZ
NOISE = 0.12 * np.random.default_rng(3).standard_normal(len(TIME_S))


def epsp(peak_mV, onset_s=0.039):
    since = np.maximum(TIME_S - onset_s, 0)
    shape = np.exp(-since / 0.038) - np.exp(-since / 0.005)
    return peak_mV * shape / shape.max()


def spike(at_s, height_mV=90.0):
    since = TIME_S - at_s
    return height_mV * np.exp(-((since / 0.0004) ** 2))


def trace(*parts):
    return -68.0 + NOISE + sum(parts)


@pytest.mark.parametrize(
    ("voltage", "expected_s"),
    [
        (trace(), []),
        (trace(epsp(19.0)), []),
        (trace(epsp(20.0), spike(0.050)), [0.050]),
        (trace(*[spike(at) for at in (0.036, 0.056, 0.076)]), [0.036, 0.056, 0.076]),
        # Two peaks of one spike, with noise between them.
        (trace(spike(0.05), spike(0.0513)), [0.05]),
        # Up before the trace begins.
        (trace(spike(0.0)), []),
        (np.full(4000, np.nan), []),
    ],
)
def test_spikes_are_found_where_they_are(voltage, expected_s):
    found = find_spikes(voltage, RATE_HZ)
    assert len(found) == len(expected_s)
    np.testing.assert_allclose(found, expected_s, atol=0.0008)


def test_a_stimulus_artefact_is_no_spike():
    voltage = trace(spike(0.0372), spike(0.050))
    assert len(find_spikes(voltage, RATE_HZ)) == 2
    found = find_spikes(voltage, RATE_HZ, ignore_s=[(0.036, 0.0385)])
    np.testing.assert_allclose(found, [0.050], atol=0.0008)


def square(begin_s, end_s, height_mV):
    return np.where((begin_s <= TIME_S) & (end_s > TIME_S), height_mV, 0.0)


@pytest.mark.parametrize(
    ("voltage", "expected_s"),
    [
        (trace(), None),
        (trace(epsp(20.0)), None),
        (trace(square(0.050, 0.085, 20.0)), None),
        (trace(square(0.050, 0.110, 14.0)), None),
        (trace(square(0.050, 0.110, 18.0)), (0.050, 0.110)),
        # The longest of two.
        (trace(square(0.040, 0.085, 18.0), square(0.100, 0.160, 18.0)), (0.100, 0.160)),
        # Until the end of the trace.
        (trace(square(0.150, 0.300, 18.0)), (0.150, 0.200)),
    ],
)
def test_plateaus_are_told_from_epsps(voltage, expected_s):
    found = find_plateau(voltage, RATE_HZ, baseline_s=(0.0, 0.036))
    assert (found is None) == (expected_s is None)
    if expected_s is not None:
        np.testing.assert_allclose(found, expected_s, atol=1e-4)


def test_an_artefact_does_not_cut_a_plateau_in_two():
    voltage = trace(square(0.050, 0.110, 18.0), square(0.080, 0.081, -40.0))
    assert find_plateau(voltage, RATE_HZ, baseline_s=(0.0, 0.036)) is None
    found = find_plateau(voltage, RATE_HZ, baseline_s=(0.0, 0.036), ignore_s=[(0.079, 0.082)])
    np.testing.assert_allclose(found, (0.050, 0.110), atol=1e-4)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: find_spikes([[1.0]], RATE_HZ), "one trace"),
        (lambda: find_spikes([1.0], 0.0), "rate above 0"),
        (lambda: find_plateau([1.0] * 10, RATE_HZ, baseline_s=(1.0, 2.0)), "no sample"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, text):
    with pytest.raises(BadInputError, match=text) as refused:
        call()
    assert "\n" not in str(refused.value)
