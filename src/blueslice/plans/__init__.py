"""Protocols for the RunEngine: ``RE(two_pulse(rig, trials=3))``."""

from blueslice.plans.protocols import blank, replay, single_pulse, two_pulse
from blueslice.plans.trial_series import trial_series

__all__ = ["blank", "replay", "single_pulse", "trial_series", "two_pulse"]
