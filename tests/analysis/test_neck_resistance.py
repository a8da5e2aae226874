"""The paper's two examples, and the formula's dependence on each value."""

import pytest

from blueslice.analysis import neck_resistance_Mohm
from blueslice.errors import BadInputError


@pytest.mark.parametrize(
    ("volume_um3", "expected_Mohm"),
    # the paper says 250, and 92 for the second: its own formula gives 99
    [(0.1, 248.4), (0.25, 99.36)],
)
def test_the_paper_s_examples(volume_um3, expected_Mohm):
    assert neck_resistance_Mohm(23.0, volume_um3) == pytest.approx(expected_Mohm, rel=1e-9)


def test_it_is_the_resistance_of_the_neck_that_the_ions_left_by():
    # a neck of 1 um by 0.03 um2: R = rho l / A, tau = V l / (D A)
    length_cm, area_cm2, volume_cm3 = 1e-4, 0.03e-8, 0.1e-12
    tau_ms = 1e3 * volume_cm3 * length_cm / (5e-6 * area_cm2)
    found = neck_resistance_Mohm(tau_ms, 0.1, resistivity_ohm_cm=120, diffusion_cm2_per_s=5e-6)
    assert found == pytest.approx(120 * length_cm / area_cm2 / 1e6)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "name",
    ["decay_time_constant_ms", "head_volume_um3", "resistivity_ohm_cm", "diffusion_cm2_per_s"],
)
def test_bad_values_are_refused(name, value):
    values = {"decay_time_constant_ms": 23.0, "head_volume_um3": 0.1, name: value}
    with pytest.raises(BadInputError, match=f"{name} = "):
        neck_resistance_Mohm(**values)
