"""The base of everything that is plain data: frozen, checked, unknown keys refused."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from blueslice.errors import BadInputError

__all__ = ["Data", "describe_validation_error"]


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
        ``Trial: frame_rate_Hz = -1: Input should be greater than 0; ...``
    """
    parts: list[str] = []
    for item in error.errors():
        place = ".".join(str(step) for step in item["loc"])
        text = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            text = "there is no such key; remove it or correct its spelling"
        if not place:
            parts.append(text)
        elif item["type"] in ("missing", "extra_forbidden", "value_error"):
            parts.append(f"{place}: {text}")
        else:
            parts.append(f"{place} = {item['input']!r}: {text}")
    return f"{what}: " + "; ".join(parts)


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
