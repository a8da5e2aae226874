"""Figure 5: the calibration of both sodium dyes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from blueslice.analysis import fluorescence_from_concentration
from blueslice.paper.experiments import DYES, CalibrationMeasures, Found, fit_dye, normalised
from blueslice.paper.figures._style import (
    CONTROL,
    SODIUM,
    WASHOUT,
    box,
    figure_of,
    letter,
    resting_picture,
    trace,
)

__all__ = ["draw_figure_5"]

COLOURS = {"ANG-2": SODIUM, "SBFI": WASHOUT}
AT_MM = {"ANG-2": 100, "SBFI": 0}


def draw_figure_5(found: Found) -> Figure | None:
    """Draw the cell and its profile, and both dyes' light against sodium with the fitted curves."""
    cells: Sequence[CalibrationMeasures] = found.get("calibration", ())
    if not cells:
        return None
    figure = figure_of(9.6, 5.0)
    axes = figure.subplot_mosaic(
        [["cell", "curve", "SBFI"], ["profile", "curve", "SBFI"]], width_ratios=(1, 1.5, 1.5)
    )
    one = cells[0]
    resting_picture(axes["cell"], one.picture, "SBFI at 0 mM")
    box(axes["cell"], one.box)
    letter(axes["cell"], "A")
    um, light = np.asarray(one.across)
    trace(axes["profile"], um, 1e2 * light / np.nanmax(light), CONTROL,
          xlabel="across the dendrite (µm)", ylabel="light (% of peak)")  # fmt: skip
    axes["profile"].axhline(25, color="0.6", lw=0.8, ls=":")
    axes["profile"].set_ylim(0, 105)
    sodium = np.asarray(one.sodium_mM, float)
    fine = np.linspace(0, sodium.max(), 200)
    for dye, name in enumerate(DYES):
        panel = axes["curve" if dye == 0 else "SBFI"]
        light = np.array([normalised(m, dye) for m in cells])
        panel.errorbar(sodium, light.mean(axis=0), light.std(axis=0, ddof=1), fmt="o", ms=5,
                       color=COLOURS[name], capsize=3)  # fmt: skip
        fit = fit_dye(cells, dye)
        told = ""
        if fit is not None:
            curve = fluorescence_from_concentration(
                fine,
                fmin=fit.fmin,
                fmax=fit.fmax,
                dissociation_constant_mM=fit.dissociation_constant_mM,
            )
            panel.plot(fine, curve, color=COLOURS[name], lw=1.3)
            told = f"Kd {fit.dissociation_constant_mM:.1f} mM"
        panel.set(xlabel="[Na] (mM)", ylabel=f"fluorescence, of that at {AT_MM[name]} mM")
        letter(panel, "B" if dye == 0 else "", f"{name}, {len(cells)} cells; {told}")
    return figure
