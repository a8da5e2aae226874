"""Which classes a rig file may name: those listed here, and those that the user lists."""

import importlib
import inspect
from collections.abc import Collection
from pathlib import Path
from typing import Any

import platformdirs

from blueslice.errors import BadInputError

__all__ = ["ALLOWED_DEVICES", "allowed_devices_file", "find_device_class"]

ALLOWED_DEVICES = frozenset(
    {
        "ophyd:EpicsMotor",
        "ophyd:EpicsSignal",
        "ophyd:EpicsSignalRO",
        "ophyd.sim:SynAxis",
        "ophyd_async.epics.motor:Motor",
        "ophyd_async.sim:SimMotor",
    }
)
"""``package.module:Class`` of those that every rig file may name."""

_MOST_CHARACTERS = 100_000


def allowed_devices_file() -> Path:
    """Return where this user lists further classes, one ``package.module:Class`` a line.

    Returns
    -------
    Path
        For example ``~/.config/blueslice/allowed-devices.txt`` on Linux; it need not exist.
    """
    folder = platformdirs.user_config_path("blueslice", appauthor=False)
    return folder / "allowed-devices.txt"


def find_device_class(place: str, allowed: Collection[str] = ()) -> Any:
    """Import a class that a rig file names, if that is allowed.

    A rig file may come from anybody, and importing a module runs it: nothing is imported for a
    name that neither blueslice nor this user has listed.

    Parameters
    ----------
    place : str
        ``package.module:Class``.
    allowed : collection of str
        Classes that are allowed beside `ALLOWED_DEVICES` and those of `allowed_devices_file`.

    Returns
    -------
    type
        The class.

    Raises
    ------
    BadInputError
        When it is not allowed, or is no class.
    Exception
        Whatever its module fails with.
    """
    if place not in ALLOWED_DEVICES and place not in allowed:
        file = allowed_devices_file()
        if place not in _listed(file):
            raise BadInputError(
                f"{place} is not allowed, for a rig file must not run code of its choice; if you "
                f"trust it, write it on a line of its own in {file}"
            )
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not inspect.isclass(found):
        raise BadInputError(f"{place} is no class; name one of ophyd or ophyd-async")
    return found


def _listed(file: Path) -> set[str]:
    try:
        with file.open(encoding="utf-8-sig") as lines:
            text = lines.read(_MOST_CHARACTERS)
    except FileNotFoundError:
        return set()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"the list of allowed devices {file} cannot be read ({error}); correct it"
        ) from None
    return {line.partition("#")[0].strip() for line in text.splitlines()}
