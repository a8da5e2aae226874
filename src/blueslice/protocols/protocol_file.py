"""The protocol file: steps and metadata in TOML or YAML."""

from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from pydantic import Field, StrictStr
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from blueslice._data import Data
from blueslice._exact_metadata import check_text, check_texts
from blueslice._key_names import refuse_unknown_keys
from blueslice._numbers import Real
from blueslice._plain_files import parse_toml, read_text, shortened
from blueslice.errors import BadInputError
from blueslice.protocols.plan_arguments import check_arguments

__all__ = ["Protocol", "ProtocolMetadata", "ProtocolStep", "load_protocol"]

# Brackets within brackets; a protocol has three or four.
_DEEPEST = 50


class ProtocolMetadata(Data):
    """Who, and on what: goes into the start document of every run.

    Parameters
    ----------
    operator, animal, slice, cell, notes : str
        Left out where empty. Runs that name the same cell share its exposure budget.
    """

    operator: StrictStr = ""
    animal: StrictStr = ""
    slice: StrictStr = ""
    cell: StrictStr = ""
    notes: StrictStr = ""

    def given(self) -> dict[str, str]:
        """Return what is not empty."""
        return {name: value for name, value in self.model_dump().items() if value}


class ProtocolStep(Data):
    """One plan of a protocol.

    Parameters
    ----------
    plan : str
        Name of a plan of `blueslice.plans`.
    wait_before_s : float
        Rest before it, counted from the end of the step before, in s; 0 to 86400.
    arguments : dict
        The plan's keyword arguments. In a file they stand beside ``plan``.
    """

    plan: StrictStr
    wait_before_s: Real = Field(default=0.0, ge=0, le=86_400)
    arguments: dict[str, Any] = Field(default_factory=dict)


class Protocol(Data):
    """What a protocol file says.

    Parameters
    ----------
    name : str
        What is said of it in errors and in the runs; by default the file's name.
    title : str
        For people.
    exposure_budget_s : float or None
        Light of both LEDs together that the cell may get, in s; by default that of the session.
    metadata : ProtocolMetadata
        Goes into each run.
    steps : tuple of ProtocolStep
        At least one.
    """

    name: str = Field(default="protocol", min_length=1)
    title: StrictStr = ""
    exposure_budget_s: Real | None = Field(default=None, gt=0, le=1e6)
    metadata: ProtocolMetadata = Field(default_factory=ProtocolMetadata)
    steps: tuple[ProtocolStep, ...] = Field(min_length=1)


_FILE_KEYS = ("title", "exposure_budget_s", "metadata", "steps")


def load_protocol(path: str | Path) -> Protocol:
    """Read a protocol file and check each step against its plan's signature.

    Parameters
    ----------
    path : path
        ``.toml``, ``.yaml`` or ``.yml``. It is data: it can name plans of `blueslice.plans`, no
        other code.

    Raises
    ------
    BadInputError
        When the file cannot be read, or has a plan, a key or a value that is not allowed; one
        line with the file, the step and the key.
    """
    path = Path(path)
    # It stands in each run's start document.
    check_text("the name of the protocol file", path.name)
    values = _read(path)
    name = path.name
    check_texts(name, values)
    if not isinstance(values, dict):
        raise BadInputError(f"{name}: there are no steps; write [[steps]] and plan = ... for each")
    refuse_unknown_keys(name, values, _FILE_KEYS)
    metadata = values.get("metadata", {})
    if isinstance(metadata, dict):
        refuse_unknown_keys(f"{name}: metadata", metadata, tuple(ProtocolMetadata.model_fields))
    given = values.get("steps", [])
    if not isinstance(given, list) or not given:
        raise BadInputError(f"{name}: there are no steps; write [[steps]] and plan = ... for each")
    steps = [_read_step(f"{name}: step {k}", step) for k, step in enumerate(given, start=1)]
    try:
        return Protocol(**{**values, "name": name, "steps": steps})
    except BadInputError as error:
        told = str(error).removeprefix("Protocol: ").replace("ProtocolMetadata: ", "")
        raise BadInputError(f"{name}: {told}") from None


def _read_step(where: str, step: object) -> ProtocolStep:
    if not isinstance(step, Mapping) or not isinstance(plan := step.get("plan"), str):
        raise BadInputError(f'{where}: there is no plan; give one, such as plan = "two_pulse"')
    own = {key: value for key, value in step.items() if key in ("plan", "wait_before_s")}
    others = {key: value for key, value in step.items() if key not in own}
    arguments = check_arguments(where, plan, others)
    try:
        return ProtocolStep(**own, arguments=arguments)
    except BadInputError as error:
        told = str(error).removeprefix("ProtocolStep: ")
        raise BadInputError(f"{where} ({plan}): {told}") from None


def _read(path: Path) -> object:
    kind = path.suffix.lower()
    if kind not in (".toml", ".yaml", ".yml"):
        raise BadInputError(
            f"the protocol file {path} is of a kind that is not known; give .toml or .yaml"
        )
    text = read_text(f"the protocol file {path}", path)
    return parse_toml(path.name, text) if kind == ".toml" else _parse_yaml(path, text)


def _parse_yaml(path: Path, text: str) -> object:
    if _bracket_depth(text) > _DEEPEST:
        # The parser's time grows with the square of the depth, up to many seconds.
        raise BadInputError(f"{path.name} is nested too deeply; a protocol is not")
    try:
        # The safe loader makes plain data only. YAML 1.2: 5e-3 is a number, no is a text.
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        reason, line = str(error), 0
        if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
            reason, line = error.problem or reason, error.problem_mark.line + 1
        place = f" (at line {line})" if line else ""
        told = shortened(reason)
        raise BadInputError(f"{path.name} is not plain YAML: {told}{place}; correct it") from None
    except (ValueError, TypeError, AttributeError) as error:
        # A date of the 45th, a number of thousands of digits, a tag on what it does not fit.
        told = shortened(str(error)) or type(error).__name__
        raise BadInputError(f"{path.name} is not plain YAML: {told}; correct it") from None
    except RecursionError:
        raise BadInputError(f"{path.name} is nested too deeply; a protocol is not") from None


def _bracket_depth(text: str) -> int:
    """Tell how deep brackets are nested; those in texts and comments count, too."""
    depths = accumulate((char in "[{") - (char in "]}") for char in text if char in "[]{}")
    return max(depths, default=0)
