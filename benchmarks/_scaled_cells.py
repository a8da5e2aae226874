"""Simulated cells that give the same response in every trial, as large as is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from benchmarks._scaled_responses import IONS, scale_response
from benchmarks._spine_trials import ALWAYS, DYES, ONSET_S, PULSES, WIRING
from numpy.typing import NDArray

from blueslice.analysis import (
    AnalysisParameters,
    IonTrace,
    Roi,
    TrialResult,
    choose_corner,
    find_responding_roi,
    moved_roi,
    recompute,
    register,
)
from blueslice.errors import BadInputError
from blueslice.sim import PlayedTrial, SimulatedSlice
from blueslice.sim.glow import glow_of
from blueslice.sim.optics import render
from blueslice.sim.physiology import CellResponse

__all__ = ["BASELINE_S", "RESPONSE_S", "ScaledCell", "TakenTrial"]

Values = NDArray[np.float64]

SIGN: dict[str, Literal[-1, 1]] = {"sodium": 1, "calcium": -1}
BASELINE_S = (0.0, ONSET_S)
# As `blueslice.callbacks` has it where nothing else is asked for.
RESPONSE_S = (ONSET_S + 0.004, ONSET_S + 0.030)
# Smaller than a camera's picture: light and noise of a pixel are the same, and it takes half the
# time.
PICTURE_PX = 64


@dataclass(frozen=True)
class TakenTrial:
    """One trial: what was measured, and what there was to measure.

    Attributes
    ----------
    traces : mapping of str to (times, dF/F)
        By ion, as `blueslice.analysis.run_responses` takes them.
    true_size_dff, true_peak_dff : mapping of str to float
        By ion: mean of the noise-free dF/F in the window, and its highest sample up to the
        window's end.
    """

    traces: Mapping[str, tuple[Values, Values]]
    true_size_dff: Mapping[str, float]
    true_peak_dff: Mapping[str, float]


@dataclass
class _FixedCell:
    """Stands in for the cell of a simulated slice."""

    response: CellResponse

    def respond(self, *_: object, **__: object) -> CellResponse:
        return self.response


class ScaledCell:
    """A fresh cell with an ROI, which was found on a first trial that is not used for more.

    Light, bleaching, movement, LEDs and camera are those of any simulated slice.

    Parameters
    ----------
    seed : int
        Of the cell, and of all noise.

    Attributes
    ----------
    first : TakenTrial
        What there was in the first trial, in the ROI that was found on it.
    """

    def __init__(self, seed: int) -> None:
        self._source = SimulatedSlice(seed, DYES, PICTURE_PX, PICTURE_PX, ALWAYS)
        duration_ms = 1e3 * WIRING.frame_count / WIRING.frame_rate_Hz
        rng = np.random.default_rng(seed)
        surroundings = self._source.healthy_surroundings()
        self._full = self._source.cell.respond(duration_ms, PULSES, surroundings, rng)
        self._rest = scale_response(self._full, dict.fromkeys(IONS, 0.0))
        self._fixed = _FixedCell(self._full)
        self._source.cell = self._fixed  # type: ignore[assignment]
        self._index = 0
        played, dark, dose_s = self._play(self._full, blank=False)
        before = int(ONSET_S * WIRING.frame_rate_Hz)
        corner = choose_corner(played.frames[:before].mean(axis=0) - dark)
        anywhere = Roi(name="anywhere", y=0, x=0, height=1, width=1)
        search = _parameters(anywhere).replace(corner=corner)
        images = _analyse(played, dark, search).difference_images
        self._reference = images[0].baseline
        self._parameters = search.replace(
            rois=(find_responding_roi(images[0].baseline, images[0].response).roi,)
        )
        self.first = self._taken(_analyse(played, dark, self._parameters), self._parameters, dose_s)

    def scales_for(self, size_dff: float, *, of_peak: bool = False) -> dict[str, float]:
        """Return the scales that make both ions' true sizes, or peaks, as large as this now.

        That is where the first trial lay, with the dyes as bleached as they are. Each LED excites
        a little of the other dye, so both ions depend on both.
        """
        dose_s = self._source.truth.dose_s if self._source.truth else (0.0, 0.0)
        kind = "true_peak_dff" if of_peak else "true_size_dff"
        parts = []
        for ion in IONS:
            response = scale_response(self._full, {name: float(name == ion) for name in IONS})
            sizes = getattr(self._true_of(response, dose_s, *self._at_first), kind)
            parts.append([sizes[name] for name in IONS])
        found = np.linalg.solve(np.array(parts).T, np.full(len(IONS), size_dff))
        return dict(zip(IONS, found.tolist(), strict=True))

    def take(self, scale: float | Mapping[str, float]) -> TakenTrial | None:
        """Play and analyse a trial with a stimulus; None when the ROI left the picture.

        Parameters
        ----------
        scale : float or mapping of str to float
            Of all changes from rest, by ion; 0 is a failure.
        """
        by_ion = scale if isinstance(scale, Mapping) else dict.fromkeys(IONS, scale)
        response = scale_response(self._full, by_ion) if any(by_ion.values()) else self._rest
        return self._measured(response, blank=False)

    def take_blank(self) -> TakenTrial | None:
        """Play and analyse a trial without a stimulus."""
        return self._measured(self._rest, blank=True)

    def _measured(self, response: CellResponse, *, blank: bool) -> TakenTrial | None:
        played, dark, dose_s = self._play(response, blank=blank)
        picture = _analyse(played, dark, self._parameters).difference_images[0].baseline
        shift = register(picture, self._reference)
        try:
            roi = moved_roi(self._parameters.rois[0], shift, self._source.scene.shape)
        except BadInputError:
            return None
        parameters = self._parameters.replace(rois=(roi,))
        return self._taken(_analyse(played, dark, parameters), parameters, dose_s)

    def _play(self, response: CellResponse, *, blank: bool):
        dark = self._source.dark_frame(self._index)
        dose_s = self._source.truth.dose_s if self._source.truth else (0.0, 0.0)
        self._fixed.response = response
        wiring = replace(WIRING, pulses=()) if blank else WIRING
        played = self._source.play(wiring, self._index)
        self._index += 1
        return played, dark, dose_s

    def _taken(
        self, result: TrialResult, parameters: AnalysisParameters, dose_s: tuple[float, float]
    ) -> TakenTrial:
        truth = self._source.truth
        if truth is None:
            raise RuntimeError("the slice has played no trial")
        where = truth.shifts_px, parameters.rois[0], result.traces
        if self._index == 1:
            self._at_first = where
        return self._true_of(truth.response, dose_s, *where)

    def _true_of(
        self,
        response: CellResponse,
        dose_s: tuple[float, float],
        shifts_px: Values,
        roi: Roi,
        traces: tuple[IonTrace, ...],
    ) -> TakenTrial:
        times_s = np.arange(WIRING.frame_count) / WIRING.frame_rate_Hz + WIRING.exposure_s / 2
        seen = np.flatnonzero(times_s < RESPONSE_S[1])
        if response is self._rest:
            nothing = dict.fromkeys(IONS, 0.0)
            return TakenTrial({t.ion: (t.time_s, t.dff) for t in traces}, nothing, nothing)
        light = [self._light(one, dose_s, shifts_px, roi, seen) for one in (response, self._rest)]
        true_dff = np.full(WIRING.frame_count, np.nan)
        true_dff[seen] = light[0] / light[1] - 1
        sizes, peaks = {}, {}
        for trace in traces:
            dff = SIGN[trace.ion] * true_dff[trace.clock_frames]
            before = (trace.time_s >= BASELINE_S[0]) & (trace.time_s < BASELINE_S[1])
            during = (trace.time_s >= RESPONSE_S[0]) & (trace.time_s < RESPONSE_S[1])
            level = dff[before].mean()
            sizes[trace.ion] = float(dff[during].mean() - level)
            peaks[trace.ion] = float(np.nanmax(dff[trace.time_s >= BASELINE_S[1]]) - level)
        return TakenTrial({t.ion: (t.time_s, t.dff) for t in traces}, sizes, peaks)

    def _light(
        self,
        response: CellResponse,
        dose_s: tuple[float, float],
        shifts_px: Values,
        roi: Roi,
        seen: NDArray[np.int64],
    ) -> Values:
        """Give the light of an ROI in some frames, without noise and with these movements."""
        cell = self._source.parameters.cell
        rest = (cell.rest_sodium_mM, cell.calcium.rest_uM)
        glow = glow_of(WIRING, DYES, response, rest, dose_s, np.random.default_rng(0))
        blocks = render(
            self._source.scene,
            glow.compartments[:, seen],
            glow.background[seen],
            shifts_px[seen],
            out_of_focus_light=glow.out_of_focus[seen],
        )
        mask = roi.mask(self._source.scene.shape)
        return np.concatenate([block[:, mask].sum(axis=1, dtype=np.float64) for block in blocks])


def _parameters(roi: Roi) -> AnalysisParameters:
    return AnalysisParameters(
        ions=IONS,
        sign=SIGN,
        frame_rate_Hz=WIRING.frame_rate_Hz,
        exposure_s=WIRING.exposure_s,
        led_threshold_V=2.5,
        stimulus_threshold_V=2.5,
        baseline_s=BASELINE_S,
        response_s=RESPONSE_S,
        rois=(roi,),
    )


def _analyse(
    played: PlayedTrial, dark: NDArray[np.float32], parameters: AnalysisParameters
) -> TrialResult:
    lines = np.stack([played.channels[f"led_{number}"] for number in (1, 2)])
    return recompute(played.frames, dark, played.counter, lines, parameters)
