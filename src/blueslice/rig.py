"""The rig: its devices by name, from a rig file, simulated, or replaying recordings."""

import importlib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ophyd_async.core import Device
from pydantic import Field, ValidationError

from blueslice._data import Data, describe_validation_error
from blueslice._data_directory import DataDirectory, default_data_directory
from blueslice.devices import (
    Camera,
    LedPair,
    PatchAmplifier,
    RawPathProvider,
    Stimulator,
    TrialClock,
    TrialLog,
)
from blueslice.errors import BadInputError
from blueslice.indicators import IndicatorPair, pair
from blueslice.recordings import read_recording
from blueslice.sim import (
    FastPace,
    Pace,
    RealPace,
    ReplaySource,
    SimulatedSlice,
    TrialSource,
    VirtualAmplifier,
    VirtualBench,
    VirtualCamera,
    VirtualLedPair,
    VirtualStimulator,
    VirtualTrialClock,
)
from blueslice.trial import RigLimits, Trial, check_trial

__all__ = ["DeviceEntry", "Rig", "RigFile", "load_rig", "make_replay_rig", "make_sim_rig"]

DEFAULT_PAIR = "bis-fura-2+ANG-2"


@dataclass
class Rig:
    """The named devices of a rig, and what they can do.

    Attributes
    ----------
    name : str
        The rig's name, which goes into every run.
    camera, led_pair, stimulator, amplifier, clock, trial_log
        The devices.
    indicators : IndicatorPair
        The dyes in the cell.
    limits : RigLimits
        What the instruments can do.
    extra : dict of str to device
        Further Bluesky devices, read once at the start of each run.
    recorded_trials : tuple of Trial
        Of a replay: what was recorded. Otherwise empty.
    bench : VirtualBench or None
        Of a virtual rig: what its instruments are wired to.
    """

    name: str
    camera: Camera
    led_pair: LedPair
    stimulator: Stimulator
    amplifier: PatchAmplifier
    clock: TrialClock
    trial_log: TrialLog
    indicators: IndicatorPair
    limits: RigLimits
    extra: dict[str, Any] = field(default_factory=dict)
    recorded_trials: tuple[Trial, ...] = ()
    bench: VirtualBench | None = None

    @property
    def devices(self) -> tuple[Device, ...]:
        """The rig's own devices, all of ophyd-async."""
        return (
            self.camera,
            self.led_pair,
            self.stimulator,
            self.amplifier,
            self.clock,
            self.trial_log,
        )

    def check(self, trials: Sequence[Trial]) -> None:
        """Refuse trials that the rig cannot do, before anything is moved or lit.

        Raises
        ------
        BadInputError
            With what is allowed.
        """
        for trial in trials:
            check_trial(trial, self.limits, self.indicators)
            self.clock.backend.check(trial)
        if self.recorded_trials and len(trials) > len(self.recorded_trials):
            raise BadInputError(
                f"{self.name} replays {len(self.recorded_trials)} recordings and {len(trials)} "
                "trials are asked for; ask for fewer or name more files"
            )

    async def connect(self, *, mock: bool = False) -> None:
        """Connect all devices of the rig; in mock mode no instrument is touched."""
        for device in self.devices:
            await device.connect(mock=mock)


