"""The rig's instruments as ophyd-async devices, and the Protocols that drivers meet."""

from blueslice.devices._instrument import is_mock
from blueslice.devices.amplifier import PatchAmplifier
from blueslice.devices.backends import (
    AmplifierBackend,
    CameraBackend,
    FrameBlock,
    LedPairBackend,
    PerfusionBackend,
    RestBackend,
    SampleBlock,
    Sensor,
    StimulatorBackend,
    TrialClockBackend,
)
from blueslice.devices.camera import Camera
from blueslice.devices.cell_light import CellLight
from blueslice.devices.led_pair import LedPair
from blueslice.devices.light_ledger import LightLedger, NoLedger, UnkeptLedger
from blueslice.devices.perfusion import Perfusion
from blueslice.devices.raw_paths import RawPathProvider
from blueslice.devices.stimulator import Stimulator
from blueslice.devices.timer import RestTimer
from blueslice.devices.trial_clock import TrialClock
from blueslice.devices.trial_log import TrialEntry, TrialLog

__all__ = [
    "AmplifierBackend",
    "Camera",
    "CameraBackend",
    "CellLight",
    "FrameBlock",
    "LedPair",
    "LedPairBackend",
    "LightLedger",
    "NoLedger",
    "PatchAmplifier",
    "Perfusion",
    "PerfusionBackend",
    "RawPathProvider",
    "RestBackend",
    "RestTimer",
    "SampleBlock",
    "Sensor",
    "Stimulator",
    "StimulatorBackend",
    "TrialClock",
    "TrialClockBackend",
    "TrialEntry",
    "TrialLog",
    "UnkeptLedger",
    "is_mock",
]
