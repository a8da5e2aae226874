"""The dyes, and the pairs of them that two LEDs can tell apart."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Self

from pydantic import Field, model_validator

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.errors import BadInputError

__all__ = ["INDICATORS", "PAIRS", "Indicator", "IndicatorPair", "indicator", "pair"]

_MIN_SEPARATION_NM = 20.0


class Indicator(Data):
    """A fluorescent dye whose light, excited at one wavelength, follows one ion.

    Its fluorescence is ``F = Fmin (1 + dynamic_range * c / (c + dissociation_constant_mM))``
    at the free concentration ``c`` of its ion (Grynkiewicz et al. 1985, one wavelength).

    Parameters
    ----------
    name : str
        Such as "ANG-2".
    ion : {"sodium", "calcium"}
        The ion it binds.
    dissociation_constant_mM : float
        Concentration that half saturates it, in millimolar for either ion.
    wavelength_nm : float
        Excitation wavelength in nanometre.
    sign : {+1, -1}
        +1 when more of the ion brightens it at this wavelength, -1 when it darkens.
    dynamic_range : float or None
        ``(Fmax - Fmin) / Fmin``: Fmin free of the ion, Fmax saturated with it. Negative for a
        dye that darkens (above -1); None when not known.

    Raises
    ------
    BadInputError
        When a value is not allowed, or `dynamic_range` contradicts `sign`.
    """

    name: str = Field(min_length=1, max_length=100)
    ion: Literal["sodium", "calcium"]
    dissociation_constant_mM: Real = Field(gt=0, le=1e4)
    wavelength_nm: Real = Field(ge=200, le=2000)
    sign: Literal[1, -1]
    dynamic_range: Real | None = Field(default=None, gt=-1, le=1e4)

    @model_validator(mode="after")
    def _check_sign(self) -> Self:
        if self.dynamic_range is not None and self.dynamic_range * self.sign <= 0:
            raise ValueError(
                f"dynamic_range = {self.dynamic_range:g} contradicts sign = {self.sign:+d}; "
                "a dye that darkens has both negative, one that brightens both positive"
            )
        return self


class IndicatorPair(Data):
    """Two dyes in one cell, each excited by an LED of its own.

    Parameters
    ----------
    led_1, led_2 : Indicator
        The dye that each LED excites. LED 1 carries the first channel: the sodium dye
        wherever the ions differ.

    Raises
    ------
    BadInputError
        When one LED would excite both dyes, or a calcium dye is before a sodium dye.
    """

    led_1: Indicator
    led_2: Indicator

    @model_validator(mode="after")
    def _check_separation(self) -> Self:
        first, second = self.led_1, self.led_2
        if abs(first.wavelength_nm - second.wavelength_nm) < _MIN_SEPARATION_NM:
            raise ValueError(
                f"{first.name} ({first.wavelength_nm:g} nm) and {second.name} "
                f"({second.wavelength_nm:g} nm) cannot be told apart by excitation; choose dyes "
                f"whose wavelengths differ by {_MIN_SEPARATION_NM:g} nm or more"
            )
        if (first.ion, second.ion) == ("calcium", "sodium"):
            raise ValueError(
                f"led_1 is {first.name} (calcium) and led_2 {second.name} (sodium); LED 1 is "
                "the sodium dye's where the ions differ: swap them"
            )
        return self

    @property
    def indicators(self) -> tuple[Indicator, Indicator]:
        """Both dyes, in the order of their LEDs."""
        return self.led_1, self.led_2

    @property
    def name(self) -> str:
        """Both names, the shorter wavelength first as in the paper: ``bis-fura-2+ANG-2``."""
        return "+".join(
            dye.name for dye in sorted(self.indicators, key=lambda dye: dye.wavelength_nm)
        )

    @property
    def channel_names(self) -> tuple[str, str]:
        """Names of the channels in the order of the LEDs.

        ``("sodium", "calcium")`` when the ions differ, else each with the dye's name:
        ``("sodium-ANG-2", "sodium-SBFI")``.
        """
        if self.led_1.ion != self.led_2.ion:
            return self.led_1.ion, self.led_2.ion
        return f"{self.led_1.ion}-{self.led_1.name}", f"{self.led_2.ion}-{self.led_2.name}"

    @property
    def signs(self) -> tuple[int, int]:
        """Direction of each dye, in the order of the LEDs: +1 brightens with its ion."""
        return self.led_1.sign, self.led_2.sign

    @property
    def wavelengths_nm(self) -> tuple[float, float]:
        """Excitation wavelengths in nanometre, in the order of the LEDs."""
        return self.led_1.wavelength_nm, self.led_2.wavelength_nm


def _dye(
    name: str,
    ion: Literal["sodium", "calcium"],
    constant_mM: float,
    wavelength_nm: float,
    dynamic_range: float | None = None,
    *,
    sign: Literal[1, -1] = 1,
) -> Indicator:
    return Indicator(
        name=name,
        ion=ion,
        dissociation_constant_mM=constant_mM,
        wavelength_nm=wavelength_nm,
        sign=sign,
        dynamic_range=dynamic_range,
    )


INDICATORS: Mapping[str, Indicator] = MappingProxyType(
    {
        dye.name: dye
        for dye in (
            _dye("SBFI", "sodium", 24.5, 385, 0.56),
            _dye("ANG-2", "sodium", 84.2, 520, 3.7),
            # Saturated with calcium it is 0.12 times as bright at 385 nm.
            _dye("bis-fura-2", "calcium", 0.525e-3, 385, 0.12 - 1, sign=-1),
            _dye("fura-FF", "calcium", 5.5e-3, 385, sign=-1),
            _dye("fluo-5F", "calcium", 2.3e-3, 460),
            _dye("OGB-1", "calcium", 0.19e-3, 460),
        )
    }
)
"""The six dyes of Miyazaki & Ross (2017), by name."""


def _name_pairs(*pairs: tuple[str, str]) -> Mapping[str, IndicatorPair]:
    made = [IndicatorPair(led_1=INDICATORS[one], led_2=INDICATORS[two]) for one, two in pairs]
    return MappingProxyType({item.name: item for item in made})


PAIRS: Mapping[str, IndicatorPair] = _name_pairs(
    ("SBFI", "OGB-1"),
    ("SBFI", "fluo-5F"),
    ("ANG-2", "bis-fura-2"),
    ("ANG-2", "fura-FF"),
    ("ANG-2", "SBFI"),
    ("fluo-5F", "bis-fura-2"),
)
"""The combinations of Miyazaki & Ross (2017), by name such as "bis-fura-2+ANG-2"."""


def indicator(name: str) -> Indicator:
    """Find a dye by its name, in capitals or not.

    Raises
    ------
    BadInputError
        When there is none; the text lists the names.
    """
    for known in INDICATORS.values():
        if isinstance(name, str) and known.name.casefold() == name.strip().casefold():
            return known
    raise BadInputError(f"indicator {name!r} is unknown; choose one of {', '.join(INDICATORS)}")


def pair(name: str) -> IndicatorPair:
    """Find a pair of dyes by its name; neither capitals nor the order of the two matter.

    Parameters
    ----------
    name : str
        Two names of dyes joined by "+", such as "bis-fura-2+ANG-2".

    Raises
    ------
    BadInputError
        When there is no such pair; the text lists the names, or says why the two dyes cannot
        be combined. A pair that is possible but not listed is made with `IndicatorPair`.
    """
    parts = sorted(part.strip().casefold() for part in str(name).split("+"))
    for known in PAIRS.values():
        if sorted(known.name.casefold().split("+")) == parts:
            return known
    by_name = {dye.name.casefold(): dye for dye in INDICATORS.values()}
    if len(parts) == 2 and all(part in by_name for part in parts):
        first, second = (by_name[part] for part in parts)
        if abs(first.wavelength_nm - second.wavelength_nm) < _MIN_SEPARATION_NM:
            IndicatorPair(led_1=first, led_2=second)
    raise BadInputError(
        f"indicator pair {name!r} is unknown; choose one of {', '.join(PAIRS)}, or make another "
        "with IndicatorPair"
    )
