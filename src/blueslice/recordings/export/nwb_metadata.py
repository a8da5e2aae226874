"""What NWB and DANDI want to know and no instrument tells: the animal and the experiment."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import Field, StrictStr, model_validator

from blueslice._data import Data
from blueslice._numbers import Real

__all__ = ["UNKNOWN_AGE", "UNKNOWN_SPECIES", "NwbMetadata"]

UNKNOWN_SPECIES = "http://purl.obolibrary.org/obo/NCBITaxon_32644"
"""NCBI's taxon "unidentified": what the inspector accepts where nobody has told the species."""

UNKNOWN_AGE = "P0D/"
"""From 0 days on, without an upper bound: what DANDI accepts for an age that is not known."""

_SPECIES = r"([A-Z][a-z]* [a-z]+)|(http://purl.obolibrary.org/obo/NCBITaxon_\d+)"
_AGE = r"P(?!$)(\d+(\.\d+)?Y)?(\d+(\.\d+)?M)?(\d+(\.\d+)?W)?(\d+(\.\d+)?D)?"
_MOUSE = ("Mus musculus", "http://purl.obolibrary.org/obo/NCBITaxon_10090")


class NwbMetadata(Data):
    """The animal and the experiment, for NWB.

    Parameters
    ----------
    species : str
        Latin, such as ``"Mus musculus"``, or the address of an NCBI taxon.
    sex : "M", "F", "O" or "U"
        Male, female, other, unknown.
    age : str
        ISO 8601, such as ``"P25D"`` for 25 days, or a range ``"P20D/P30D"``.
    subject_id, strain, genotype : str
        By default the run's ``animal``; else not told.
    date_of_birth : datetime or None
        With or instead of the age.
    weight_g : float or None
        Of the animal, in g.
    session_description, experiment_description : str
        By default made of the protocol.
    institution, lab, experimenter : str
        Where, and who as ``"Ross, William N."``; by default the run's ``operator``.
    keywords : tuple of str
        Terms to search for.
    location : str
        Of the cell; for a mouse a name or acronym of the Allen atlas, such as ``"CA1"``.
    emission_wavelength_nm : float or None
        Middle of the emission filter's band.
    slices : str
        How the slices were made.

    Raises
    ------
    BadInputError
        When a value is not allowed.
    """

    species: StrictStr = UNKNOWN_SPECIES
    sex: Literal["M", "F", "O", "U"] = "U"
    age: StrictStr = ""
    subject_id: StrictStr = ""
    strain: StrictStr = ""
    genotype: StrictStr = ""
    date_of_birth: datetime | None = None
    weight_g: Real | None = Field(default=None, gt=0, le=1e6)
    session_description: StrictStr = ""
    experiment_description: StrictStr = ""
    institution: StrictStr = ""
    lab: StrictStr = ""
    experimenter: StrictStr = ""
    keywords: tuple[StrictStr, ...] = ()
    location: StrictStr = ""
    emission_wavelength_nm: Real | None = Field(default=None, ge=200, le=2000)
    slices: StrictStr = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not re.fullmatch(_SPECIES, self.species):
            raise ValueError(
                f'species = {self.species!r}: give the Latin name, such as "Mus musculus", or an '
                "address such as http://purl.obolibrary.org/obo/NCBITaxon_10090"
            )
        bounds = self.age.split("/")
        if self.age and not (
            re.fullmatch(_AGE, bounds[0])
            and (len(bounds) == 1 or (len(bounds) == 2 and re.fullmatch(f"({_AGE})?", bounds[1])))
        ):
            raise ValueError(f'age = {self.age!r}: give it as "P25D", or a range as "P20D/P30D"')
        if "/" in self.subject_id or "\\" in self.subject_id:
            raise ValueError(f"subject_id = {self.subject_id!r}: slashes cannot be in it")
        return self

    def of_run(self, start: Mapping[str, Any]) -> Self:
        """Return it with what the run's start document tells where this does not."""
        told = {
            "subject_id": str(start.get("animal", "")).translate({47: "-", 92: "-"}),
            "experimenter": str(start.get("operator", "")),
            "slices": str(start.get("slice", "")),
        }
        return self.replace(**{name: getattr(self, name) or text for name, text in told.items()})

    def unknown(self) -> tuple[str, ...]:
        """Return what the file needs and nobody has told, so that it says "unknown"."""
        missing = {
            "species": self.species == UNKNOWN_SPECIES,
            "sex": self.sex == "U",
            "age": not self.age and self.date_of_birth is None,
            "subject_id": not self.subject_id,
            "location": not self.location,
        }
        return tuple(name for name, is_missing in missing.items() if is_missing)

    @property
    def location_or_unknown(self) -> str:
        """The location; where it is not known the whole brain, in the words that are asked for."""
        # The inspector wants a term of the atlas for a mouse; "root" is all of it.
        return self.location or ("root" if self.species in _MOUSE else "unknown")
