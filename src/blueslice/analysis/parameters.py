"""Everything an analysis depends on besides the frames: one frozen value, exact in JSON."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from blueslice._data import Data
from blueslice.analysis.corner import Corner
from blueslice.analysis.roi import Roi, check_rois

__all__ = ["AnalysisParameters"]


class AnalysisParameters(Data):
    """The parameters of one analysis, as they go into the derived run's start document.

    Attributes
    ----------
    ions : tuple of str
        What each LED's frames report: ``ions[n - 1]`` belongs to LED n, for example
        ``("sodium", "calcium")``.
    sign : dict of str to int
        For each ion +1 where its dye brightens with more ion, -1 where it darkens.
    background : dict of str to float
        For each ion the counts per pixel that do not come from the cell, dark-subtracted and at
        the light of the baseline; 0 where not given.
    frame_rate_Hz : float
        Frames per second of the frame clock.
    exposure_s : float
        Exposure from each frame's start, in s.
    excitation_order : tuple of int
        The LED that was to light each frame, repeated over the trial; 0 for none. It only says
        which ion a lost or damaged frame was meant for, and whether the LEDs began whole frames
        late (`frames_late`).
    led_threshold_V : float
        An LED monitor line above it is on.
    stimulus_threshold_V : float
        The stimulus monitor line above it is a pulse (for `find_pulses`).
    baseline_s : (float, float)
        Frames whose mid-exposure time is in [from, to) after the trial's start are baseline.
    response_s : (float, float), or None
        The same for the response of the difference images; None for no difference images.
    rois : tuple of Roi
        At least one; names are unique.
    corner : Corner, or None
        Where the LED's brightness is read; None for no LED correction.
    full_scale_counts : int, or None
        What a saturated pixel reads: a frame in which a pixel of an ROI reads it has no dF/F there.
        None where nobody knows.
    dark : str
        Which dark image is subtracted (for example the raw run's data key), or ``"none"``.
    """

    ions: tuple[str, ...] = Field(min_length=1, max_length=127)
    sign: dict[str, Literal[-1, 1]]
    background: dict[str, float] = Field(default_factory=dict)
    frame_rate_Hz: float = Field(gt=0)
    exposure_s: float = Field(gt=0)
    excitation_order: tuple[int, ...] = Field(default=(1, 2), min_length=1)
    led_threshold_V: float
    stimulus_threshold_V: float
    baseline_s: tuple[float, float]
    response_s: tuple[float, float] | None = None
    rois: tuple[Roi, ...]
    corner: Corner | None = None
    full_scale_counts: int | None = Field(default=None, gt=0)
    dark: str = Field(default="none", min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _fill_background(cls, values: Any) -> Any:
        # so that the document names every ion's background, given or not
        if not isinstance(values, Mapping):
            return values
        given, ions = values.get("background", {}), values.get("ions", ())
        if not isinstance(given, Mapping) or not isinstance(ions, list | tuple):
            return values
        if not all(isinstance(ion, str) for ion in ions):
            return values
        return {**values, "background": {**dict.fromkeys(ions, 0.0), **given}}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.rois:
            raise ValueError("rois is empty; give at least one ROI")
        ions = set(self.ions)
        if len(ions) < len(self.ions):
            raise ValueError(f"ions {list(self.ions)} repeat a name; give each LED its own")
        if set(self.sign) != ions:
            raise ValueError(f"sign is given for {sorted(self.sign)}; give it for {sorted(ions)}")
        if set(self.background) != ions:
            raise ValueError(
                f"background is given for {sorted(self.background)}; the ions are {sorted(ions)}"
            )
        unknown = [led for led in self.excitation_order if not 0 <= led <= len(self.ions)]
        if unknown:
            raise ValueError(
                f"excitation_order names LED {unknown[0]}; allowed are 0 (none) to "
                f"{len(self.ions)}, one for each of {list(self.ions)}"
            )
        if self.exposure_s * self.frame_rate_Hz > 1 + 1e-9:
            raise ValueError(
                f"exposure_s = {self.exposure_s} is longer than a frame at frame_rate_Hz = "
                f"{self.frame_rate_Hz}; give at most {1 / self.frame_rate_Hz:g}"
            )
        for name, window in (("baseline_s", self.baseline_s), ("response_s", self.response_s)):
            if window is not None and window[0] >= window[1]:
                raise ValueError(f"{name} = {list(window)} is empty; give [from, to] in s")
        if self.response_s is not None and self.response_s[0] < self.baseline_s[1]:
            raise ValueError(
                f"response_s = {list(self.response_s)} begins before the end of baseline_s = "
                f"{list(self.baseline_s)}; a frame cannot be both, begin the response later"
            )
        check_rois(self.rois, (2**63, 2**63))  # names only: the image is not known here
        return self

    def frame_times_s(self, clock_frames: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Give the mid-exposure times of frames of the clock, in s from the trial's start.

        Frame k begins at ``k / frame_rate_Hz``. Same shape as `clock_frames`.
        """
        return clock_frames / self.frame_rate_Hz + self.exposure_s / 2

    def planned_excitation(self, frame_count: int) -> npt.NDArray[np.int64]:
        """Give the LED planned for each frame of the clock: int64 (frame_count,), 0 for none."""
        return np.resize(np.asarray(self.excitation_order, np.int64), frame_count)

    def sample_counts(self, frame_count: int) -> tuple[int, ...]:
        """Count each ion's samples in a trial whose frames are all lit as planned."""
        planned = self.planned_excitation(frame_count)
        return tuple(int(np.sum(planned == led)) for led in range(1, len(self.ions) + 1))

    def check_image(self, image_shape: tuple[int, int]) -> None:
        """Refuse ROIs or a corner that leave the image.

        Raises
        ------
        BadInputError
            Naming the ROI or the corner, its extent and the image's.
        """
        check_rois(self.rois, image_shape)
        if self.corner is not None:
            self.corner.check(image_shape)

    def to_document(self) -> dict[str, Any]:
        """Give the parameters as plain JSON; `from_document` reads them back exactly.

        Keys are the attributes' names: ``rois`` is a list of ROI documents, ``corner`` has y,
        x, height and width.
        """
        document = self.model_dump(mode="json", exclude={"rois"})
        document["rois"] = [roi.to_document() for roi in self.rois]
        return document
