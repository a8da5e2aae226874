"""What a recorded file cannot tell of its rig and its cell: a small TOML file."""

from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, StrictStr, field_validator, model_validator

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice._plain_files import parse_toml, read_text
from blueslice.analysis import Roi
from blueslice.clamp import Clamp
from blueslice.indicators import IndicatorPair, pair
from blueslice.recordings.channel_map import ChannelMap

__all__ = ["ImportDescription", "load_toml"]


class ImportDescription(Data):
    """What is known of the rig and the cell beside the file.

    Parameters
    ----------
    indicators : IndicatorPair or None
        The dyes; in the file a name such as ``"bis-fura-2+ANG-2"``, or a table for each LED.
        Needed for pictures.
    rig, operator, animal, slice, cell, notes : str
        As in a protocol file; left out where empty. Light of a recording that names its cell is
        in that cell's exposure ledger.
    phase : str
        Where in an experiment the recording stands.
    solution : str or None
        What flowed; None when that is not known.
    drug : str or None
        What was in the bath, ``""`` for none; None when that is not known.
    concentration_uM : float or None
        Of the drug, in uM.
    clamp : "current", "voltage" or None
        What the amplifier held; None when neither this nor the file tells.
    blank : bool
        Whether it was recorded without a stimulus.
    stimulus_uA : float or None
        Current of the stimulating electrode, in uA: no line tells it.
    pixel_size_um : float or None
        Edge of a pixel in the specimen, in um.
    channels : dict
        What differs from `DA_CHANNELS` or `TBN_CHANNELS` in a `ChannelMap`.
    rois : tuple of str
        Each ``name=y,x,height,width``; without, one is found on the response.
    taken_at : datetime or None
        When it was recorded, where the file does not say.
    time_zone : str or None
        In which the rig's clock ran, such as ``"America/New_York"``; by default that of this
        computer.

    Raises
    ------
    BadInputError
        When a value is not allowed.
    """

    indicators: IndicatorPair | None = None
    rig: StrictStr = "imported"
    operator: StrictStr = ""
    animal: StrictStr = ""
    slice: StrictStr = ""
    cell: StrictStr = ""
    notes: StrictStr = ""
    phase: StrictStr = ""
    solution: StrictStr | None = None
    drug: StrictStr | None = None
    concentration_uM: Real | None = Field(default=None, ge=0, le=1e6)
    clamp: Clamp | None = None
    blank: bool = Field(default=False, strict=True)
    stimulus_uA: Real | None = Field(default=None, ge=0, le=1e5)
    pixel_size_um: Real | None = Field(default=None, gt=0, le=1e4)
    channels: dict[str, Any] = Field(default_factory=dict)
    rois: tuple[str, ...] = ()
    taken_at: datetime | None = None
    time_zone: str | None = None

    @field_validator("indicators", mode="before")
    @classmethod
    def _find_pair(cls, value: Any) -> Any:
        return pair(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self) -> Self:
        ChannelMap(**self.channels)
        for text in self.rois:
            Roi.parse(text)
        if self.time_zone is not None and self.time_zone not in available_timezones():
            raise ValueError(
                f'time_zone = {self.time_zone!r} is unknown; give one such as "America/New_York"'
            )
        return self

    def channel_map(self, default: ChannelMap) -> ChannelMap:
        """Return the map of a kind of file, with what differs on this rig."""
        return default.replace(**self.channels)

    def parsed_rois(self) -> tuple[Roi, ...]:
        """Return the ROIs, which may be none."""
        return tuple(Roi.parse(text) for text in self.rois)

    def placed_in_time(self, recorded: datetime | None) -> datetime | None:
        """Return when it was recorded, with its zone; None where neither file nor user tell."""
        when = self.taken_at or recorded
        if when is None or when.tzinfo is not None:
            return when
        return (
            when.astimezone()
            if self.time_zone is None
            else when.replace(tzinfo=ZoneInfo(self.time_zone))
        )

    def given(self) -> dict[str, str]:
        """Return who and on what, as far as it is given."""
        names = ("operator", "animal", "slice", "cell", "notes")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


def load_toml(path: str | Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    BadInputError
        When it cannot be read or is no TOML.
    """
    return parse_toml(str(path), read_text(str(path), Path(path)))
