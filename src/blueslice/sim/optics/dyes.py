"""From concentration, or bound dye, to light; and what each LED excites of the other dye."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from blueslice.errors import BadInputError
from blueslice.indicators import INDICATORS, Indicator, IndicatorPair

__all__ = [
    "ASSUMED_DYNAMIC_RANGES",
    "EXCITATION",
    "SIMULATED_DYES",
    "bound_dye_fluorescence",
    "bound_fraction",
    "crosstalk",
    "fluorescence",
    "mix_channels",
    "simulated_dye",
]

Values = npt.NDArray[np.float64]

ASSUMED_DYNAMIC_RANGES: Mapping[str, float] = MappingProxyType(
    {
        # As bis-fura-2, its relative: saturated it is 0.12 times as bright at 385 nm.
        "fura-FF": 0.12 - 1,
        # Fmax/Fmin above 100 as for the fluo family, about 14 for OGB-1: Molecular Probes
        # Handbook (Haugland), tables of calcium indicators excited by visible light.
        "fluo-5F": 99.0,
        "OGB-1": 13.0,
    }
)
"""``(Fmax - Fmin) / Fmin`` of the dyes for which Miyazaki & Ross (2017) give none."""

SIMULATED_DYES: Mapping[str, Indicator] = MappingProxyType(
    {
        name: dye.replace(dynamic_range=ASSUMED_DYNAMIC_RANGES[name])
        if name in ASSUMED_DYNAMIC_RANGES
        else dye
        for name, dye in INDICATORS.items()
    }
)
"""The six dyes by name, each with a dynamic range."""

EXCITATION: Mapping[str, Mapping[float, float]] = MappingProxyType(
    {
        "SBFI": MappingProxyType({385.0: 1.0, 460.0: 0.02, 520.0: 0.002}),
        "bis-fura-2": MappingProxyType({385.0: 1.0, 460.0: 0.02, 520.0: 0.002}),
        "fura-FF": MappingProxyType({385.0: 1.0, 460.0: 0.02, 520.0: 0.002}),
        "fluo-5F": MappingProxyType({385.0: 0.02, 460.0: 1.0, 520.0: 0.10}),
        "OGB-1": MappingProxyType({385.0: 0.05, 460.0: 1.0, 520.0: 0.10}),
        "ANG-2": MappingProxyType({385.0: 0.03, 460.0: 0.10, 520.0: 1.0}),
    }
)
"""Light of each dye under each LED (wavelength in nm), relative to its own LED.

It holds beside a dye of the usual concentration, see `crosstalk`. Chosen, not measured: a few
percent where the paper combines two dyes, in the order that their excitation spectra suggest (the
fura family hardly absorbs green light, green dyes a little of the violet).
"""

# SBFI is weak, so 2 mM of it are filled in where other dyes have 200 to 400 uM (Miyazaki & Ross
# 2017, Methods).
_TIMES_USUAL_CONCENTRATION: Mapping[str, float] = MappingProxyType({"SBFI": 2000 / 300})


def simulated_dye(dye: Indicator) -> Indicator:
    """Return the dye with a dynamic range, its own or the one assumed for its name.

    Raises
    ------
    BadInputError
        When it has none and none is known.
    """
    if dye.dynamic_range is not None:
        return dye
    if dye.name not in ASSUMED_DYNAMIC_RANGES:
        raise BadInputError(
            f"indicator {dye.name!r} has no dynamic_range, so its light cannot be simulated; "
            "give (Fmax - Fmin) / Fmin at its wavelength"
        )
    return dye.replace(dynamic_range=ASSUMED_DYNAMIC_RANGES[dye.name])


def bound_fraction(concentration_mM: npt.ArrayLike, dye: Indicator) -> Values:
    """Return the part of the dye that has bound its ion, ``c / (c + Kd)``: same shape.

    Parameters
    ----------
    concentration_mM : array
        Free concentration of its ion, in mM for either ion.
    dye : Indicator
        The dye.
    """
    concentration = np.asarray(concentration_mM, np.float64)
    return concentration / (concentration + dye.dissociation_constant_mM)


def bound_dye_fluorescence(bound: npt.ArrayLike, dye: Indicator) -> Values:
    """Return the light of a dye of which a part is bound, in units of its light when free.

    ``F = Fmin (1 + R b)``: free and bound dye shine side by side. For a calcium dye, whose bound
    part the cell's model knows better than an equilibrium would.

    Parameters
    ----------
    bound : array
        Bound part, 0 to 1, any shape.
    dye : Indicator
        The dye; R is its dynamic range.

    Raises
    ------
    BadInputError
        When the dye has no dynamic range and none is known for its name.
    """
    dynamic_range = simulated_dye(dye).dynamic_range or 0.0
    return 1 + dynamic_range * np.asarray(bound, np.float64)


def fluorescence(concentration_mM: npt.ArrayLike, dye: Indicator) -> Values:
    """Return the light of a dye in equilibrium with its ion, in units of its light when free.

    ``F = Fmin (1 + R c / (c + Kd))``, Grynkiewicz, Poenie & Tsien (1985), J Biol Chem 260:3440,
    at one wavelength.

    Parameters
    ----------
    concentration_mM : array
        Free concentration of its ion, in mM for either ion, any shape.
    dye : Indicator
        The dye.

    Raises
    ------
    BadInputError
        When the dye has no dynamic range and none is known for its name.
    """
    return bound_dye_fluorescence(bound_fraction(concentration_mM, dye), dye)


def crosstalk(pair: IndicatorPair) -> Values:
    """Return how much of each dye each LED excites: (LED, dye), 1 on the diagonal.

    An LED is as bright as its own dye needs: beside one that is filled in at a higher
    concentration the other dye gets less light. Dyes that are not of the paper get none from the
    other's LED.

    Parameters
    ----------
    pair : IndicatorPair
        The two dyes; each LED has its dye's wavelength.
    """
    matrix = np.eye(2)
    for led, dye in ((0, 1), (1, 0)):
        known = EXCITATION.get(pair.indicators[dye].name, {})
        dimmer = _TIMES_USUAL_CONCENTRATION.get(pair.indicators[led].name, 1.0)
        matrix[led, dye] = known.get(pair.wavelengths_nm[led], 0.0) / dimmer
    return matrix


def mix_channels(matrix: npt.NDArray[np.floating], light: npt.NDArray[np.floating]) -> Values:
    """Return the light under each LED from the light of each dye.

    Parameters
    ----------
    matrix : (2, 2) array
        From `crosstalk`.
    light : (2, ...) array
        Light of each dye under its own LED, in electrons.

    Returns
    -------
    (2, ...) array
        Light under each LED, in electrons.
    """
    return np.asarray(np.tensordot(matrix, light, axes=1), np.float64)
