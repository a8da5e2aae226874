"""The ledger that a rig carries: the light of each cell, kept in its data directory."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import chain, count

from blueslice._data_directory import DataDirectory
from blueslice._exposure_budget import ExposureBudget, refuse_excess
from blueslice._light_database import LightDatabase, light_database_of
from blueslice.ledger import add_light, read_cell

__all__ = ["RigLedger"]


class RigLedger:
    """Counts the light that a rig gives, under any RunEngine and any plan.

    Parameters
    ----------
    data_directory : DataDirectory
        Where it is kept; nothing is made there before the first light.
    wavelengths_nm : mapping of int to float
        Of each LED.
    cell : str
        The cell under the light; by default a new one, named by the time of its first light.
    budget : ExposureBudget, optional
        Of each cell.
    now_s : callable
        Gives the time in s since 1970.

    Attributes
    ----------
    run : str
        Uid of the run that is open, for light of which no plan says in which run it is given.
    """

    is_kept = True

    def __init__(
        self,
        data_directory: DataDirectory,
        wavelengths_nm: Mapping[int, float],
        cell: str = "",
        budget: ExposureBudget | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self.data_directory = data_directory
        self.budget = budget or ExposureBudget()
        self.run = ""
        self._cell = cell
        self._wavelengths_nm = dict(wavelengths_nm)
        self._now_s = now_s
        self._database = LightDatabase(light_database_of(data_directory.path))
        self._used_s: dict[str, float] = {}
        self._allowed: set[str] = set()
        self._entries: dict[int, tuple[str, float]] = {}
        # Held for a sum only: what is settled comes from another thread than what is approved.
        self._sums = threading.Lock()

    @property
    def cell(self) -> str:
        """The cell under the light."""
        if not self._cell:
            self._cell = self.new_cell_name(datetime.fromtimestamp(self._now_s()))
        return self._cell

    @cell.setter
    def cell(self, cell: str) -> None:
        self._cell = cell

    def used_s(self, cell: str) -> float:
        """Return the light that a cell has had, of all LEDs together, in s."""
        if cell not in self._used_s:
            self._used_s[cell] = read_cell(self.data_directory.journal, cell).total_s
        return self._used_s[cell]

    def new_cell_name(self, when: datetime) -> str:
        """Name a cell by the time; a second one of the same second is another cell.

        Parameters
        ----------
        when : datetime
            When it was patched.

        Returns
        -------
        str
            The name of a cell that has had no light.
        """
        first = f"{when:%Y-%m-%d-%H%M%S}"
        names = chain([first], (f"{first}-{k}" for k in count(2)))
        # Light of this second is in the database; there is no need to look into all journals.
        name = next(name for name in names if not self._database.read(name))
        self._used_s.setdefault(name, 0.0)
        return name

    def allow(self, cell: str) -> None:
        """Let this cell get more light than its budget."""
        self._allowed.add(cell)

    def is_allowed(self, cell: str) -> bool:
        """Tell whether this cell may get more light than its budget."""
        return cell in self._allowed

    def approve(self, planned_s: Mapping[int, float], run: str = "") -> int:
        """Enter light that is about to be given; see `blueslice.devices.LightLedger`."""
        cell, total_s = self.cell, sum(planned_s.values())
        used_s = self.used_s(cell)
        if not self.is_allowed(cell):
            refuse_excess(cell, used_s, total_s, self.budget)
        light_s = self._by_wavelength(planned_s)
        entry = self._database.add(cell, run or self.run, self._now_s(), light_s)
        with self._sums:
            self._used_s[cell] += total_s
            self._entries[entry] = (cell, total_s)
        return entry

    def settle(self, entry: int, given_s: Mapping[int, float]) -> None:
        """Correct an entry to the light that was really given."""
        total_s = sum(given_s.values())
        self._database.correct(entry, self._by_wavelength(given_s))
        with self._sums:
            cell, before_s = self._entries[entry]
            self._entries[entry] = (cell, total_s)
            self._used_s[cell] += total_s - before_s

    def flush(self) -> None:
        """Keep what was settled."""
        self._database.flush()

    def close(self) -> None:
        """Keep what was settled and close the file; it is opened again when it is needed."""
        self._database.close()

    def _by_wavelength(self, light_s: Mapping[int, float]) -> dict[float, float]:
        # Two LEDs may have one wavelength.
        return add_light(
            [{self._wavelengths_nm.get(led, float(led)): s} for led, s in light_s.items()]
        )
