"""Completing what a process left behind that was killed: journals, dF/F and the catalogue."""

from blueslice.recover.recover import recover
from blueslice.recover.report import RecoverReport, RunRecovery, TornTrial

__all__ = ["RecoverReport", "RunRecovery", "TornTrial", "recover"]
