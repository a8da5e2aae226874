"""Virtual instruments: a simulated slice, or recordings played again."""

from blueslice.sim.bench import VirtualBench
from blueslice.sim.instruments import (
    VirtualAmplifier,
    VirtualCamera,
    VirtualLedPair,
    VirtualStimulator,
    VirtualTrialClock,
)
from blueslice.sim.pace import FastPace, ManualPace, Pace, RealPace
from blueslice.sim.replay import ReplaySource
from blueslice.sim.slice import SimulatedSlice
from blueslice.sim.wiring import PlayedTrial, TrialSource, Wiring

__all__ = [
    "FastPace",
    "ManualPace",
    "Pace",
    "PlayedTrial",
    "RealPace",
    "ReplaySource",
    "SimulatedSlice",
    "TrialSource",
    "VirtualAmplifier",
    "VirtualBench",
    "VirtualCamera",
    "VirtualLedPair",
    "VirtualStimulator",
    "VirtualTrialClock",
    "Wiring",
]
