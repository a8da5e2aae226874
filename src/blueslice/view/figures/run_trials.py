"""A run of the catalogue, made ready for figures: its trials placed, its conditions told apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from blueslice.analysis import (
    AnalysisParameters,
    Bleaching,
    PlacedTrials,
    ResponseSize,
    Roi,
    Shift,
    register,
    run_responses,
)
from blueslice.errors import BadInputError
from blueslice.recordings.export.measures import derived_sizes, found_on
from blueslice.recordings.export.run_data import Derived, RunData
from blueslice.view.figures._pictures import Scale
from blueslice.view.figures.traces import TrialTraces

__all__ = ["RunTrials"]


@dataclass(eq=False)
class RunTrials:
    """What figures need of a run.

    Attributes
    ----------
    run : RunData
        The run, open.
    placed : PlacedTrials or None
        Its trials, analysed with the parameters of its dF/F; None where there is none.
    rois : tuple of Roi
        That are shown, as they lie in the reference trial.
    chosen : tuple of int
        Places (from 0) of the trials that are shown.
    scale : Scale
        Of its pictures.
    """

    run: RunData
    placed: PlacedTrials | None
    rois: tuple[Roi, ...]
    chosen: tuple[int, ...]
    scale: Scale
    _bleaching: dict[str, tuple[Bleaching | None, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        run: RunData,
        *,
        rois: Sequence[Roi] = (),
        trial: int | None = None,
        pixel_um: float | None = None,
    ) -> Self:
        """Analyse a run's trials again, as its dF/F was, and place them as that says.

        Parameters
        ----------
        run : RunData
            The run, open.
        rois : sequence of Roi
            Instead of those of its dF/F.
        trial : int, optional
            The one trial to show, 1 for the first; by default all that are in order.
        pixel_um : float, optional
            Edge of a pixel, where the run does not tell it.

        Raises
        ------
        BadInputError
            When there is no such trial, or ROIs are given for a run without dF/F.
        """
        count = run.trial_count
        if not count:
            raise BadInputError(f"run {run.uid[:8]} has no whole trial; there is nothing to show")
        if trial is not None and not 1 <= trial <= count:
            raise BadInputError(f"trial {trial}: run {run.uid[:8]} has the trials 1 to {count}")
        in_order = run.column("trial-ok", True)
        chosen = [k for k in range(count) if in_order[k]] or list(range(count))
        told_um = run.start.get("pixel_size_um")
        placed = _placed(run, run.derived, rois) if run.has_frames and run.derived else None
        if rois and placed is None:
            raise BadInputError(
                f"run {run.uid[:8]} has no dF/F, so no baseline for an ROI; leave --roi out"
            )
        return cls(
            run,
            placed,
            () if placed is None else placed.parameters.rois,
            tuple(chosen if trial is None else [trial - 1]),
            Scale(pixel_um if pixel_um is not None else told_um),
        )

    @property
    def blanks(self) -> list[bool]:
        """Which trials of the run had no stimulus."""
        return [bool(blank) for blank in self.run.column("trial-blank", False)]

    @property
    def conditions(self) -> dict[str, list[int]]:
        """The chosen trials of each condition, conditions in order of time."""
        phases, conditions = (
            self.run.column("trial-phase", ""),
            self.run.column("trial-condition", ""),
        )
        found: dict[str, list[int]] = {}
        for k in self.chosen:
            found.setdefault(str(conditions[k]) or str(phases[k]) or "all trials", []).append(k)
        return found

    @property
    def pictured(self) -> list[int]:
        """The trials whose pictures are averaged: of the first condition, with a stimulus."""
        first = next(iter(self.conditions.values()))
        return [k for k in first if not self.blanks[k]] or first

    @property
    def pulses_s(self) -> list[float]:
        """Onsets of the stimuli."""
        return [pulse.onset_s for pulse in self.run.trial.pulses]

    @property
    def told(self) -> str:
        """The run and its cell, for a figure's foot."""
        cell = self.run.start.get("cell")
        return f"Run {self.run.uid[:8]}" + (f", cell {cell}" if cell else "")

    def told_trials(self, trials: Sequence[int]) -> str:
        """Name trials, for a figure's foot."""
        names = ", ".join(str(k + 1) for k in trials)
        return f"trial {names}" if len(trials) == 1 else f"mean of trials {names}"

    def analysed(self) -> PlacedTrials:
        """Return the trials with their images.

        Raises
        ------
        BadInputError
            When the run has no dF/F.
        """
        if self.placed is None:
            what = "no frames" if not self.run.has_frames else "no dF/F"
            raise BadInputError(f"run {self.run.uid[:8]} has {what}; choose traces or timing")
        return self.placed

    def lit(self) -> list[int]:
        """Return the places of the ions that have pictures in the pictured trials."""
        placed = self.analysed()
        results = [placed.results[k] for k in self.pictured]
        return [
            ion
            for ion in range(len(placed.parameters.ions))
            if all(r.difference_images and not r.difference_images[ion].reason for r in results)
        ]

    def of_roi(self, roi: Roi, trials: Sequence[int]) -> list[TrialTraces]:
        """Return the traces of trials that show an ROI, less bleaching where blanks tell it."""
        placed = self.analysed()
        if roi.name not in self._bleaching:
            blanks = [k for k in self.chosen if self.blanks[k]]
            known = len(self.chosen) > len(blanks) > 0 and placed.showing(roi, blanks)
            self._bleaching[roi.name] = placed.bleaching(roi) if known else ()
        return [
            TrialTraces(
                k + 1,
                self.blanks[k],
                placed.traces(k, roi, self._bleaching[roi.name]),
                placed.voltage(k),
                self.run.sample_rate_Hz,
                self.run.clamp(k),
            )
            for k in placed.showing(roi, trials)
        ]

    def sizes(self, roi: Roi) -> dict[tuple[int, str, str], ResponseSize]:
        """Measure an ROI in all trials of the run: the very numbers that the exports have.

        An ROI that its dF/F lacks is measured in the trials that show it.
        """
        placed, derived = self.analysed(), self.run.derived
        drawn = [] if derived is None else [Roi.from_document(one) for one in derived.start["rois"]]
        if derived is not None and roi in drawn:
            return derived_sizes(self.run, derived)
        traces = {
            k + 1: {t.ion: (t.time_s, t.dff) for t in placed.traces(k, roi)}
            for k in placed.showing(roi, range(self.run.trial_count))
        }
        blanks = {k + 1 for k, blank in enumerate(self.blanks) if blank}
        known = placed.parameters
        return run_responses(traces, blanks, [roi.name], known.baseline_s, known.response_s)

    @property
    def found_on(self) -> int:
        """The trial on whose own response the ROI was found; 0 for none."""
        return 0 if self.run.derived is None else found_on(self.run.derived)

    def told_bleaching(self, roi: Roi) -> str:
        """Say whether bleaching was taken from the traces of an ROI, for a figure's foot."""
        if not self._bleaching.get(roi.name):
            why = "blanks are shown as they are" if any(self.blanks) else "there is no blank trial"
            if len(self.chosen) == 1 and any(self.blanks):
                why = "one trial is shown as it is"
            return f"Bleaching is not subtracted: {why}."
        count = len(self.analysed().showing(roi, [k for k in self.chosen if self.blanks[k]]))
        return f"Bleaching, fitted to {count} blank trial{'s' if count > 1 else ''}, is subtracted."


