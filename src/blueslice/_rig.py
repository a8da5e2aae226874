"""What a rig is: its devices by name, and what they can do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ophyd_async.core import Device

from blueslice._data_directory import DataDirectory
from blueslice._trial_times import check_baseline, check_samples, nearest_trial
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
from blueslice.errors import BadInputError
from blueslice.indicators import IndicatorPair
from blueslice.light_ledger import RigLedger
from blueslice.trial import LEDS, RigLimits, Trial, check_trial

if TYPE_CHECKING:
    from blueslice.sim import VirtualBench

__all__ = ["Rig"]


@dataclass
class Rig:
    """The named devices of a rig, and what they can do.

    Attributes
    ----------
    name : str
        The rig's name, which goes into every run.
    camera, led_pair, stimulator, amplifier, clock, trial_log, rest
        The devices.
    perfusion : Perfusion or None
        What decides which solution flows; None where no plan can choose it.
    indicators : IndicatorPair
        The dyes in the cell.
    limits : RigLimits
        What the instruments can do.
    pixel_size_um : float or None
        Edge of a camera's pixel in the slice, in um; goes into every run. None when not known.
    extra : dict of str to device
        Further Bluesky devices, read once at the start of each run.
    recorded_trials : tuple of Trial
        Of a replay: what was recorded. Otherwise empty.
    nearest_times : bool
        Whether a time that an instrument cannot produce is moved to the nearest that it can, and
        not refused.
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
    rest: RestTimer
    indicators: IndicatorPair
    limits: RigLimits
    perfusion: Perfusion | None = None
    pixel_size_um: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    recorded_trials: tuple[Trial, ...] = ()
    nearest_times: bool = False
    bench: "VirtualBench | None" = None

    def __post_init__(self) -> None:
        """Have the LEDs enter the light that a start of the clock gives."""
        self.clock.before_start = self.led_pair.approve_start

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
            self.rest,
            *([] if self.perfusion is None else [self.perfusion]),
        )

    @property
    def ledger(self) -> RigLedger | None:
        """The ledger of its cells' light; None where no data directory keeps one."""
        ledger = self.led_pair.cell_light.ledger
        return ledger if isinstance(ledger, RigLedger) else None

    def keep_light_in(self, data_directory: DataDirectory, cell: str = "") -> RigLedger:
        """Keep the light that the LEDs give in a data directory, from now on.

        Parameters
        ----------
        data_directory : DataDirectory
            Where.
        cell : str
            The cell under the light; by default a new one, named by the time of its first light.
        """
        wavelengths_nm: dict[int, float] = dict(
            zip(LEDS, self.indicators.wavelengths_nm, strict=True)
        )
        ledger = RigLedger(data_directory, wavelengths_nm, cell)
        self.led_pair.cell_light.ledger = ledger
        return ledger

    @property
    def keeps_real_time(self) -> bool:
        """Whether its trials take their time, as those of instruments do."""
        return self.bench is None or self.bench.pace.real_time

    def check(self, trials: Sequence[Trial]) -> list[Trial]:
        """Refuse trials that the rig cannot do, before anything is moved or lit.

        Returns
        -------
        list of Trial
            The trials as the rig does them: with `nearest_times`, times that it cannot produce
            are moved to the nearest that it can.

        Raises
        ------
        BadInputError
            With what is allowed.
        """
        if self.recorded_trials and len(trials) > len(self.recorded_trials):
            raise BadInputError(
                f"{self.name} replays {len(self.recorded_trials)} recordings and {len(trials)} "
                "trials are asked for; ask for fewer or name more files"
            )
        sample_rate_Hz = self.amplifier.backend.sample_rate_Hz
        done: list[Trial] = []
        for place, asked in enumerate(trials):
            trial = asked
            if self.nearest_times:
                trial = nearest_trial(asked, self.limits, sample_rate_Hz)
            check_trial(trial, self.limits, self.indicators)
            check_samples(trial, self.limits, sample_rate_Hz)
            if not self.recorded_trials:
                # A recording has the stimulus where it has it.
                check_baseline(trial)
            self.clock.backend.check(trial, place)
            done.append(trial)
        return done

    async def connect(self, *, mock: bool = False) -> None:
        """Connect all devices of the rig; in mock mode no instrument is touched."""
        for device in self.devices:
            await device.connect(mock=mock)
