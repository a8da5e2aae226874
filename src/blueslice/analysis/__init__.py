"""Pure functions on arrays, from camera frames and LED lines to dF/F and its measures.

Live and offline analysis call the same functions here and get the same bits. Nothing here
reads or writes files, or knows of bluesky.
"""

from blueslice.analysis.accumulator import FrameAccumulator, ImageSums, TrialSums
from blueslice.analysis.align import moved_roi, shift_image
from blueslice.analysis.corner import Corner, choose_corner
from blueslice.analysis.dff import IonTrace, compute_dff
from blueslice.analysis.difference import DifferenceImage, assign_images, difference_images
from blueslice.analysis.excitation import FrameState, prove_excitation
from blueslice.analysis.filters import smooth_in_time
from blueslice.analysis.find_roi import FoundRoi, find_responding_roi
from blueslice.analysis.frame_map import FrameMap, StoredFrameProblem, map_frames
from blueslice.analysis.kernel import RowSpans, add_frames, default_thread_count, prepare_kernel
from blueslice.analysis.kinetics import ResponseMeasures, response_measures
from blueslice.analysis.labels import rois_from_labels
from blueslice.analysis.parameters import AnalysisParameters
from blueslice.analysis.registration import Shift, prepare_registration, register
from blueslice.analysis.roi import Roi, check_rois
from blueslice.analysis.stimulus import find_pulses
from blueslice.analysis.trial_analysis import TrialAnalysis, TrialResult, recompute

__all__ = [
    "AnalysisParameters",
    "Corner",
    "DifferenceImage",
    "FoundRoi",
    "FrameAccumulator",
    "FrameMap",
    "FrameState",
    "ImageSums",
    "IonTrace",
    "ResponseMeasures",
    "Roi",
    "RowSpans",
    "Shift",
    "StoredFrameProblem",
    "TrialAnalysis",
    "TrialResult",
    "TrialSums",
    "add_frames",
    "assign_images",
    "check_rois",
    "choose_corner",
    "compute_dff",
    "default_thread_count",
    "difference_images",
    "find_pulses",
    "find_responding_roi",
    "map_frames",
    "moved_roi",
    "prepare_kernel",
    "prepare_registration",
    "prove_excitation",
    "recompute",
    "register",
    "response_measures",
    "rois_from_labels",
    "shift_image",
    "smooth_in_time",
]
