"""From dF/F to concentration: a dye's calibration curve, its fit, and the paper's linear rule."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.optimize

from blueslice.errors import BadInputError
from blueslice.indicators import Indicator

__all__ = [
    "LINEAR_RULE_MM",
    "Calibration",
    "concentration_change_mM",
    "concentration_from_fluorescence_mM",
    "fit_calibration",
    "fluorescence_from_concentration",
    "linear_concentration_change_mM",
]

LINEAR_RULE_MM = {"ANG-2": 23.0, "SBFI": 46.0}
"""Sodium in mM for a dF/F of 1 (100 %), by Miyazaki & Ross (2017): 10 % are 2.3 and 4.6 mM."""


@dataclass(frozen=True)
class Calibration:
    """A fitted calibration curve, with the standard errors of its values.

    Attributes
    ----------
    fmin, fmax : float
        Fluorescence without the ion and saturated with it.
    dissociation_constant_mM : float
        Kd.
    fmin_error, fmax_error, dissociation_constant_error_mM : float
        Standard errors; infinite where the series does not determine a value.
    """

    fmin: float
    fmax: float
    dissociation_constant_mM: float
    fmin_error: float
    fmax_error: float
    dissociation_constant_error_mM: float

    @property
    def dynamic_range(self) -> float:
        """``(Fmax - Fmin) / Fmin``."""
        return (self.fmax - self.fmin) / self.fmin


def fluorescence_from_concentration(
    concentration_mM: npt.ArrayLike, *, fmin: float, fmax: float, dissociation_constant_mM: float
) -> npt.NDArray[np.float64]:
    """Compute ``Fmin + (Fmax - Fmin) c / (c + Kd)`` (Grynkiewicz et al. 1985, one wavelength).

    Parameters
    ----------
    concentration_mM : array_like
        Free ion in mM, 0 or more; NaN stays NaN.
    fmin, fmax : float
        Fluorescence without the ion and saturated with it.
    dissociation_constant_mM : float
        Kd in mM.

    Raises
    ------
    BadInputError
        When a concentration is negative, Kd not positive, or Fmin equals Fmax.
    """
    _check_curve(fmin, fmax, dissociation_constant_mM)
    concentration = np.asarray(concentration_mM, np.float64)
    _refuse_negative("concentration_mM", concentration)
    bound = concentration / (concentration + dissociation_constant_mM)
    return np.asarray(fmin + (fmax - fmin) * bound)


def concentration_from_fluorescence_mM(
    fluorescence: npt.ArrayLike, *, fmin: float, fmax: float, dissociation_constant_mM: float
) -> npt.NDArray[np.float64]:
    """Invert `fluorescence_from_concentration`: ``Kd (F - Fmin) / (Fmax - F)``.

    Returns
    -------
    ndarray of float64
        In mM, of the input's shape. NaN for light at or beyond Fmax, which no concentration
        gives; below Fmin, where noise takes light near it, the value is negative.

    Raises
    ------
    BadInputError
        When Kd is not positive, or Fmin equals Fmax.
    """
    _check_curve(fmin, fmax, dissociation_constant_mM)
    bound = (np.asarray(fluorescence, np.float64) - fmin) / (fmax - fmin)
    free = np.where(bound < 1, 1 - bound, np.nan)
    return np.asarray(dissociation_constant_mM * bound / free)


def concentration_change_mM(
    dff: npt.ArrayLike, indicator: Indicator, *, rest_mM: float
) -> npt.NDArray[np.float64]:
    """Give the exact change of concentration behind a dF/F, from a known rest.

    With R the dynamic range and F0 the light at rest, ``F / F0 = 1 + sign dF/F`` is inverted on
    the dye's curve. dF/F should be the cell's alone (`correct_for_background`).

    Parameters
    ----------
    dff : array_like
        Fractions, positive for more ion.
    indicator : Indicator
        With a dynamic range.
    rest_mM : float
        Free ion at rest, 0 or more.

    Returns
    -------
    ndarray of float64
        In mM; NaN where the dye would be more than saturated.

    Raises
    ------
    BadInputError
        When the dye's dynamic range is not known, or the rest is negative.
    """
    if indicator.dynamic_range is None:
        raise BadInputError(
            f"{indicator.name} has no dynamic_range, so its dF/F has no exact concentration; give "
            "one with indicator.replace(dynamic_range=...)"
        )
    curve = {
        "fmin": 1.0,
        "fmax": 1.0 + indicator.dynamic_range,
        "dissociation_constant_mM": indicator.dissociation_constant_mM,
    }
    if not np.isfinite(rest_mM):
        raise BadInputError(f"rest_mM = {rest_mM!r}: give a concentration in mM")
    rest = fluorescence_from_concentration(rest_mM, **curve)
    seen = rest * (1 + indicator.sign * np.asarray(dff, np.float64))
    return concentration_from_fluorescence_mM(seen, **curve) - rest_mM


def linear_concentration_change_mM(
    dff: npt.ArrayLike, indicator: Indicator
) -> npt.NDArray[np.float64]:
    """Convert by the paper's rule: 10 % are 2.3 mM for ANG-2, 4.6 mM for SBFI.

    The rule is that of a rest near 0: by the formula 10 % of ANG-2 are 3.0 mM from 4 mM. For a
    known rest use `concentration_change_mM`.

    Raises
    ------
    BadInputError
        When the paper has no rule for this dye.
    """
    if indicator.name not in LINEAR_RULE_MM:
        raise BadInputError(
            f"there is no linear rule for {indicator.name}, only for {', '.join(LINEAR_RULE_MM)}; "
            "use concentration_change_mM"
        )
    return np.asarray(dff, np.float64) * LINEAR_RULE_MM[indicator.name]


def fit_calibration(
    concentration_mM: npt.ArrayLike,
    fluorescence: npt.ArrayLike,
    errors: npt.ArrayLike | None = None,
) -> Calibration:
    """Fit the curve to a series of known concentrations.

    Weighted least squares (`scipy.optimize.curve_fit`) of Fmin, Fmax and Kd, all three above 0.

    Parameters
    ----------
    concentration_mM, fluorescence : array_like, shape (measurements,)
        Background subtracted, in any unit of light; one concentration may come often. NaN is
        left out.
    errors : array_like, shape (measurements,), optional
        SD of each fluorescence. Default: all alike, taken from the fit itself.

    Returns
    -------
    Calibration

    Raises
    ------
    BadInputError
        When shapes do not match, a value or error is not allowed, fewer than 4 measurements of 3
        concentrations are known, or no curve fits.
    """
    concentration = np.asarray(concentration_mM, np.float64)
    light = np.asarray(fluorescence, np.float64)
    if concentration.ndim != 1 or concentration.shape != light.shape:
        raise BadInputError(
            f"concentrations and fluorescence have shapes {concentration.shape} and {light.shape}; "
            "give one of each for each measurement"
        )
    sd = None if errors is None else np.asarray(errors, np.float64)
    if sd is not None and (sd.shape != light.shape or not (sd > 0).all()):
        raise BadInputError("errors must be above 0, one for each measurement")
    _refuse_negative("concentration_mM", concentration)
    known = np.isfinite(concentration) & np.isfinite(light)
    concentration, light = concentration[known], light[known]
    different = len(np.unique(concentration))
    if len(light) < 4 or different < 3:
        raise BadInputError(
            f"{len(light)} measurements of {different} concentrations cannot determine Fmin, Fmax "
            "and Kd; give 4 or more, of 3 concentrations or more"
        )
    if not (light > 0).all():
        raise BadInputError("fluorescence must be above 0; subtract less background")
    low, high = float(light[concentration.argmin()]), float(light[concentration.argmax()])
    middle = float(np.median(concentration[concentration > 0]))
    largest = 1e3 * float(light.max())
    try:
        found, covariance = scipy.optimize.curve_fit(
            lambda c, fmin, fmax, kd: fmin + (fmax - fmin) * c / (c + kd),
            concentration,
            light,
            p0=[low, low + 1.5 * (high - low) if high > low else 0.7 * high, middle],
            sigma=None if sd is None else sd[known],
            absolute_sigma=sd is not None,
            bounds=([0, 0, 1e-4 * middle], [largest, largest, 1e4 * middle]),
            x_scale=[largest / 1e3, largest / 1e3, middle],
        )
    except (RuntimeError, ValueError) as error:
        raise BadInputError(
            f"no calibration curve fits the series ({error}); look at the points"
        ) from None
    return Calibration(*found.tolist(), *np.sqrt(np.diag(covariance)).tolist())


def _check_curve(fmin: float, fmax: float, dissociation_constant_mM: float) -> None:
    if not 0 < dissociation_constant_mM < np.inf:
        raise BadInputError(
            f"dissociation_constant_mM = {dissociation_constant_mM!r}: give a Kd above 0, in mM"
        )
    if not (np.isfinite([fmin, fmax]).all() and fmin != fmax):
        raise BadInputError(
            f"fmin = {fmin!r} and fmax = {fmax!r} make no curve; give two different numbers"
        )


def _refuse_negative(name: str, values: npt.NDArray[np.float64]) -> None:
    if (values < 0).any():
        raise BadInputError(f"{name} has {values.min():g}; concentrations are 0 or more")