def _virtual_rig(
    name: str,
    source: TrialSource,
    indicators: IndicatorPair,
    limits: RigLimits,
    data_directory: DataDirectory | None,
    pace: Pace,
    **thresholds: float,
) -> Rig:
    bench = VirtualBench(source, pace)
    raw = (data_directory or default_data_directory()).raw
    paths = RawPathProvider(raw)
    return Rig(
        name=name,
        camera=Camera(VirtualCamera(bench), paths, name="camera"),
        led_pair=LedPair(VirtualLedPair(bench), name="led_pair"),
        stimulator=Stimulator(VirtualStimulator(bench), name="stimulator"),
        amplifier=PatchAmplifier(VirtualAmplifier(bench), paths, name="amplifier", **thresholds),
        clock=TrialClock(VirtualTrialClock(bench), name="clock"),
        trial_log=TrialLog(name="trial"),
        indicators=indicators,
        limits=limits,
        bench=bench,
    )


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
    """
    from ophyd.sim import SynAxis

    dyes = pair(indicators) if isinstance(indicators, str) else indicators
    rig = _virtual_rig(
        "simulated",
        SimulatedSlice(seed, dyes, rows, columns),
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
    )
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
) -> Rig:
    """Make a rig that plays recordings (.da, .tsm with .tbn) as if they were being made.

    Parameters
    ----------
    files : sequence of path
        Trial k of a run is file k.
    data_directory, pace, indicators
        As for `make_sim_rig`.

    Raises
    ------
    BadInputError
        When a file cannot be read, or the files do not belong together.
    """
    dyes = pair(indicators) if isinstance(indicators, str) else indicators
    source = ReplaySource([read_recording(Path(file)) for file in files])
    first = source.recordings[0]
    rig = _virtual_rig(
        "replay",
        source,
        dyes,
        RigLimits(led_wavelengths_nm=_wavelengths(dyes)),
        data_directory,
        _pace(pace),
        led_threshold_V=first.led_threshold_V,
        stimulus_threshold_V=first.stimulus_threshold_V,
    )
    rig.recorded_trials = tuple(recording.trial for recording in source.recordings)
    return rig


class DeviceEntry(Data):
    """A further Bluesky device of a rig file.

    Attributes
    ----------
    device : str
        ``package.module:Class``, of ophyd or ophyd-async.
    arguments : dict
        Keyword arguments of the class beside ``name``.
    """

    device: str = Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")
    arguments: dict[str, Any] = Field(default_factory=dict)


class RigFile(Data):
    """What a rig file (TOML) says.

    Attributes
    ----------
    name : str
        The rig's name.
    backend : "simulated" or "replay"
        Where its instruments are.
    seed : int
        Of a simulated rig.
    pace : "fast" or "real"
        Of a virtual rig.
    indicators : str
        Name of the indicator pair in the cell.
    rows, columns : int
        The picture of a simulated rig.
    files : tuple of str
        Of a replay: the recordings, relative to the rig file.
    devices : dict of str to DeviceEntry
        Further devices by name.
    """

    name: str = Field(min_length=1)
    backend: Literal["simulated", "replay"] = "simulated"
    seed: int = Field(default=0, ge=0)
    pace: Literal["fast", "real"] = "real"
    indicators: str = DEFAULT_PAIR
    rows: int = Field(default=80, ge=24, le=8192)
    columns: int = Field(default=80, ge=24, le=8192)
    files: tuple[str, ...] = ()
    devices: dict[str, DeviceEntry] = Field(default_factory=dict)


def load_rig(path: str | Path, *, data_directory: DataDirectory | None = None) -> Rig:
    """Make the rig that a rig file describes.

    Raises
    ------
    BadInputError
        When the file cannot be read, is not TOML, or has a key or value that is not allowed.
    """
    path = Path(path)
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        described = RigFile.model_validate(values)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"the rig file {path} cannot be read ({error}); check its name"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise BadInputError(
            f"the rig file {path} is not TOML: {error}; correct that line"
        ) from None
    except ValidationError as error:
        raise BadInputError(describe_validation_error(str(path), error)) from None
    if described.backend == "replay":
        files = [path.parent / file for file in described.files]
        rig = make_replay_rig(
            files,
            data_directory=data_directory,
            pace=described.pace,
            indicators=described.indicators,
        )
    else:
        rig = make_sim_rig(
            described.seed,
            data_directory=data_directory,
            pace=described.pace,
            indicators=described.indicators,
            rows=described.rows,
            columns=described.columns,
        )
    rig.name = described.name
    rig.extra.update(_make_devices(path, described.devices))
    return rig


def _make_devices(path: Path, entries: Mapping[str, DeviceEntry]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, entry in entries.items():
        module, _, class_name = entry.device.partition(":")
        try:
            device_class = getattr(importlib.import_module(module), class_name)
            made[name] = device_class(**entry.arguments, name=name)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise BadInputError(
                f"{path}: the device {name!r} cannot be made from {entry.device} ({error}); check "
                "the name of the class and its arguments"
            ) from None
    return made
