"""Virtual instruments: a simulated slice, or recordings played again."""

from blueslice.sim.bath import Bath, BathState, Chamber, Solution
from blueslice.sim.bench import VirtualBench
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
from blueslice.sim.slice import SimulatedSlice, SliceParameters
from blueslice.sim.wiring import PlayedTrial, TrialSource, Wiring

__all__ = [
    "Bath",
    "BathState",
    "Chamber",
    "FastPace",
    "ManualPace",
    "Pace",
    "PlayedTrial",
    "RealPace",
    "ReplaySource",
    "SimulatedSlice",
    "SliceParameters",
    "Solution",
    "TrialSource",
    "VirtualAmplifier",
    "VirtualBench",
    "VirtualCamera",
    "VirtualLedPair",
    "VirtualPerfusion",
    "VirtualRest",
    "VirtualStimulator",
    "VirtualTrialClock",
    "Wiring",
]
