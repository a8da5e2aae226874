"""Protocols for the RunEngine: ``RE(two_pulse(rig, trials=3))``."""

from blueslice.plans._pause import PauseRequest, hear_pauses
from blueslice.plans.bap_train import bap_train
from blueslice.plans.calibrate import calibrate
from blueslice.plans.drug_wash import drug_wash
from blueslice.plans.find_threshold import find_threshold
from blueslice.plans.gates import CellCondition, Gates, failing_gates
from blueslice.plans.paired import paired
from blueslice.plans.protocols import blank, replay, single_pulse, two_pulse
from blueslice.plans.trial_series import trial_series
from blueslice.plans.wash_record import WashRecord, wash_record
from blueslice.plans.wash_step import RemainingStep, Stability, WashStep, remaining_steps

__all__ = [
    "CellCondition",
    "Gates",
    "PauseRequest",
    "RemainingStep",
    "Stability",
    "WashRecord",
    "WashStep",
    "bap_train",
    "blank",
    "calibrate",
    "drug_wash",
    "failing_gates",
    "find_threshold",
    "hear_pauses",
    "paired",
    "remaining_steps",
    "replay",
    "single_pulse",
    "trial_series",
    "two_pulse",
    "wash_record",
]
