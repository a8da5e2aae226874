"""Virtual instruments: a simulated slice, or recordings played again."""

from blueslice.sim.bath import Bath, BathState, Chamber, Solution
from blueslice.sim.bench import VirtualBench
from blueslice.sim.faults import Faults
from blueslice.sim.faulty import FaultySource, check_replay_faults
from blueslice.sim.instruments import (
    VirtualAmplifier,
    VirtualCamera,
    VirtualLedPair,
    VirtualPerfusion,
    VirtualRest,
    VirtualStimulator,
    VirtualTrialClock,
)
from blueslice.sim.pace import FastPace, ManualPace, Pace, RealPace
from blueslice.sim.replay import ReplaySource
from blueslice.sim.slice import NEAR_SOMA, SimulatedSlice, SliceParameters
from blueslice.sim.truth_file import TruthFile, read_truth, truth_path
from blueslice.sim.wiring import PlayedTrial, TrialSource, Wiring

__all__ = [
    "NEAR_SOMA",
    "Bath",
    "BathState",
    "Chamber",
    "FastPace",
    "Faults",
    "FaultySource",
    "ManualPace",
    "Pace",
    "PlayedTrial",
    "RealPace",
    "ReplaySource",
    "SimulatedSlice",
    "SliceParameters",
    "Solution",
    "TrialSource",
    "TruthFile",
    "VirtualAmplifier",
    "VirtualBench",
    "VirtualCamera",
    "VirtualLedPair",
    "VirtualPerfusion",
    "VirtualRest",
    "VirtualStimulator",
    "VirtualTrialClock",
    "Wiring",
    "check_replay_faults",
    "read_truth",
    "truth_path",
]
