"""What the live analysis gives out: of a trial that still runs, and of a whole one."""

from dataclasses import dataclass

from blueslice.analysis import AnalysisParameters, IonTrace, Roi, Shift, TrialResult

__all__ = ["AT_BRIGHTEST", "ON_RESPONSE", "PartialTrial", "TrialDFF"]

ON_RESPONSE = "on the largest sodium response"
AT_BRIGHTEST = "where the resting light is brightest: no trial showed a response above the noise"


@dataclass(frozen=True)
class PartialTrial:
    """What is known of a trial that still runs.

    Attributes
    ----------
    run : str
        uid of the raw run.
    trial : int
        1 for the first.
    traces : tuple of IonTrace
        dF/F of the frames so far.
    rois : tuple of Roi
        Of the traces.
    """

    run: str
    trial: int
    traces: tuple[IonTrace, ...]
    rois: tuple[Roi, ...]


@dataclass(frozen=True)
class TrialDFF:
    """The analysis of a whole trial.

    Attributes
    ----------
    run : str
        uid of the raw run.
    trial : int
        1 for the first.
    result : TrialResult
        dF/F and images.
    parameters : AnalysisParameters
        What it was computed with: the run's, with the ROIs where the tissue lay.
    run_parameters : AnalysisParameters
        The run's: the ROIs as they lie in the reference trial.
    shift : Shift
        How far the trial lies from the reference.
    roi_found : str
        Where the ROI was found, when it was not given: `ON_RESPONSE` or `AT_BRIGHTEST`; else empty.
    roi_found_on : int
        The trial on whose own response it was found, so that its size there is too large by what
        the noise added; 0 for none.
    """

    run: str
    trial: int
    result: TrialResult
    parameters: AnalysisParameters
    run_parameters: AnalysisParameters
    shift: Shift
    roi_found: str = ""
    roi_found_on: int = 0
