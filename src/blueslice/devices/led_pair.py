"""The two excitation LEDs, gated from frame to frame by the trial clock."""

import logging
from typing import Any, Literal

from ophyd_async.core import (
    AsyncStatus,
    StandardReadable,
    soft_signal_rw,
)

from blueslice.devices._answer import NoAnswerError, one_line, stop_limit_s
from blueslice.devices._asked_signals import AskedSignals
from blueslice.devices._cut_off_light import CutOffLight
from blueslice.devices._failed_reading import FailsLater
from blueslice.devices._instrument import ConnectsBackend, Turns
from blueslice.devices.backends import LedPairBackend
from blueslice.devices.cell_light import CellLight
from blueslice.devices.light_ledger import LightLedger
from blueslice.devices.mock_backends import MockLedPair
from blueslice.errors import BadInputError, InstrumentError, StillOnError
from blueslice.trial import LEDS, Trial

__all__ = ["LedPair"]

logger = logging.getLogger(__name__)


class LedPair(FailsLater, ConnectsBackend, StandardReadable):
    """Two LEDs of which at most one is on at a time, and none outside a trial.

    ``prepare(trial)`` loads the trial's excitation order, and the clock then gates the LEDs.
    ``set("dark")`` is the only other thing one can ask for: both off, program forgotten. The
    RunEngine's own stop and pause do the same. When the LEDs do not answer then, the error says
    that light may still be on.

    Reads as ``<name>-led_1_light_s`` and ``<name>-led_2_light_s``: how long each LED was on in the
    trial, in s, and ``<name>-light_measured``: whether the LEDs told it. When they did not, the
    planned light is given, so that the trial can be noted; ``trigger()`` then fails. Light of a
    trial that was cut off, and is never read, is in `cut_off`; a plan that has saved what it read
    sets `light_noted`.

    All light is entered in the ledger of `cell_light`, whatever plan asks for it: what a trial is
    planned to give when it is prepared, and corrected to what it gave when the LEDs have told it.
    More than is left of the cell's budget is refused.

    Parameters
    ----------
    backend : LedPairBackend
        The instrument.
    name : str
        The device's name.
    ledger : LightLedger, optional
        Where its light is entered; by default one that forgets it with this process.
    """

    _make_mock = MockLedPair

    def __init__(
        self, backend: LedPairBackend, name: str = "", *, ledger: LightLedger | None = None
    ) -> None:
        self.backend: LedPairBackend = backend
        self._turns = Turns(self)
        self._prepared: Trial | None = None
        self._unread: Trial | None = None
        self._is_loaded = self._is_started = False
        # Of the present program: light that earlier entries of the ledger have.
        self._settled_s = (0.0, 0.0)
        self._asked = AskedSignals(self._ask)
        with self.add_children_as_readables():
            self.led_1_light_s, self._set_led_1 = self._asked.signal(float, units="s")
            self.led_2_light_s, self._set_led_2 = self._asked.signal(float, units="s")
            self.light_measured, self._set_measured = self._asked.signal(bool, True)
        self.light_noted = soft_signal_rw(bool, True)
        self.cut_off = CutOffLight(self._take_unread)
        self.cell_light = CellLight(ledger)
        super().__init__(name=name)

    @AsyncStatus.wrap
    async def prepare(self, value: Trial) -> None:
        """Be ready to light the frames of this trial.

        Raises
        ------
        BadInputError
            When the cell may not get so much light; nothing is loaded then.
        """
        # A stop that comes while the ledger is written must keep the LEDs from being loaded.
        stops = self._turns.begin()
        # The instrument forgets what it gave before: a pause has cut that trial off.
        self.cut_off.add(await self._take_unread())
        # With what is approved next: a flush of the disk less in every trial.
        await self._settle(at_once=False)
        self._is_loaded = False
        # In the ledger before it can be given.
        if not self.is_mock:
            await self.cell_light.approve(value.light_s)
        self._prepared, self._failure = value, None

        def program() -> None:
            self.backend.program(value.frame_count, value.excitation_order, value.exposure_s)
            # Not before: a program that was not loaded has no light.
            self._unread, self._is_loaded, self._is_started = value, True, False
            self._settled_s = (0.0, 0.0)

        try:
            await self._turns.command("to be ready for a trial", program, stops=stops)
        except NoAnswerError:
            raise  # it may be loaded all the same: what was approved counts
        except Exception:
            await self.cell_light.settle((0.0, 0.0), last=True)
            raise
        if self._is_loaded:
            await self.light_noted.set(False)
        else:
            await self.cell_light.settle((0.0, 0.0), last=True)

    async def approve_start(self, trial: Trial) -> None:
        """Enter the light of a start of the clock, unless `prepare` has entered it.

        The LEDs keep their program until they go dark: a clock that is started again, or for more
        frames than they were prepared for, lights them again.

        Parameters
        ----------
        trial : Trial
            What the clock is about to play; the LEDs follow their own program.

        Raises
        ------
        BadInputError
            When the cell may not get so much light; the clock must not start then.
        """
        program = self._prepared
        if self.is_mock or not self._is_loaded or program is None:
            return
        is_entered = not self._is_started and trial.frame_count <= program.frame_count
        self._is_started = True
        if is_entered:
            return
        await self._settle(at_once=False)
        order = program.excitation_order
        lit_s: dict[int, float] = dict.fromkeys(LEDS, 0.0)
        for frame in range(trial.frame_count):
            if led := order[frame % len(order)]:
                lit_s[led] += program.exposure_s
        await self.cell_light.approve(lit_s)

    @AsyncStatus.wrap
    async def set(self, value: Literal["dark"]) -> None:
        """Switch both LEDs off and forget the program."""
        if value != "dark":
            raise BadInputError(
                f"{self.name} cannot be set to {value!r}, only to 'dark': light is on during "
                "trials alone; use prepare(trial) and the trial clock"
            )
        await self._go_dark()

    async def stop(self, success: bool = True) -> None:
        """Go dark."""
        await self._go_dark()

    async def pause(self) -> None:
        """Go dark."""
        await self._go_dark()

    async def resume(self) -> None:
        """Do nothing: the plan prepares the LEDs again."""

    async def _go_dark(self) -> None:
        try:
            await self._turns.stop("to go dark", self.backend.off)
        except Exception as error:
            raise StillOnError(
                f"light of {self.name} may still be on: switch off the LED driver's power by hand "
                f"({one_line(error)})"
            ) from error
        await self._settle()
        self._is_loaded = False

    async def _settle(self, *, at_once: bool = True) -> None:
        """Have the ledger know what the trial gave that was loaded last; nothing comes any more.

        When the LEDs do not tell, what was approved counts as given.
        """
        if not self.cell_light.has_entry or not self._is_loaded:
            return
        asked, limit_s = "how long it was lit", stop_limit_s()
        try:
            light_s = await self._turns.question(asked, self.backend.light_s, limit_s=limit_s)
        except Exception as error:
            logger.warning(
                "%s did not tell how long it was lit, so the planned light counts (%s)",
                self.name,
                one_line(error),
            )
            self.cell_light.close_entry()
        else:
            await self.cell_light.settle(self._since_settled(light_s), last=True, at_once=at_once)
            self._settled_s = light_s

    def _since_settled(self, light_s: tuple[float, float]) -> tuple[float, float]:
        return light_s[0] - self._settled_s[0], light_s[1] - self._settled_s[1]

    async def read(self) -> dict[str, Any]:
        """Ask the LEDs how long they were on, and return it.

        Raises
        ------
        Exception
            What the LEDs fail with when no trial was prepared, whose light could stand for theirs.
        """
        if self.is_mock:
            return await self._asked.read(super().read)
        try:
            light_s = await self._light_s()
            measured = True
            if self._is_loaded:
                await self.cell_light.settle(self._since_settled(light_s))
        except Exception as error:
            if self._prepared is None:
                raise
            # The trial is over and its data are there: it must not be lost for its light.
            planned_s = self._prepared.light_s
            light_s, measured = (planned_s[1], planned_s[2]), False
            self._failure = InstrumentError(
                f"{self.name} did not tell how long it was lit in the last trial, for which the "
                f"planned light is noted ({one_line(error)})"
            )
        self._show(light_s, measured)
        return await self._asked.read(super().read)

    async def _ask(self) -> None:
        """Show what the LEDs tell, also within a trial; the ledger learns it at the trial's end."""
        if not self.is_mock:
            self._show(await self._light_s(), True)

    async def _light_s(self) -> tuple[float, float]:
        return await self._turns.question("how long it was lit", self.backend.light_s)

    def _show(self, light_s: tuple[float, float], is_measured: bool) -> None:
        self._set_led_1(light_s[0])
        self._set_led_2(light_s[1])
        self._set_measured(is_measured)

    async def _take_unread(self) -> tuple[float, float]:
        """Return, once, how long the LEDs were on in a trial that nobody has noted."""
        trial, self._unread = self._unread, None
        if trial is None or await self.light_noted.get_value():
            return 0.0, 0.0
        try:
            return await self._light_s()
        except Exception:
            # Rather too much than too little: what it does not tell counts as it was planned.
            light_s = trial.light_s
            return light_s[1], light_s[2]
