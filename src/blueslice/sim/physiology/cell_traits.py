"""What differs between cells as a whole, drawn by a seed."""

import numpy as np

from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.traits import lognormal

__all__ = ["draw_cell"]


def draw_cell(parameters: CellParameters, rng: np.random.Generator) -> CellParameters:
    """Draw one cell from what cells are like; its spines are drawn by themselves.

    Parameters
    ----------
    parameters : CellParameters
        The mean cell and the variation.
    rng : numpy.random.Generator
        Decides.
    """
    factor = lognormal(1.0, parameters.sodium_per_spike_cv, rng)
    return parameters.replace(sodium_per_spike_mM=parameters.sodium_per_spike_mM * factor)
