"""Figures of a run that are pictures: the cell, difference images, film strips, line profiles."""

import numpy as np

from blueslice.analysis import Roi, dendrite_direction, film_windows
from blueslice.view.figures._pictures import SMOOTHING_PX
from blueslice.view.figures._run_named import Named, suffix
from blueslice.view.figures.cell import CellPicture, draw_cell
from blueslice.view.figures.difference import ChangeOfIon, DifferencePictures, draw_difference
from blueslice.view.figures.film import FilmPictures, draw_film
from blueslice.view.figures.profile import ProfilePictures, draw_profile
from blueslice.view.figures.run_trials import RunTrials

__all__ = ["cell_of", "difference_of", "film_of", "profile_of"]

_FILM_PICTURES = 8
_FILM_REACH_PX = 14
_PROFILE_PX = 32.0


def cell_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    placed, shown = trials.analysed(), trials.pictured
    ion = trials.lit()[0]
    dye = _indicator(trials, ion)
    yield (
        "",
        draw_cell(
            CellPicture(
                placed.mean_image(ion, "baseline", shown),
                trials.rois,
                trials.scale,
                placed.parameters.corner,
                f"{trials.told}: {trials.told_trials(shown)}, {dye}, before the stimulus.",
            )
        ),
    )


def _indicator(trials: RunTrials, ion: int) -> str:
    return str(trials.run.leds.get(ion + 1, {}).get("indicator", f"LED {ion + 1}"))


def _changes(trials: RunTrials) -> list[ChangeOfIon]:
    placed = trials.analysed()
    signs = placed.parameters.sign
    return [
        ChangeOfIon(ion, signs[ion] * placed.mean_image(k, "delta", trials.pictured), signs[ion])
        for k, ion in enumerate(placed.parameters.ions)
        if k in trials.lit()
    ]


def _told_windows(trials: RunTrials) -> str:
    parameters = trials.analysed().parameters
    (a, b), (c, d) = parameters.baseline_s, parameters.response_s or (0.0, 0.0)
    return f"light {1e3 * c:g} to {1e3 * d:g} ms minus {1e3 * a:g} to {1e3 * b:g} ms"


def _told_smoothing(trials: RunTrials) -> str:
    width = SMOOTHING_PX * trials.scale.per_pixel
    unit = "pixels" if trials.scale.pixel_um is None else "µm"
    return f"shown through a Gaussian of {width:.2g} {unit} (SD)"


def difference_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    resting = trials.analysed().mean_image(trials.lit()[0], "baseline", trials.pictured)
    foot = (f"{trials.told}: {trials.told_trials(trials.pictured)}, {_told_windows(trials)}, "
            f"{_told_smoothing(trials)}.{_told_sign(trials)}")  # fmt: skip
    yield (
        "",
        draw_difference(
            DifferencePictures(resting, _changes(trials), trials.rois, trials.scale, foot)
        ),
    )


def _told_sign(trials: RunTrials) -> str:
    parameters = trials.analysed().parameters
    ions = parameters.ions
    darker = [_indicator(trials, k) for k in trials.lit() if parameters.sign[ions[k]] < 0]
    if not darker:
        return ""
    return f" {' and '.join(darker)} darkens with its ion: less light is shown bright."


def film_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    placed, parameters = trials.analysed(), trials.analysed().parameters
    onset_s = trials.pulses_s[0]
    # Two frames of each LED in a picture make its noise bearable.
    width_s = 2 * len(parameters.excitation_order) / parameters.frame_rate_Hz
    last_s = min(_FILM_PICTURES * width_s, trials.run.trial.duration_s - onset_s)
    windows = film_windows(-width_s, last_s, width_s)
    at = [(onset_s + a, onset_s + b) for a, b in windows]
    lit = trials.lit()
    films = [placed.film(k, at, lit) for k in trials.pictured]
    for roi in trials.rois:
        rows, columns = _around(roi, placed.image_shape)
        shown = []
        for place, k in enumerate(lit):
            sign = parameters.sign[parameters.ions[k]]
            mean = np.mean([film[place].delta[:, rows, columns] for film in films], axis=0)
            shown.append(ChangeOfIon(parameters.ions[k], sign * mean, sign))
        foot = (f"{trials.told}: {trials.told_trials(trials.pictured)} about ROI {roi.name}; times "
                f"from the first stimulus; each picture is the mean of {1e3 * width_s:g} ms minus "
                f"the baseline, {_told_smoothing(trials)}.{_told_sign(trials)}")  # fmt: skip
        yield suffix(trials, roi), draw_film(FilmPictures(windows, shown, trials.scale, foot))


def _around(roi: Roi, shape: tuple[int, int]) -> tuple[slice, slice]:
    reach = max(_FILM_REACH_PX, roi.height, roi.width)
    y, x = roi.y + roi.height // 2, roi.x + roi.width // 2
    return slice(max(y - reach, 0), min(y + reach, shape[0])), slice(
        max(x - reach, 0), min(x + reach, shape[1])
    )


def profile_of(trials: RunTrials) -> Named:
    """Draw the kind of figure of this name; see `draw_run`."""
    placed = trials.analysed()
    resting = placed.mean_image(trials.lit()[0], "baseline", trials.pictured)
    for roi in trials.rois:
        y_px, x_px = roi.y + (roi.height - 1) / 2, roi.x + (roi.width - 1) / 2
        angle_rad, _ = dendrite_direction(resting, y_px, x_px)
        length_px = min(_PROFILE_PX, *placed.image_shape)
        foot = (f"{trials.told}: {trials.told_trials(trials.pictured)}, {_told_windows(trials)}; "
                f"lines through ROI {roi.name}, averaged over a width of "
                f"{3 * trials.scale.per_pixel:.2g} {trials.scale.unit}.")  # fmt: skip
        yield suffix(trials, roi), draw_profile(
            ProfilePictures(resting, _changes(trials), y_px, x_px, angle_rad, length_px,
                            scale=trials.scale, note=foot)
        )  # fmt: skip
