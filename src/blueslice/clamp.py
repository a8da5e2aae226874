"""What a patch amplifier holds: the current (current clamp) or the potential (voltage clamp)."""

from typing import Literal, get_args

__all__ = ["CLAMPS", "UNKNOWN_CLAMP", "Clamp"]

Clamp = Literal["current", "voltage"]

CLAMPS: tuple[str, ...] = get_args(Clamp)

UNKNOWN_CLAMP = "unknown"
"""Where neither the amplifier nor a person has told which."""
