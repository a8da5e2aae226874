"""The patched cell of a session: its name in every run, and the light that it may get."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from bluesky import RunEngine

from blueslice._data_directory import DataDirectory
from blueslice._exact_metadata import check_text
from blueslice.errors import BadInputError
from blueslice.ledger import CellExposure, ExposureBudget, read_cell
from blueslice.ledger_guard import ExposureGuard
from blueslice.rig import Rig

__all__ = ["PatchedCell", "check_cell_name"]


class PatchedCell:
    """The part of `blueslice.session.Session` that knows the cell.

    Parameters
    ----------
    RE : bluesky.RunEngine
        Whose runs name the cell, and whose plans are kept from too much light.
    rig : Rig
        One that replays lights no cell: nothing is named or refused then.
    data_directory : DataDirectory
        Whose journals tell the light of earlier runs.
    budget : ExposureBudget
        Of each cell.
    now : callable
        Gives the local time, after which a new cell is named.
    """

    def __init__(
        self,
        RE: RunEngine,
        rig: Rig,
        data_directory: DataDirectory,
        budget: ExposureBudget,
        now: Callable[[], datetime],
    ) -> None:
        self.RE, self.rig, self.data_directory, self._now = RE, rig, data_directory, now
        self._guard: ExposureGuard | None = None
        if rig.recorded_trials:
            return
        ledger = rig.ledger
        if ledger is None or ledger.data_directory != data_directory:
            ledger = rig.keep_light_in(data_directory)
        ledger.budget = budget
        guard = ExposureGuard(rig.led_pair, ledger)
        validate = RE.md_validator

        def check(md: dict[str, Any]) -> None:
            validate(md)
            guard.check_start(md)

        # The one place where the RunEngine has put all of a run's metadata together.
        RE.md_validator = check
        RE.preprocessors.append(guard.watch)
        RE.subscribe(self._note_run)
        self._guard = guard

    def _note_run(self, name: str, doc: dict[str, Any]) -> None:
        """Tell the ledger in which run light is given."""
        if self._guard is None:
            return
        ledger = self._guard.ledger
        if name == "start":
            ledger.run = doc["uid"]
        elif name == "stop":
            ledger.run = ""
            # A run may have named another cell than the session's.
            ledger.cell = self.cell or ledger.cell

    @property
    def cell(self) -> str:
        """Name of the patched cell, which goes into each run; empty for a rig that replays."""
        return self.RE.md.get("cell", "")

    def new_cell(self, name: str | None = None) -> str:
        """Go on with another cell; return its name.

        Parameters
        ----------
        name : str, optional
            By default the present date and time. The name of an earlier cell goes on with it.

        Raises
        ------
        BadInputError
            When the name is empty, or the rig replays what was recorded.
        """
        check_cell_name(self.rig, name)
        if self._guard is None:
            raise BadInputError(f"{self.rig.name} replays recordings and lights no cell")
        ledger = self._guard.ledger
        cell = ledger.new_cell_name(self._now()) if name is None else name
        # Now, and not on the RunEngine's loop when the first run begins.
        ledger.used_s(cell)
        ledger.cell = cell
        self.RE.md["cell"] = cell
        return cell

    @property
    def exposure(self) -> CellExposure:
        """The light that the present cell has had, run by run."""
        return read_cell(self.data_directory.journal, self.cell)

    def allow_exposure(self) -> None:
        """Let the present cell get more light than its budget."""
        if self._guard is not None:
            self._guard.ledger.allow(self.cell)


def check_cell_name(rig: Rig, cell: str | None) -> None:
    """Refuse an empty name, one that cannot be encoded, and any name on a rig that replays.

    Raises
    ------
    BadInputError
        With what is allowed.
    """
    if cell is not None and not cell.strip():
        raise BadInputError(f"cell = {cell!r}: give the cell a name, such as c3")
    if cell is not None:
        check_text("cell", cell)
    if cell is not None and rig.recorded_trials:
        raise BadInputError(
            f"cell = {cell!r}: {rig.name} replays recordings and lights no cell; leave it out"
        )
