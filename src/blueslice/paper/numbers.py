"""The numbers of Miyazaki & Ross 2017, as data: what ours are held against."""

from typing import Literal

from pydantic import Field

from blueslice._data import Data

__all__ = ["FIGURES", "Mark", "PaperNumber"]

FIGURES = ("Methods", *(str(number) for number in range(1, 11)))
"""Where a number is told: the paper's Methods, or a figure with the text about it."""

Mark = Literal["inside", "outside", "inconsistent", "missing"]
"""How ours stands to the paper's."""


class PaperNumber(Data):
    """One number that the paper gives.

    Parameters
    ----------
    id : str
        Its name in the report's CSV.
    figure : str
        One of `FIGURES`.
    what : str
        What it is, in words.
    unit : str
        Its unit; empty for none.
    paper : float or None
        The paper's mean; None where the paper says it in words only.
    paper_sd : float or None
        Its SD (or SEM, where `says` tells so).
    says : str
        In the paper's words, where they say more than mean and SD.
    low, high : float or None
        Ours is inside from `low` to `high`. By default the mean +- SD; where the paper gives no
        SD these bounds say what its words were taken for.
    inconsistent : str
        Where the paper's own numbers disagree: how. Such a number is shown, never met.
    missing : str
        Where nothing here measures it: why.
    """

    id: str = Field(pattern=r"^[a-z0-9-]+$")
    figure: str
    what: str = Field(min_length=1)
    unit: str = ""
    paper: float | None = None
    paper_sd: float | None = None
    says: str = ""
    low: float | None = None
    high: float | None = None
    inconsistent: str = ""
    missing: str = ""

    @property
    def bounds(self) -> tuple[float, float] | None:
        """From where to where ours is inside; None when nothing is measured."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        if self.paper is not None and self.paper_sd is not None:
            return self.paper - self.paper_sd, self.paper + self.paper_sd
        return None

    def mark(self, value: float | None) -> Mark:
        """Say how a measured value stands to the paper's; None or NaN is a missing one."""
        if value is None or value != value:
            return "missing"
        if self.inconsistent or self.bounds is None:
            return "inconsistent"
        low, high = self.bounds
        return "inside" if low <= value <= high else "outside"
