"""Release: as likely as the paper's pairs, within bounds, late, and decided by the seed alone."""

import numpy as np
import pytest

from blueslice.errors import BadInputError
from blueslice.sim.physiology import ReleaseParameters, draw_releases

PAIR_S = (0.036, 0.046)
DEFAULT = ReleaseParameters()
CERTAIN = ReleaseParameters(probability=1.0, probability_after_release=1.0)


def draw(seed, arrivals_s=PAIR_S, parameters=DEFAULT):
    return draw_releases(arrivals_s, parameters, np.random.default_rng(seed))


def pair_probabilities(parameters, apart_s):
    """Return the chance of each pulse of a pair: first, second after nothing, after a release."""
    p = parameters.probability
    raised = parameters.facilitation * np.exp(-apart_s / parameters.facilitation_decay_s)
    tired = np.exp(-apart_s / parameters.recovery_s)
    after = 1 - tired * (1 - parameters.probability_after_release)
    return p, min(p * (1 + raised), 1), min(p * (1 + raised * (1 - tired)) * after, 1)


def test_58_percent_of_the_successes_begin_on_the_second_pulse():
    first, second, after = pair_probabilities(DEFAULT, 0.010)
    assert (second, after) == pytest.approx((0.46, 0.21), abs=0.01)
    assert (1 - first) * second / (first + (1 - first) * second) == pytest.approx(0.58, abs=0.005)


@pytest.mark.parametrize("apart_s", [0.010, 0.050, 0.4])
@pytest.mark.parametrize(
    "parameters",
    [
        DEFAULT,
        ReleaseParameters(probability=0.6, facilitation=2.0),
        ReleaseParameters(probability=0.5, probability_after_release=0.1, recovery_s=0.05),
    ],
    ids=["paper", "ready", "tired"],
)
def test_a_pair_releases_as_often_as_its_probabilities_say(parameters, apart_s):
    trials = 4000
    rng = np.random.default_rng(11)
    found = [
        tuple(r.pulse for r in draw_releases((0.0, apart_s), parameters, rng))
        for _ in range(trials)
    ]
    first, second, after = pair_probabilities(parameters, apart_s)
    expected = {
        (): (1 - first) * (1 - second),
        (1,): (1 - first) * second,
        (0,): first * (1 - after),
        (0, 1): first * after,
    }
    for pulses, share in expected.items():
        sd = np.sqrt(share * (1 - share) / trials)
        assert abs(found.count(pulses) / trials - share) <= 4 * sd, pulses


@pytest.mark.parametrize(
    ("parameters", "arrivals_s", "pulses"),
    [
        (ReleaseParameters(probability=0.0, facilitation=10.0), np.arange(30) * 0.001, []),
        (CERTAIN, np.arange(30) * 0.001, [*range(30)]),
        (CERTAIN, [], []),
    ],
    ids=["never", "always", "no pulse"],
)
def test_the_extremes_are_certain(parameters, arrivals_s, pulses):
    for seed in range(30):
        assert [r.pulse for r in draw(seed, arrivals_s, parameters)] == pulses


def test_a_probability_raised_beyond_1_is_certain():
    raised = ReleaseParameters(probability=0.1, facilitation=10.0, facilitation_decay_s=1.0)
    pulses = [[r.pulse for r in draw(seed, PAIR_S, raised)] for seed in range(30)]
    failed = [found for found in pulses if 0 not in found]
    assert len(failed) > 20
    assert failed == [[1]] * len(failed)


def test_facilitation_adds_up_to_twice_its_size():
    lasting = ReleaseParameters(
        probability=0.1, facilitation=1.0, facilitation_decay_s=1e6, probability_after_release=0.0
    )
    firsts = [draw(seed, np.arange(4) * 0.01, lasting)[:1] for seed in range(4000)]
    pulses = [found[0].pulse for found in firsts if found]
    left = 1.0
    for pulse, probability in enumerate((0.1, 0.2, 0.3, 0.3)):
        assert pulses.count(pulse) / 4000 == pytest.approx(left * probability, abs=0.025)
        left *= 1 - probability


def test_release_is_late_by_the_latency_and_half_a_normal_deviation():
    late_s = np.array([draw(seed, [0.036], CERTAIN)[0].time_s for seed in range(4000)]) - 0.036
    assert late_s.min() >= CERTAIN.latency_s
    beyond = (late_s - CERTAIN.latency_s) / CERTAIN.latency_sd_s
    assert (beyond**2).mean() == pytest.approx(1, abs=0.1)
    assert beyond.mean() == pytest.approx(np.sqrt(2 / np.pi), abs=0.05)
    exact = CERTAIN.replace(latency_sd_s=0.0)
    assert draw(1, [0.036], exact)[0].time_s == pytest.approx(0.036 + exact.latency_s)


@pytest.mark.parametrize("apart_s", [0.010, 0.1, 0.5, 5.0])
def test_a_second_release_is_smaller_and_recovers(apart_s):
    first, second = draw(3, (0.0, apart_s), CERTAIN)
    tired = np.exp(-apart_s / CERTAIN.recovery_s)
    assert first.amplitude == 1.0
    assert second.amplitude == pytest.approx(1 - tired * (1 - CERTAIN.amplitude_after_release))


def test_the_seed_decides():
    assert [draw(s) for s in range(20)] == [draw(s) for s in range(20)]
    assert len({tuple(r.time_s for r in draw(s)) for s in range(20)}) > 5


def test_another_parameter_leaves_the_chances_as_they_were():
    often = ReleaseParameters(probability=0.5, facilitation=0.0, probability_after_release=1.0)
    arrivals_s = np.arange(20) * 1.0
    for seed in range(20):
        rare = often.replace(probability=0.2)
        more = {r.pulse: r.time_s for r in draw(seed, arrivals_s, often)}
        fewer = {r.pulse: r.time_s for r in draw(seed, arrivals_s, rare)}
        assert fewer.items() <= more.items()


@pytest.mark.parametrize(
    ("field", "value"),
    [("probability", 1.01), ("probability", -0.1), ("recovery_s", 0.0), ("latency_s", -1e-3)],
)
def test_what_is_no_synapse_is_refused(field, value):
    with pytest.raises(BadInputError, match=field):
        ReleaseParameters(**{field: value})
