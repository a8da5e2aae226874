"""The plans that a protocol file may name, and their arguments as plain data."""

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from bluesky.utils import MsgGenerator
from pydantic import BaseModel, ConfigDict, StrictBool, StrictStr, ValidationError, create_model

from blueslice import plans
from blueslice._data import describe_validation_error
from blueslice._key_names import nearest, refuse_unknown_keys
from blueslice._numbers import Real, Whole
from blueslice.errors import BadInputError

__all__ = ["check_arguments", "protocol_plans"]

# The rig is given by the command; metadata stand in a table of their own, for all steps.
_NOT_IN_FILES = ("rig", "md")


def protocol_plans() -> dict[str, Callable[..., MsgGenerator[Any]]]:
    """Return the plans that a file may name: those of `blueslice.plans` that take a rig.

    Returns
    -------
    dict of str to callable
        The plan's name, and the function that makes it from a rig and keyword arguments.
    """
    public = {name: getattr(plans, name) for name in plans.__all__}
    return {name: plan for name, plan in public.items() if _is_plan(plan)}


def _is_plan(what: object) -> bool:
    if not inspect.isfunction(what) or not inspect.isgeneratorfunction(inspect.unwrap(what)):
        return False
    return next(iter(inspect.signature(what).parameters), None) == "rig"


def check_arguments(where: str, plan: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Check a plan's arguments against its signature.

    Parameters
    ----------
    where : str
        What is said first in an error, such as ``fig3.toml: step 2``.
    plan : str
        Name of a plan; see `protocol_plans`.
    arguments : mapping of str to object
        Its keyword arguments: numbers, texts, lists and tables.

    Returns
    -------
    dict of str to object
        The arguments as the plan takes them. Whether their values make sense together is for the
        plan itself to say.

    Raises
    ------
    BadInputError
        For a plan or a key that is not there, with the nearest that is, a value of another type,
        and a key that is missing.
    """
    known = protocol_plans()
    if plan not in known:
        raise BadInputError(
            f"{where}: plan = {plan!r}: there is no such plan; {nearest(plan, known)}"
        )
    where = f"{where} ({plan})"
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(known[plan]).parameters.items()
        if name not in _NOT_IN_FILES
    }
    refuse_unknown_keys(where, arguments, parameters)
    hints = typing.get_type_hints(inspect.unwrap(known[plan]), include_extras=True)
    for name, value in arguments.items():
        _refuse_unknown_within(f"{where}: {name}", hints.get(name, Any), value)
    fields: dict[str, Any] = {
        name: (_as_given(hints.get(name, Any)), ... if _is_required(parameter) else None)
        for name, parameter in parameters.items()
    }
    config = ConfigDict(extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)
    try:
        checked = create_model(plan, __config__=config, **fields).model_validate(dict(arguments))
    except ValidationError as error:
        raise BadInputError(describe_validation_error(where, error)) from None
    return {name: getattr(checked, name) for name in arguments}


def _is_required(parameter: inspect.Parameter) -> bool:
    return parameter.default is inspect.Parameter.empty


def _refuse_unknown_within(where: str, annotation: Any, value: object) -> None:
    """Refuse keys of tables that are read as data, such as the steps of a drug_wash."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        if isinstance(value, Mapping):
            refuse_unknown_keys(where, value, tuple(annotation.model_fields))
            for name, inner in value.items():
                _refuse_unknown_within(
                    f"{where}.{name}", annotation.model_fields[name].annotation, inner
                )
        return
    for part in get_args(annotation):
        if get_origin(annotation) in (Union, types.UnionType):
            _refuse_unknown_within(where, part, value)
        elif isinstance(value, list):
            for number, inner in enumerate(value, start=1):
                _refuse_unknown_within(f"{where} {number}", part, inner)


def _as_given(annotation: Any) -> Any:
    """Return the annotation with plain numbers, texts and truth values taken as they are given.

    pydantic alone would take "5" for 5 and true for 1.
    """
    plain = {float: Real, int: Whole, bool: StrictBool, str: StrictStr}
    # Not every annotation can be hashed.
    for kind, exact in plain.items():
        if annotation is kind:
            return exact
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is None or origin is Literal:
        return annotation
    if origin is Annotated:
        return Annotated[(_as_given(parts[0]), *parts[1:])]
    exact_parts = tuple(part if part is Ellipsis else _as_given(part) for part in parts)
    if origin in (Union, types.UnionType):
        return Union[exact_parts]  # noqa: UP007 - its parts are known at run time only
    return origin[exact_parts]
