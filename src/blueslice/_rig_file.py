"""The rig file: a rig described in TOML."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from bluesky.protocols import Readable
from pydantic import Field, ValidationError, field_validator

from blueslice._allowed_devices import find_device_class
from blueslice._data import Data, describe_validation_error
from blueslice._data_directory import DataDirectory
from blueslice._plain_files import parse_toml, read_text, shortened
from blueslice._rig import Rig
from blueslice._virtual_rigs import DEFAULT_PAIR, Faults, make_replay_rig, make_sim_rig
from blueslice.errors import BadInputError

__all__ = ["DeviceEntry", "RigFile", "load_rig"]


class DeviceEntry(Data):
    """A further Bluesky device of a rig file.

    Attributes
    ----------
    device : str
        ``package.module:Class``, of ophyd or ophyd-async; only one that is allowed, see
        `blueslice.rig.ALLOWED_DEVICES`.
    arguments : dict
        Keyword arguments of the class beside ``name``.
    """

    device: str
    arguments: dict[str, Any] = Field(default_factory=dict)

    @field_validator("device")
    @classmethod
    def _check_place(cls, device: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", device):
            raise ValueError(f"{device!r} is not package.module:Class, such as ophyd.sim:SynAxis")
        return device


class RigFile(Data):
    """What a rig file (TOML) says.

    Attributes
    ----------
    name : str
        The rig's name.
    backend : "simulated" or "replay"
        Where its instruments are.
    seed : int
        Of a simulated rig.
    pace : "fast" or "real"
        Of a virtual rig.
    indicators : str
        Name of the indicator pair in the cell.
    rows, columns : int
        The picture of a simulated rig.
    pixel_size_um : float, optional
        Edge of a camera's pixel in the slice, in um, for scale bars and widths; a simulated rig
        knows its own.
    nearest_times : bool
        True to move a time that an instrument cannot produce to the nearest that it can.
    files : tuple of str
        Of a replay: the recordings, relative to the rig file.
    faults : Faults
        Of a virtual rig: what breaks, and when. ``[[faults.dropped_frame]]`` with
        ``trials = [2]`` loses a frame of the second trial of each run.
    devices : dict of str to DeviceEntry
        Further devices by name; one named ``stage_x`` or ``stage_y`` takes the place of the
        simulated rig's own.
    """

    name: str = Field(min_length=1)
    backend: Literal["simulated", "replay"] = "simulated"
    seed: int = Field(default=0, ge=0)
    pace: Literal["fast", "real"] = "real"
    indicators: str = DEFAULT_PAIR
    rows: int = Field(default=80, ge=24, le=8192)
    columns: int = Field(default=80, ge=24, le=8192)
    pixel_size_um: float | None = Field(default=None, gt=0, le=1000)
    nearest_times: bool = False
    files: tuple[str, ...] = ()
    faults: Faults = Field(default_factory=Faults)
    devices: dict[str, DeviceEntry] = Field(default_factory=dict)


def load_rig(
    path: str | Path,
    *,
    data_directory: DataDirectory | None = None,
    allowed_devices: Collection[str] = (),
) -> Rig:
    """Make the rig that a rig file describes.

    Parameters
    ----------
    path : path-like
        The file.
    data_directory : DataDirectory, optional
        Where raw files go; by default this user's data directory.
    allowed_devices : collection of str
        Classes (``package.module:Class``) that the file may name beside
        `blueslice.rig.ALLOWED_DEVICES` and those that the user has listed in
        `blueslice.rig.allowed_devices_file`.

    Raises
    ------
    BadInputError
        When the file cannot be read, is not TOML, or has a key or value that is not allowed.
    """
    path = Path(path)
    what = f"the rig file {path}"
    values = parse_toml(what, read_text(what, path))
    try:
        described = RigFile.model_validate(values)
    except ValidationError as error:
        raise BadInputError(describe_validation_error(str(path), error)) from None
    try:
        rig = _make_described(path.parent, described, data_directory)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None
    rig.name = described.name
    rig.nearest_times = described.nearest_times
    if described.pixel_size_um is not None:
        rig.pixel_size_um = described.pixel_size_um
    taken = {device.name for device in rig.devices} & described.devices.keys()
    if taken:
        raise BadInputError(
            f"{path}: devices.{min(taken)}: the rig has its own; choose another name"
        )
    rig.extra.update(_make_devices(path, described.devices, allowed_devices))
    return rig


def _make_described(folder: Path, described: RigFile, data_directory: DataDirectory | None) -> Rig:
    if described.backend == "replay":
        return make_replay_rig(
            [folder / file for file in described.files],
            data_directory=data_directory,
            pace=described.pace,
            indicators=described.indicators,
            faults=described.faults,
        )
    return make_sim_rig(
        described.seed,
        data_directory=data_directory,
        pace=described.pace,
        indicators=described.indicators,
        rows=described.rows,
        columns=described.columns,
        faults=described.faults,
    )


def _make_devices(
    path: Path, entries: Mapping[str, DeviceEntry], allowed: Collection[str]
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, entry in entries.items():
        try:
            made[name] = find_device_class(entry.device, allowed)(**entry.arguments, name=name)
        except Exception as error:
            # Of whatever kind: the class is somebody else's.
            reason = shortened(str(error)) or type(error).__name__
            raise BadInputError(
                f"{path}: the device {name!r} cannot be made from {entry.device} ({reason}); check "
                "the name of the class and its arguments"
            ) from None
        if not isinstance(made[name], Readable):
            raise BadInputError(
                f"{path}: the device {name!r} of {entry.device} is no Bluesky device that can be "
                "read; name a class of ophyd or ophyd-async"
            )
    return made
