"""The rig: its devices by name, from a rig file, simulated, or replaying recordings."""

from blueslice._allowed_devices import ALLOWED_DEVICES, allowed_devices_file
from blueslice._rig import Rig
from blueslice._rig_file import DeviceEntry, RigFile, load_rig
from blueslice._virtual_rigs import (
    NEAR_SOMA,
    Fig9Parameters,
    SliceParameters,
    SpineGeometry,
    half_decay_ms,
    make_replay_rig,
    make_sim_rig,
    run_fig9,
)

__all__ = [
    "ALLOWED_DEVICES",
    "NEAR_SOMA",
    "DeviceEntry",
    "Fig9Parameters",
    "Rig",
    "RigFile",
    "SliceParameters",
    "SpineGeometry",
    "allowed_devices_file",
    "half_decay_ms",
    "load_rig",
    "make_replay_rig",
    "make_sim_rig",
    "run_fig9",
]
