"""The base of everything that is plain data: frozen, checked, unknown keys refused."""

import reprlib
from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from blueslice.errors import BadInputError

__all__ = ["Data", "describe_validation_error"]

_MOST_PARTS = 5


def describe_validation_error(what: str, error: ValidationError) -> str:
    """Put a pydantic error into one line a user can act on.

    Parameters
    ----------
    what : str
        The name of the thing that was being read, for example ``Trial``.
    error : pydantic.ValidationError
        The error raised on it.

    Returns
    -------
    str
        ``Trial: frame_rate_Hz = -1: Input should be greater than 0; ...``, without line breaks,
        long values shortened, at most five faults told.
    """
    parts: list[str] = []
    for item in error.errors():
        place = ".".join(step for step in map(str, item["loc"]) if not _is_pydantics_own(step))
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            text = "there is no such key; remove it or correct its spelling"
        if not place:
            parts.append(text)
        elif item["type"] in ("missing", "extra_forbidden", "value_error"):
            parts.append(f"{place}: {text}")
        else:
            parts.append(f"{place} = {reprlib.repr(item['input'])}: {text}")
    left_out = len(parts) - _MOST_PARTS
    if left_out > 0:
        parts[_MOST_PARTS:] = [f"and {left_out} more"]
    # An input or a rule may itself hold line breaks: whoever reads a log reads one line.
    return " ".join(f"{what}: {'; '.join(parts)}".split())


def _is_pydantics_own(step: str) -> bool:
    # Which reading of several failed, such as function-after[check(), Gates]: no key of the user's.
    return "[" in step and step.endswith("]")


class Data(BaseModel):
    """A frozen pydantic model that refuses unknown keys, NaN and infinity.

    Raises
    ------
    BadInputError
        When a value is not allowed; the text names the field, the value and the rule.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            message = describe_validation_error(type(self).__name__, error)
            raise BadInputError(message) from None

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some fields changed, checked as a whole.

        Pydantic's own ``model_copy(update=...)`` checks nothing.

        Parameters
        ----------
        **changes
            New values by field name.

        Returns
        -------
        Data
            A new instance of the same class.

        Raises
        ------
        BadInputError
            When a field is unknown, a value is not allowed, or it does not fit the others.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**(fields | changes))

    def to_document(self) -> dict[str, Any]:
        """Return the values as plain JSON; `from_document` restores them exactly."""
        return self.model_dump(mode="json")

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Make what `to_document` described.

        Raises
        ------
        BadInputError
            When the document is no mapping, has an unknown key or a value not allowed.
        """
        if not isinstance(document, Mapping) or not all(isinstance(key, str) for key in document):
            raise BadInputError(
                f"{cls.__name__}: the document is a {type(document).__name__}; give the mapping "
                f"of names to values that {cls.__name__}.to_document() returns"
            )
        return cls(**document)
