"""Pure functions on arrays, from camera frames and LED lines to dF/F and its measures.

Live and offline analysis call the same functions here and get the same bits. Nothing here
reads or writes files, or knows of bluesky.
"""

from blueslice.analysis._nan_mean import nan_mean
from blueslice.analysis.accumulator import FrameAccumulator, ImageSums, TrialSums
from blueslice.analysis.align import moved_roi, shift_image
from blueslice.analysis.averaging import AveragedTrace, average_trials, time_grid
from blueslice.analysis.background import background_fraction, correct_for_background
from blueslice.analysis.bleaching import Bleaching, fit_bleaching
from blueslice.analysis.bootstrap import Interval, bootstrap_response, bootstrap_trials
from blueslice.analysis.calibration import (
    LINEAR_RULE_MM,
    Calibration,
    concentration_change_mM,
    concentration_from_fluorescence_mM,
    fit_calibration,
    fluorescence_from_concentration,
    linear_concentration_change_mM,
)
from blueslice.analysis.cell_condition import (
    access_resistance_MOhm,
    bridge_residual_MOhm,
    response_amplitude_mV,
    resting_potential_mV,
)
from blueslice.analysis.classify import TrialClass, classify_trial
from blueslice.analysis.comparison import Comparison, compare_groups, compare_paired
from blueslice.analysis.corner import Corner, choose_corner
from blueslice.analysis.dff import IonTrace, compute_dff
from blueslice.analysis.difference import DifferenceImage, assign_images, difference_images
from blueslice.analysis.direction import dendrite_direction
from blueslice.analysis.events import find_plateau, find_spikes
from blueslice.analysis.excitation import (
    FrameState,
    frames_late,
    late_reason,
    prove_excitation,
)
from blueslice.analysis.film import FilmStrip, film_strip, film_windows
from blueslice.analysis.filters import smooth_in_time
from blueslice.analysis.find_roi import FoundRoi, find_brightest_roi, find_responding_roi
from blueslice.analysis.fitted_kinetics import FittedResponse, fit_response
from blueslice.analysis.frame_map import FrameMap, StoredFrameProblem, map_frames
from blueslice.analysis.kernel import RowSpans, add_frames, default_thread_count, prepare_kernel
from blueslice.analysis.kinetics import ResponseMeasures, response_measures, rise_to_plateau_s
from blueslice.analysis.labels import rois_from_labels
from blueslice.analysis.line_profile import (
    LineProfile,
    WidthAtHalfMaximum,
    line_profile,
    width_at_half_maximum,
)
from blueslice.analysis.mixed_model import compare_mixed
from blueslice.analysis.neck_resistance import neck_resistance_Mohm
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.placed import movement_within_trial, placed_dff
from blueslice.analysis.placed_trials import PlacedTrials
from blueslice.analysis.registration import Shift, prepare_registration, register
from blueslice.analysis.response_means import (
    ConditionMean,
    FractionLeft,
    MeanResponse,
    condition_means,
    fraction_left,
    mean_response,
)
from blueslice.analysis.response_size import (
    ResponseSize,
    TrialTrace,
    response_sizes,
    run_responses,
)
from blueslice.analysis.roi import Roi, check_rois
from blueslice.analysis.saturation import SaturationFinder, saturation_reason
from blueslice.analysis.stimulus import find_pulses
from blueslice.analysis.trial_analysis import TrialAnalysis, TrialResult, recompute
from blueslice.analysis.unmixing import Unmixed, mix_channels, unmix_channels

__all__ = [
    "LINEAR_RULE_MM",
    "AnalysisParameters",
    "AveragedTrace",
    "Bleaching",
    "Calibration",
    "Comparison",
    "ConditionMean",
    "Corner",
    "DifferenceImage",
    "FilmStrip",
    "FittedResponse",
    "FoundRoi",
    "FractionLeft",
    "FrameAccumulator",
    "FrameMap",
    "FrameState",
    "ImageSums",
    "Interval",
    "IonTrace",
    "LineProfile",
    "MeanResponse",
    "PlacedTrials",
    "ResponseMeasures",
    "ResponseSize",
    "Roi",
    "RowSpans",
    "SaturationFinder",
    "Shift",
    "StoredFrameProblem",
    "TrialAnalysis",
    "TrialClass",
    "TrialResult",
    "TrialSums",
    "TrialTrace",
    "Unmixed",
    "WidthAtHalfMaximum",
    "access_resistance_MOhm",
    "add_frames",
    "assign_images",
    "average_trials",
    "background_fraction",
    "bootstrap_response",
    "bootstrap_trials",
    "bridge_residual_MOhm",
    "check_rois",
    "choose_corner",
    "classify_trial",
    "compare_groups",
    "compare_mixed",
    "compare_paired",
    "compute_dff",
    "concentration_change_mM",
    "concentration_from_fluorescence_mM",
    "condition_means",
    "correct_for_background",
    "default_thread_count",
    "dendrite_direction",
    "difference_images",
    "film_strip",
    "film_windows",
    "find_brightest_roi",
    "find_plateau",
    "find_pulses",
    "find_responding_roi",
    "find_spikes",
    "fit_bleaching",
    "fit_calibration",
    "fit_response",
    "fluorescence_from_concentration",
    "fraction_left",
    "frames_late",
    "late_reason",
    "line_profile",
    "linear_concentration_change_mM",
    "map_frames",
    "mean_response",
    "mix_channels",
    "moved_roi",
    "movement_within_trial",
    "nan_mean",
    "neck_resistance_Mohm",
    "placed_dff",
    "prepare_kernel",
    "prepare_registration",
    "prove_excitation",
    "recompute",
    "register",
    "response_amplitude_mV",
    "response_measures",
    "response_sizes",
    "resting_potential_mV",
    "rise_to_plateau_s",
    "rois_from_labels",
    "run_responses",
    "saturation_reason",
    "shift_image",
    "smooth_in_time",
    "time_grid",
    "unmix_channels",
    "width_at_half_maximum",
]
