"""Figure 5: both sodium dyes at a series of known concentrations."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.analysis import (
    Calibration,
    LineProfile,
    Roi,
    concentration_change_mM,
    fit_calibration,
    line_profile,
    nan_mean,
    register,
    shift_image,
)
from blueslice.errors import BadInputError
from blueslice.indicators import INDICATORS, Indicator
from blueslice.paper.experiments._protocol import PIXEL_UM
from blueslice.paper.laboratory import Laboratory
from blueslice.paper.measures import Array, Measures
from blueslice.paper.trials import Trials
from blueslice.paper.values import Value, alone, mean_of
from blueslice.plans import calibrate
from blueslice.rig import NEAR_SOMA

__all__ = ["CalibrationMeasures", "calibration", "calibration_values", "fit_dye"]

DYES = ("ANG-2", "SBFI")
# The paper normalises ANG-2 at 100 mM and SBFI at 0 mM.
NORMAL_MM = {"ANG-2": 100.0, "SBFI": 0.0}
ROI_PX = 5
# The slice drifts by some pixels while solutions change.
FROM_EDGE_PX = 22


class CalibrationMeasures(Measures):
    """The light of one cell at each concentration.

    Attributes
    ----------
    sodium_mM : (levels,) array
        Outside, and after the ionophores inside.
    light : (2, levels) array
        Of ANG-2 and SBFI in counts, background subtracted.
    background : float
        Light beside the dendrite over its peak.
    across : (2, places) array
        um and light of ANG-2 on the line across it.
    picture : (80, 80) array
        Resting light of SBFI at the first concentration.
    box : (y, x, height, width)
        Where was measured, in pixels.
    """

    sodium_mM: Array
    light: Array
    background: float
    across: Array
    picture: Array
    box: tuple[int, int, int, int]


def calibration(laboratory: Laboratory, seed: int) -> CalibrationMeasures:
    """Let the series of concentrations in and measure both dyes at the base of the dendrite."""
    with laboratory.cell(seed, indicators="SBFI+ANG-2", parameters=NEAR_SOMA) as cell:
        trials = cell.run(calibrate, trials=1)
    levels = np.array(trials.start["calibration"]["concentration_mM"])
    pictures = _placed(trials)
    at_rest = nan_mean(pictures[0])
    inner = np.nan_to_num(at_rest)[FROM_EDGE_PX:-FROM_EDGE_PX, FROM_EDGE_PX:-FROM_EDGE_PX]
    y, x = (int(k) + FROM_EDGE_PX for k in np.unravel_index(int(np.argmax(inner)), inner.shape))
    half = ROI_PX // 2
    roi = Roi(name="base", y=y - half, x=x - half, height=ROI_PX, width=ROI_PX)
    mask = roi.mask(at_rest.shape)
    angle = _darkest(at_rest, y, x)
    profile = _line(at_rest, y, x, angle)
    light = [_light(pictures[dye], mask, y, x, angle) for dye in range(2)]
    return CalibrationMeasures(
        sodium_mM=levels,
        light=light,
        background=float(np.nanmin(profile.values) / np.nanmax(profile.values)),
        across=[PIXEL_UM * profile.distance_px, profile.values],
        picture=pictures[1][0],
        box=(roi.y, roi.x, roi.height, roi.width),
    )


def _placed(trials: Trials) -> NDArray[np.float64]:
    """Return each trial's mean picture of both dyes, moved into place: (dyes, trials, y, x)."""
    pictures = np.empty((2, len(trials), *trials.arrays["camera"].shape[-2:]))
    anywhere = trials.parameters.rois[0]
    for k in range(len(trials)):
        dark = trials.arrays["camera-dark"][k]
        for dye, trace in enumerate(trials.analyse(k, anywhere).traces):
            frames = trials.arrays["camera"][k][trace.clock_frames]
            pictures[dye, k] = frames.mean(axis=0) - dark
    # SBFI changes least with sodium: what moves between its pictures is the slice.
    for k in range(1, len(trials)):
        shift = register(pictures[1, k], pictures[1, 0])
        for dye in range(2):
            pictures[dye, k] = shift_image(pictures[dye, k], -shift)
    return pictures


def _light(
    pictures: NDArray[np.float64], mask: NDArray[np.bool_], y: float, x: float, angle: float
) -> NDArray[np.float64]:
    """Subtract the light on the line away from the dendrite.

    It is not divided by: part of it is dye of the same cell, which follows sodium as well.
    """
    away = np.array([np.nanmin(_line(picture, y, x, angle).values) for picture in pictures])
    return np.array([np.nanmean(picture[mask]) for picture in pictures]) - away


def _line(picture: NDArray[np.float64], y: float, x: float, angle: float) -> LineProfile:
    return line_profile(picture, y, x, angle, length_px=40.0, width_px=5.0)


def _darkest(picture: NDArray[np.float64], y: float, x: float) -> float:
    """Find the direction in which a line through the dendrite leaves the cell furthest behind."""
    angles = np.linspace(0, np.pi, 12, endpoint=False)
    ends = [np.nanmin(_line(picture, y, x, angle).values) for angle in angles]
    return float(angles[int(np.argmin(ends))])


def normalised(measures: CalibrationMeasures, dye: int) -> NDArray[np.float64]:
    """Return one dye's light over that at the concentration the paper normalises at."""
    light = np.asarray(measures.light)[dye]
    at = int(np.argmin(np.abs(np.asarray(measures.sodium_mM) - NORMAL_MM[DYES[dye]])))
    return light / light[at]


def fit_dye(measured: Sequence[CalibrationMeasures], dye: int) -> Calibration | None:
    """Fit one dye's curve to all cells; None where they make no curve."""
    sodium = np.concatenate([m.sodium_mM for m in measured])
    light = np.concatenate([normalised(m, dye) for m in measured])
    try:
        return fit_calibration(sodium, light)
    except BadInputError:
        return None


def calibration_values(measured: Sequence[CalibrationMeasures]) -> dict[str, Value]:
    """Give the numbers of Figure 5: of each cell's own curve, averaged."""
    if not measured:
        return {}
    values = {"calibration-background": mean_of([m.background for m in measured], 1e2)}
    for dye, name in enumerate(("ang2", "sbfi")):
        if not _follows(measured, dye):
            continue
        fits = [fit for fit in (fit_dye([m], dye) for m in measured) if fit is not None]
        values[f"kd-{name}"] = mean_of([fit.dissociation_constant_mM for fit in fits])
        values[f"range-{name}"] = mean_of([fit.dynamic_range for fit in fits])
        together = fit_dye(measured, dye)
        if together is not None:
            values[f"rule-{name}"] = alone(_ten_percent_mM(DYES[dye], together))
    return values


def _follows(measured: Sequence[CalibrationMeasures], dye: int) -> bool:
    """Tell whether light follows sodium at all: rises by more than its scatter."""
    light = np.array([normalised(m, dye) for m in measured])
    return bool(light[:, -1].mean() - light[:, 0].mean() > 0.1)


def _ten_percent_mM(dye: str, fit: Calibration) -> float:
    measured: Indicator = INDICATORS[dye].replace(
        dissociation_constant_mM=fit.dissociation_constant_mM, dynamic_range=fit.dynamic_range
    )
    # The paper's rest is 4 mM; its rule for SBFI is that of none.
    rest_mM = 4.0 if dye == "ANG-2" else 0.0
    return float(concentration_change_mM(0.1, measured, rest_mM=rest_mM))
