"""Rigs without hardware: a simulated slice, or recordings played again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from blueslice._data_directory import DataDirectory, default_data_directory
from blueslice._rig import Rig
from blueslice.devices import (
    Camera,
    LedPair,
    NoLedger,
    PatchAmplifier,
    Perfusion,
    RawPathProvider,
    RestTimer,
    Stimulator,
    TrialClock,
    TrialLog,
)
from blueslice.errors import BadInputError
from blueslice.indicators import IndicatorPair, pair
from blueslice.recordings import read_recording
from blueslice.sim import (
    NEAR_SOMA,
    FastPace,
    Faults,
    FaultySource,
    Pace,
    RealPace,
    ReplaySource,
    SimulatedSlice,
    SliceParameters,
    TrialSource,
    TruthFile,
    VirtualAmplifier,
    VirtualBench,
    VirtualCamera,
    VirtualLedPair,
    VirtualPerfusion,
    VirtualRest,
    VirtualStimulator,
    VirtualTrialClock,
    Wiring,
    check_replay_faults,
)
from blueslice.sim.physiology import Fig9Parameters, SpineGeometry, half_decay_ms, run_fig9
from blueslice.trial import RigLimits

# Only this module imports the simulation: what others may use of it is named here.
__all__ = [
    "DEFAULT_PAIR",
    "NEAR_SOMA",
    "Faults",
    "Fig9Parameters",
    "SliceParameters",
    "SpineGeometry",
    "half_decay_ms",
    "make_replay_rig",
    "make_sim_rig",
    "run_fig9",
]

DEFAULT_PAIR = "bis-fura-2+ANG-2"


def virtual_rig(
    name: str,
    source: TrialSource,
    indicators: IndicatorPair,
    limits: RigLimits,
    data_directory: DataDirectory | None,
    pace: Pace,
    *,
    perfused: bool = False,
    faults: Faults | None = None,
    **thresholds: float,
) -> Rig:
    faulty = FaultySource(source, faults or Faults())
    truth = TruthFile()

    def keep_truth(index: int, wiring: Wiring) -> None:
        if isinstance(source, SimulatedSlice) and source.truth is not None:
            struck = [{s.kind: s.fault.to_document()} for s in faulty.struck]
            told = {"started_s": wiring.started_s, "faults": struck}
            truth.add(index + 1, told | source.truth.to_document())

    # Without faults nothing stands between the bench and what it plays.
    played = faulty if any(faulty.faults.listed()) else source
    bench, wrap = VirtualBench(played, pace, on_trial=keep_truth), faulty.wrap
    directory = data_directory or default_data_directory()
    paths = RawPathProvider(directory.raw)
    camera = Camera(wrap("camera", VirtualCamera(bench)), truth.beside(paths), name="camera")
    amplifier = PatchAmplifier(
        wrap("amplifier", VirtualAmplifier(bench)), paths, name="amplifier", **thresholds
    )
    perfusion = Perfusion(
        wrap("perfusion", VirtualPerfusion(bench)), name="perfusion", now_s=bench.now_s
    )
    rig = Rig(
        name=name,
        camera=camera,
        led_pair=LedPair(wrap("led_pair", VirtualLedPair(bench)), name="led_pair"),
        stimulator=Stimulator(wrap("stimulator", VirtualStimulator(bench)), name="stimulator"),
        amplifier=amplifier,
        clock=TrialClock(wrap("clock", VirtualTrialClock(bench)), name="clock"),
        trial_log=TrialLog(
            [camera.frames_recorded, amplifier.frames_recorded],
            [camera.trial_checksum, amplifier.trial_checksum, amplifier.clamp],
            perfusion if perfused else None,
            name="trial",
        ),
        rest=RestTimer(wrap("rest", VirtualRest(bench)), name="rest"),
        indicators=indicators,
        limits=limits,
        perfusion=perfusion if perfused else None,
        bench=bench,
    )
    rig.keep_light_in(directory)
    return rig


def _wavelengths(indicators: IndicatorPair) -> dict[int, float]:
    return dict(zip((1, 2), indicators.wavelengths_nm, strict=True))


def make_sim_rig(
    seed: int = 0,
    *,
    data_directory: DataDirectory | None = None,
    pace: Pace | Literal["fast", "real"] = "fast",
    indicators: str | IndicatorPair = DEFAULT_PAIR,
    rows: int = 80,
    columns: int = 80,
    slice_parameters: SliceParameters | None = None,
    faults: Faults | None = None,
) -> Rig:
    """Make a rig with a simulated slice under it.

    Parameters
    ----------
    seed : int
        Decides the cell and all noise.
    data_directory : DataDirectory, optional
        Where raw files go; by default this user's data directory.
    pace : "fast", "real" or Pace
        Whether a trial takes no longer than its computation or as long as on a real rig.
    indicators : str or IndicatorPair
        The dyes in the cell.
    rows, columns : int
        The camera's picture.
    slice_parameters : blueslice.sim.SliceParameters, optional
        What the slice is like: cell, light, movement, damage, camera.
    faults : Faults, optional
        What breaks, and when.

    Raises
    ------
    BadInputError
        When the seed is negative or there is no such pair of indicators.
    """
    from ophyd.sim import SynAxis

    if seed < 0:
        raise BadInputError(f"seed = {seed}: give a whole number from 0 on")
    dyes = pair(indicators) if isinstance(indicators, str) else indicators
    rig = virtual_rig(
        "simulated",
        SimulatedSlice(seed, dyes, rows, columns, slice_parameters),
        dyes,
        RigLimits(
            max_frame_rate_Hz=2000.0,
            readout_s=0.0002,
            stimulator_tick_s=50e-6,
            max_amplitude_uA=1000.0,
            led_wavelengths_nm=_wavelengths(dyes),
        ),
        data_directory,
        _pace(pace),
        perfused=True,
        faults=faults,
    )
    rig.pixel_size_um = (slice_parameters or SliceParameters()).scene.pixel_um
    rig.extra = {"stage_x": SynAxis(name="stage_x"), "stage_y": SynAxis(name="stage_y")}
    return rig


def _pace(pace: Pace | Literal["fast", "real"]) -> Pace:
    if isinstance(pace, str):
        return RealPace() if pace == "real" else FastPace()
    return pace


def make_replay_rig(
    files: Sequence[str | Path],
    *,
    data_directory: DataDirectory | None = None,
    pace: Pace | Literal["fast", "real"] = "fast",
    indicators: str | IndicatorPair = DEFAULT_PAIR,
    faults: Faults | None = None,
) -> Rig:
    """Make a rig that plays recordings (.da, .tsm with .tbn) as if they were being made.

    Parameters
    ----------
    files : sequence of path
        Trial k of a run is file k.
    data_directory, pace, indicators
        As for `make_sim_rig`.
    faults : Faults, optional
        Of camera and recording, or an instrument that stops answering: what was recorded was lit
        as it was lit.

    Raises
    ------
    BadInputError
        When a file cannot be read, the files do not belong together, or a fault needs a slice.
    """
    dyes = pair(indicators) if isinstance(indicators, str) else indicators
    if faults is not None:
        check_replay_faults(faults)
    source = ReplaySource([read_recording(Path(file)) for file in files])
    first = source.recordings[0]
    rig = virtual_rig(
        "replay",
        source,
        dyes,
        RigLimits(led_wavelengths_nm=_wavelengths(dyes), recorded=True),
        data_directory,
        _pace(pace),
        faults=faults,
        led_threshold_V=first.led_threshold_V,
        stimulus_threshold_V=first.stimulus_threshold_V,
    )
    # What is played was lit when it was recorded.
    rig.led_pair.cell_light.ledger = NoLedger()
    rig.recorded_trials = tuple(recording.trial for recording in source.recordings)
    return rig
