"""The rig: its devices by name, from a rig file, simulated, or replaying recordings."""

from blueslice._rig import Rig
from blueslice._rig_file import DeviceEntry, RigFile, load_rig
from blueslice._virtual_rigs import make_replay_rig, make_sim_rig

__all__ = ["DeviceEntry", "Rig", "RigFile", "load_rig", "make_replay_rig", "make_sim_rig"]
