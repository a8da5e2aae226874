"""The perfusion as a plan sees it: the rig's, a classic Bluesky device, or a person."""

from collections.abc import Mapping
from typing import Any

import bluesky.plan_stubs as bps
from bluesky.utils import MsgGenerator

from blueslice.devices import Perfusion
from blueslice.errors import BadInputError
from blueslice.plans._pause import PauseRequest, pause_with_reason
from blueslice.plans._rig_protocol import PlannedRig

__all__ = ["Perfusing"]

# What is left of the old solution after so many time constants: 2 %.
_EXCHANGES = 4.0


class Perfusing:
    """Lets solutions flow.

    Parameters
    ----------
    rig : Rig
        The rig, whose perfusion it is unless another is named.
    device : device or str, optional
        Any Bluesky device that is set to the name of a solution and reads it back, or the name of
        one of the rig's extra devices.
    arrival_s : float, optional
        From the tap to the slice; by default from the device's own ``delay_s`` and ``exchange_s``.

    Raises
    ------
    BadInputError
        When the rig has no device of that name.
    """

    def __init__(self, rig: PlannedRig, device: Any, arrival_s: float | None) -> None:
        if isinstance(device, str):
            if device not in rig.extra:
                raise BadInputError(
                    f"perfusion = {device!r}: {rig.name} has no such device; its extra ones are "
                    f"{', '.join(rig.extra) or 'none'}"
                )
            device = rig.extra[device]
        self.device: Any = rig.perfusion if device is None else device
        self._of_rig = rig.perfusion
        self._arrival_s = arrival_s

    @property
    def devices(self) -> tuple[Any, ...]:
        """The device, where there is one."""
        return () if self.device is None else (self.device,)

    @property
    def is_asked(self) -> bool:
        """Whether the rig's own perfusion lets solutions in, which tells what flows."""
        return isinstance(self.device, Perfusion) and self.device is self._of_rig

    def check(
        self, solution: str, drugs_uM: Mapping[str, float] | None
    ) -> Mapping[str, float] | None:
        """Refuse a solution that is not there; return the drugs that are in it, in uM.

        None when nobody has said which.

        Raises
        ------
        BadInputError
            When there is no such solution, or other drugs are in it than is said.
        """
        if not isinstance(self.device, Perfusion):
            return drugs_uM
        self.device.check(solution)
        known = dict(self.device.backend.solutions[solution])
        if drugs_uM and dict(drugs_uM) != known:
            raise BadInputError(
                f"drugs_uM = {dict(drugs_uM)} is said of {solution!r}, in which "
                f"{self.device.name} has {known}; correct one of them"
            )
        return known

    def arrival_s(self) -> float:
        """Return how long a solution takes to the slice, in s.

        Raises
        ------
        BadInputError
            When nobody knows it.
        """
        if self._arrival_s is not None:
            return self._arrival_s
        if isinstance(self.device, Perfusion):
            backend = self.device.backend
            return backend.delay_s + _EXCHANGES * backend.exchange_s
        raise BadInputError(
            "wait = 'arrival' needs the time from the tap to the slice, which this perfusion does "
            "not tell; give arrival_s, or a time in s for each step's wait"
        )

    def too_short(self, name: str, given_s: float) -> str:
        """Say that a time is shorter than a solution takes to arrive; empty when it is not.

        Parameters
        ----------
        name : str
            What it is called, such as ``arrival_s``.
        given_s : float
            How long is waited, in s.
        """
        if not isinstance(self.device, Perfusion):
            return ""
        backend = self.device.backend
        needed_s = backend.delay_s + _EXCHANGES * backend.exchange_s
        if given_s >= needed_s:
            return ""
        return (
            f"{name} = {given_s:g} s is shorter than the {needed_s:g} s that {self.device.name} "
            f"needs ({backend.delay_s:g} s of dead volume and {_EXCHANGES:g} x "
            f"{backend.exchange_s:g} s of exchange): trials are taken in a mixture of solutions"
        )

    def flowing(self) -> MsgGenerator[str | None]:
        """Return what flows; None when nobody knows."""
        if self.device is None:
            return None
        reading = yield from bps.read(self.device)
        for key in (f"{self.device.name}-solution", self.device.name):
            if reading and key in reading:
                return str(reading[key]["value"])
        return None

    def let_in(self, solution: str, phase: str) -> MsgGenerator[None]:
        """Let a solution flow; where no device can, a pause asks the user to."""
        if self.device is None:
            yield from pause_with_reason(
                PauseRequest(
                    reason=f"before {phase!r}: let {solution!r} flow", go_on="goes on with it"
                )
            )
        else:
            yield from bps.checkpoint()
            yield from bps.abs_set(self.device, solution, wait=True)
        yield from bps.checkpoint()
