"""The drawn spines: of the mean and the variation that were asked for, and by the seed alone."""

import numpy as np
import pytest

from blueslice.sim.physiology import SpineGeometry, SpineParameters, draw_spines

# All unlike the defaults, so that no value can come from them.
PARAMETERS = SpineParameters(
    geometry=SpineGeometry(
        head_volume_um3=0.2,
        neck_diameter_um=0.22,
        neck_length_um=0.9,
        dendrite_diameter_um=1.3,
        dendrite_length_um=50.0,
    ),
    ampa_nS=3.0,
    nmda_nS=1.5,
    ampa_decay_ms=2.2,
    head_volume_cv=0.20,
    neck_diameter_cv=0.05,
    neck_length_cv=0.15,
    conductance_cv=0.50,
    ampa_decay_cv=0.25,
    threshold_uA=30.0,
    threshold_cv=0.12,
    threshold_uA_per_um=15.0,
)
SEEDS = 60
PER_CELL = 30


def draw(seed, positions_um=(0.0,), electrode_um=0.0, parameters=PARAMETERS):
    positions = np.array(positions_um, float)
    return draw_spines(positions, electrode_um, parameters, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def many():
    return [spine for seed in range(SEEDS) for spine in draw(seed, np.zeros(PER_CELL))]


VARIED = {
    "head volume": (lambda s: s.geometry.head_volume_um3, 0.2, 0.20),
    "neck diameter": (lambda s: s.geometry.neck_diameter_um, 0.22, 0.05),
    "neck length": (lambda s: s.geometry.neck_length_um, 0.9, 0.15),
    "AMPA conductance": (lambda s: s.ampa_nS, 3.0, 0.50),
    "NMDA conductance": (lambda s: s.nmda_nS, 1.5, 0.50),
    "AMPA decay": (lambda s: s.ampa_decay_ms, 2.2, 0.25),
    "threshold": (lambda s: s.threshold_uA, 30.0, 0.12),
}


@pytest.mark.parametrize(("value_of", "mean", "cv"), VARIED.values(), ids=VARIED)
def test_means_and_variations_are_those_asked_for(many, value_of, mean, cv):
    values = np.array([value_of(spine) for spine in many])
    assert values.min() > 0
    assert values.mean() == pytest.approx(mean, rel=4 * cv / np.sqrt(len(values)))
    assert values.std() / values.mean() == pytest.approx(cv, rel=0.12)
    # From cell to cell no less than within one: every spine is drawn on its own.
    of_cells = values.reshape(SEEDS, PER_CELL).mean(1)
    assert of_cells.std() == pytest.approx(mean * cv / np.sqrt(PER_CELL), rel=0.4)


def test_traits_vary_independently_but_for_the_conductances(many):
    values = np.array([[of(spine) for of, _, _ in VARIED.values()] for spine in many])
    related = np.corrcoef(np.log(values).T)
    ampa, nmda = list(VARIED).index("AMPA conductance"), list(VARIED).index("NMDA conductance")
    assert related[ampa, nmda] == pytest.approx(1)
    related[[ampa, nmda], [nmda, ampa]] = 0
    assert np.abs(related - np.eye(len(VARIED))).max() < 0.12


def test_what_does_not_vary_is_as_given(many):
    assert {spine.geometry.dendrite_diameter_um for spine in many} == {1.3}
    assert {spine.geometry.dendrite_length_um for spine in many} == {50.0}
    assert {spine.ampa_rise_ms for spine in many} == {PARAMETERS.ampa_rise_ms}
    assert all(spine.release == PARAMETERS.release for spine in many)


def test_without_variation_every_spine_is_the_mean():
    names = [name for name in SpineParameters.model_fields if name.endswith("_cv")]
    same = PARAMETERS.replace(**dict.fromkeys(names, 0.0))
    first, second = draw(1, (0.0, 0.0), parameters=same)
    assert first == second
    assert first.geometry == PARAMETERS.geometry
    for name in ("ampa_nS", "nmda_nS", "ampa_decay_ms", "threshold_uA"):
        assert getattr(first, name) == pytest.approx(getattr(PARAMETERS, name))


@pytest.mark.parametrize("electrode_um", [0.0, 7.0])
def test_a_spine_farther_from_the_electrode_takes_more(electrode_um):
    positions_um = (-4.0, 0.0, 7.0, 11.5)
    far = draw(2, positions_um, electrode_um)
    near = draw(2, [electrode_um] * 4, electrode_um)
    more = [a.threshold_uA - b.threshold_uA for a, b in zip(far, near, strict=True)]
    assert more == pytest.approx([15.0 * abs(p - electrode_um) for p in positions_um])
    assert [spine.position_um for spine in far] == list(positions_um)


def test_the_seed_decides_and_more_spines_change_none():
    few, more = draw(3, (0.0, 2.0)), draw(3, (0.0, 2.0, 4.0))
    assert more[:2] == few
    assert draw(4, (0.0, 2.0)) != few
    assert draw(3, ()) == []
