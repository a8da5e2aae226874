import json

import pytest

from blueslice.errors import BadInputError
from blueslice.indicators import INDICATORS, PAIRS, Indicator, IndicatorPair, indicator, pair

# Name: ion, dissociation constant in mM, excitation in nm, sign (Miyazaki & Ross 2017).
DYES = {
    "SBFI": ("sodium", 24.5, 385, +1),
    "ANG-2": ("sodium", 84.2, 520, +1),
    "bis-fura-2": ("calcium", 0.000525, 385, -1),
    "fura-FF": ("calcium", 0.0055, 385, -1),
    "fluo-5F": ("calcium", 0.0023, 460, +1),
    "OGB-1": ("calcium", 0.00019, 460, +1),
}

# Name: LED 1, LED 2, names of the channels.
COMBINATIONS = {
    "SBFI+OGB-1": ("SBFI", "OGB-1", ("sodium", "calcium")),
    "SBFI+fluo-5F": ("SBFI", "fluo-5F", ("sodium", "calcium")),
    "bis-fura-2+ANG-2": ("ANG-2", "bis-fura-2", ("sodium", "calcium")),
    "fura-FF+ANG-2": ("ANG-2", "fura-FF", ("sodium", "calcium")),
    "SBFI+ANG-2": ("ANG-2", "SBFI", ("sodium-ANG-2", "sodium-SBFI")),
    "bis-fura-2+fluo-5F": (
        "fluo-5F",
        "bis-fura-2",
        ("calcium-fluo-5F", "calcium-bis-fura-2"),
    ),
}


def test_the_dyes_are_those_of_the_paper():
    assert {
        name: (dye.ion, dye.dissociation_constant_mM, dye.wavelength_nm, dye.sign)
        for name, dye in INDICATORS.items()
    } == DYES


@pytest.mark.parametrize(("name", "ratio"), [("ANG-2", 4.7), ("SBFI", 1.56), ("bis-fura-2", 0.12)])
def test_saturated_dye_is_as_bright_as_published(name, ratio):
    dynamic_range = INDICATORS[name].dynamic_range
    assert dynamic_range is not None
    assert 1 + dynamic_range == pytest.approx(ratio)


def test_the_pairs_are_those_of_the_paper():
    assert {
        name: (known.led_1.name, known.led_2.name, known.channel_names)
        for name, known in PAIRS.items()
    } == COMBINATIONS


@pytest.mark.parametrize("name", COMBINATIONS)
def test_pair_is_found_in_any_order_and_case(name):
    first, second = name.split("+")
    for spelling in (name, f" {second.upper()} + {first.lower()} "):
        assert pair(spelling) is PAIRS[name]
    assert PAIRS[name].name == name


def test_pair_gives_signs_and_wavelengths_in_order_of_the_leds():
    found = pair("bis-fura-2+ANG-2")
    assert found.signs == (1, -1)
    assert found.wavelengths_nm == (520, 385)
    assert [dye.ion for dye in found.indicators] == ["sodium", "calcium"]


def test_indicator_is_found_in_any_case():
    assert indicator(" ang-2 ") is INDICATORS["ANG-2"]


@pytest.mark.parametrize("known", PAIRS.values(), ids=PAIRS)
def test_document_restores_the_pair_exactly(known):
    document = json.loads(json.dumps(known.to_document()))
    assert IndicatorPair.from_document(document) == known


def near(wavelength_nm):
    return Indicator(
        name="near",
        ion="calcium",
        dissociation_constant_mM=0.001,
        wavelength_nm=wavelength_nm,
        sign=1,
    )


def test_wavelengths_20_nm_apart_can_be_separated():
    assert IndicatorPair(led_1=INDICATORS["SBFI"], led_2=near(405)).wavelengths_nm == (385, 405)


REFUSED = {
    "unknown dye": (lambda: indicator("fluo-3"), "'fluo-3' is unknown; choose one of SBFI, ANG-2"),
    "not a name": (lambda: indicator(3), "3 is unknown"),
    "unknown pair": (lambda: pair("SBFI+fluo-3"), "choose one of SBFI+OGB-1, SBFI+fluo-5F, bis"),
    "one dye": (lambda: pair("SBFI"), "'SBFI' is unknown"),
    "possible but not listed": (lambda: pair("fluo-5F+ANG-2"), "make another with IndicatorPair"),
    "pair is not a name": (lambda: pair(None), "None is unknown"),
    "same LED": (
        lambda: pair("SBFI+bis-fura-2"),
        "bis-fura-2 (385 nm) and SBFI (385 nm) cannot be told apart",
    ),
    "same dye": (lambda: pair("ANG-2+ANG-2"), "cannot be told apart"),
    "19.9 nm apart": (
        lambda: IndicatorPair(led_1=INDICATORS["SBFI"], led_2=near(404.9)),
        "differ by 20 nm or more",
    ),
    "calcium first": (
        lambda: IndicatorPair(led_1=INDICATORS["OGB-1"], led_2=INDICATORS["SBFI"]),
        "swap them",
    ),
    "document is a list": (lambda: IndicatorPair.from_document([]), "the document is a list"),
    "unknown key": (
        lambda: IndicatorPair.from_document({**PAIRS["SBFI+ANG-2"].to_document(), "led_3": 1}),
        "led_3: there is no such key",
    ),
    "sign against range": (
        lambda: Indicator(**{**INDICATORS["ANG-2"].model_dump(), "sign": -1}),
        "dynamic_range = 3.7 contradicts sign = -1",
    ),
    "constant of 0": (
        lambda: Indicator(**{**INDICATORS["ANG-2"].model_dump(), "dissociation_constant_mM": 0}),
        "dissociation_constant_mM = 0",
    ),
    "unknown ion": (
        lambda: Indicator(**{**INDICATORS["ANG-2"].model_dump(), "ion": "zinc"}),
        "'sodium' or 'calcium'",
    ),
}


@pytest.mark.parametrize(("make", "text"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_what_is_allowed(make, text):
    with pytest.raises(BadInputError) as caught:
        make()
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)
