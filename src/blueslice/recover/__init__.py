"""Completing what a process left behind that was killed, and verifying what was kept."""

from blueslice.recover.kept_trials import kept_trials
from blueslice.recover.recover import recover
from blueslice.recover.report import (
    RecoverReport,
    RunRecovery,
    RunVerification,
    TornTrial,
    VerifyReport,
)
from blueslice.recover.verify import verify

__all__ = [
    "RecoverReport",
    "RunRecovery",
    "RunVerification",
    "TornTrial",
    "VerifyReport",
    "kept_trials",
    "recover",
    "verify",
]
