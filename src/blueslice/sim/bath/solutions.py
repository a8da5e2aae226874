"""What can be let into the bath: ACSF with and without drugs, and calibration solutions."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, field_validator

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.errors import BadInputError
from blueslice.sim.bath.drugs import drug_named

__all__ = ["ACSF", "SOLUTIONS", "Solution", "calibration"]

# 124 NaCl, 1.25 NaH2PO4 and 26 NaHCO3 (Miyazaki & Ross 2017, Materials and Methods).
ACSF_SODIUM_MM = 151.25
# What distilled water and salts leave in a solution to which no magnesium is added.
RESIDUAL_MAGNESIUM_MM = 0.04
# Na and K together in the calibration solutions (ibid.).
CALIBRATION_CATIONS_MM = 170.0
# The paper's text names 0 and 100 of its series; the others spread over Kd of SBFI and ANG-2.
CALIBRATION_SODIUM_MM = (0.0, 10.0, 20.0, 40.0, 70.0, 100.0, 130.0, 170.0)


class Solution(Data):
    """A solution, as it is in its bottle.

    Parameters
    ----------
    name : str
        What the perfusion is told.
    magnesium_mM, calcium_mM, sodium_mM : float
        Free ions in mM.
    drugs_uM : mapping of str to float
        Concentration of each drug in uM, by its name in `blueslice.sim.bath.DRUGS`.
    ionophores : bool
        Whether it makes the membrane permeable to sodium (gramicidin D and monensin) and stops
        the pump (ouabain), so that sodium inside follows sodium outside.

    Raises
    ------
    BadInputError
        When a value is not allowed or a drug is unknown.
    """

    name: str = Field(min_length=1)
    magnesium_mM: Real = Field(ge=0)
    calcium_mM: Real = Field(ge=0)
    sodium_mM: Real = Field(ge=0)
    drugs_uM: Mapping[str, Annotated[Real, Field(gt=0)]] = Field(default_factory=dict)
    ionophores: bool = False

    @field_validator("drugs_uM")
    @classmethod
    def _known(cls, drugs_uM: Mapping[str, float]) -> Mapping[str, float]:
        for name in drugs_uM:
            drug_named(name)
        return drugs_uM

    def with_drugs(self, drugs_uM: Mapping[str, float]) -> Self:
        """Return this solution with drugs added, named after them: ``ACSF + 1 uM TTX``.

        Raises
        ------
        BadInputError
            When a drug is unknown or a concentration is not above 0.
        """
        added = self.replace(drugs_uM={**self.drugs_uM, **drugs_uM})
        parts = [f"{added.drugs_uM[drug]:g} uM {drug}" for drug in drugs_uM]
        return added.replace(name=" + ".join([self.name, *parts]))


def _acsf(name: str, magnesium_mM: float) -> Solution:
    return Solution(name=name, magnesium_mM=magnesium_mM, calcium_mM=2.0, sodium_mM=ACSF_SODIUM_MM)


def calibration(sodium_mM: float) -> Solution:
    """Return a calibration solution (Miyazaki & Ross 2017, Fig 5), named after its sodium.

    Parameters
    ----------
    sodium_mM : float
        0 to 170 mM; potassium makes up the rest. Calcium and magnesium are not added.

    Raises
    ------
    BadInputError
        When the sodium is outside that range.
    """
    if not 0 <= sodium_mM <= CALIBRATION_CATIONS_MM:
        raise BadInputError(
            f"sodium_mM = {sodium_mM!r}: sodium and potassium of a calibration solution are "
            f"{CALIBRATION_CATIONS_MM:g} mM together; give 0 to {CALIBRATION_CATIONS_MM:g}"
        )
    return Solution(
        name=f"calibration {sodium_mM:g} mM Na",
        magnesium_mM=0.0,
        calcium_mM=0.0,
        sodium_mM=sodium_mM,
        ionophores=True,
    )


ACSF = _acsf("ACSF", 2.0)
_ACSF_1_MG = _acsf("1 Mg ACSF", 1.0)
_ACSF_0_MG = _acsf("0 Mg ACSF", RESIDUAL_MAGNESIUM_MM)

SOLUTIONS = (
    ACSF,
    _ACSF_1_MG,
    _ACSF_0_MG,
    ACSF.with_drugs({"TTX": 1.0}),
    ACSF.with_drugs({"CNQX": 5.0}),
    ACSF.with_drugs({"CPP": 10.0}),
    _ACSF_1_MG.with_drugs({"CNQX": 5.0}),
    _ACSF_1_MG.with_drugs({"CPP": 10.0}),
    _ACSF_1_MG.with_drugs({"CNQX": 5.0, "CPP": 10.0}),
    _ACSF_0_MG.with_drugs({"CNQX": 5.0}),
    _ACSF_0_MG.with_drugs({"CPP": 10.0}),
    *(calibration(sodium_mM) for sodium_mM in CALIBRATION_SODIUM_MM),
)
"""The bottles on the simulated rig, of which the first flows until another is chosen."""
