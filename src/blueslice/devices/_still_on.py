"""What is said of a light source, clock or stimulator that did not stop when it was told to."""

from collections.abc import Mapping

from blueslice.devices._answer import one_line
from blueslice.errors import StillOnError

__all__ = ["still_on"]

# By urgency: what may happen, and what to switch off.
_TEXTS: Mapping[int, str] = {
    StillOnError.LIGHT: (
        "light of {name} may still be on: switch off the LED driver's power by hand ({reason})"
    ),
    StillOnError.CLOCK: (
        "{name} may still run, and gate light and pulses: switch off the power of the trial clock, "
        "the LED driver and the stimulator by hand ({reason})"
    ),
    StillOnError.PULSES: (
        "{name} may still be armed, and give pulses: switch off the stimulator's power by hand "
        "({reason})"
    ),
}


def still_on(urgency: int, name: str, reason: BaseException | str) -> StillOnError:
    """Make the error of an instrument that may still be on.

    Parameters
    ----------
    urgency : int
        ``StillOnError.LIGHT``, ``CLOCK`` or ``PULSES``.
    name : str
        The device's name.
    reason : exception or str
        Why it is not known to be off.
    """
    text = reason if isinstance(reason, str) else one_line(reason)
    return StillOnError(_TEXTS[urgency].format(name=name, reason=text), urgency, name)
