"""What the plans need of a rig."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ophyd_async.core import Device

from blueslice.devices import (
    Camera,
    LedPair,
    PatchAmplifier,
    Perfusion,
    RestTimer,
    Stimulator,
    TrialClock,
    TrialLog,
)
from blueslice.indicators import IndicatorPair
from blueslice.trial import Trial

__all__ = ["PlannedRig"]


class PlannedRig(Protocol):
    """A rig that trials can be run on; `blueslice.rig.Rig` is one."""

    name: str
    camera: Camera
    led_pair: LedPair
    stimulator: Stimulator
    amplifier: PatchAmplifier
    clock: TrialClock
    trial_log: TrialLog
    rest: RestTimer
    perfusion: Perfusion | None
    indicators: IndicatorPair
    recorded_trials: tuple[Trial, ...]
    pixel_size_um: float | None
    nearest_times: bool

    @property
    def extra(self) -> Mapping[str, Any]:
        """Further devices, read once at the start of a run."""
        ...

    @property
    def devices(self) -> Sequence[Device]:
        """The rig's own devices."""
        ...

    def check(self, trials: Sequence[Trial]) -> list[Trial]:
        """Refuse trials that the rig cannot do; return them with the times that it produces."""
        ...