def _placed(run: RunData, derived: Derived, rois: Sequence[Roi]) -> PlacedTrials:
    document = {name: derived.start[name] for name in AnalysisParameters.model_fields
                if name in derived.start}  # fmt: skip
    parameters = AnalysisParameters.from_document(document)
    if rois:
        parameters = parameters.replace(rois=tuple(rois))
    count = run.trial_count
    blanks = [bool(blank) for blank in run.column("trial-blank", False)]
    placed = PlacedTrials({**run.start, "blanks": blanks}, run.arrays, parameters)
    parameters.check_image(placed.image_shape)
    anywhere = parameters.rois[0]
    placed.results = [placed.analyse(k, anywhere) for k in range(count)]
    reference = max(int(derived.start.get("reference_trial", 1)), 1) - 1
    placed.shifts = [_shift(placed, derived, k, min(reference, count - 1)) for k in range(count)]
    return placed


def _shift(placed: PlacedTrials, derived: Derived, trial: int, reference: int) -> Shift:
    """Return how a trial lies, as its dF/F says; found anew where that lacks the trial."""
    event = derived.event_of_trial(trial + 1)
    if event is not None and "shift" in derived.columns:
        y_px, x_px = derived.columns["shift"][event].tolist()
        return Shift(y_px=y_px, x_px=x_px)
    pictures = [
        np.nansum([image.baseline for image in placed.results[k].difference_images], axis=0)
        for k in (trial, reference)
    ]
    return register(*pictures) if np.ndim(pictures[0]) == 2 else Shift(y_px=0.0, x_px=0.0)
