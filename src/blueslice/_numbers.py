"""Numbers as users give them: real ones, never a truth value or a text that looks like one."""

import numbers
import reprlib
from typing import Annotated, Any

from pydantic import BeforeValidator

__all__ = ["Real", "Whole"]


def _to_real(value: Any) -> float:
    # pydantic alone would take True for 1.0 and "500" for 500.0; numpy scalars are welcome.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"is {reprlib.repr(value)}; give a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("is too large for a number of any instrument") from None


def _to_whole(value: Any) -> int:
    real = _to_real(value)
    if not real.is_integer():
        raise ValueError(f"is {value}; give a whole number")
    return int(value)


Real = Annotated[float, BeforeValidator(_to_real)]
"""A float; integers and numpy numbers are taken, truth values and texts refused."""

Whole = Annotated[int, BeforeValidator(_to_whole)]
"""An int; floats without a fraction and numpy integers are taken, all else refused."""
