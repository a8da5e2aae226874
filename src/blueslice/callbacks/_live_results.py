"""What the live analysis gives out: of a trial that still runs, and of a whole one."""

from dataclasses import dataclass

from blueslice.analysis import AnalysisParameters, IonTrace, Roi, Shift, TrialResult

__all__ = ["PartialTrial", "TrialDFF"]


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
    """

    run: str
    trial: int
    result: TrialResult
    parameters: AnalysisParameters
    run_parameters: AnalysisParameters
    shift: Shift
