"""What the bath, the pipette and damage make of the cell."""

from dataclasses import dataclass

from blueslice.sim.physiology.conductances import RESIDUAL_MAGNESIUM_MM

__all__ = ["Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """What the bath, the pipette and damage make of the cell.

    Attributes
    ----------
    ampa, nmda, sodium_channels : float
        Part of each that works.
    magnesium_mM : float
        Outside.
    can_spike : bool
        False with QX-314 in the pipette.
    response_factor : float
        Part of the responses that damage leaves.
    """

    ampa: float = 1.0
    nmda: float = 1.0
    sodium_channels: float = 1.0
    magnesium_mM: float = 2.0
    can_spike: bool = True
    response_factor: float = 1.0

    @property
    def fibres_conduct(self) -> bool:
        """Whether enough sodium channels work for axons to conduct, and for spikes."""
        return self.sodium_channels > 0.5

    @property
    def free_magnesium_mM(self) -> float:
        """What is left in the slice of magnesium, which is never none."""
        return max(self.magnesium_mM, RESIDUAL_MAGNESIUM_MM)
