"""What a cell is like: everything about it that can be chosen."""

from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.sim.physiology.calcium import CalciumParameters
from blueslice.sim.physiology.traits import SpineParameters
from blueslice.sim.physiology.voltage import VoltageParameters

__all__ = ["CellParameters"]


class CellParameters(Data):
    """The cell.

    Parameters
    ----------
    spine : SpineParameters
        Its spines.
    voltage : VoltageParameters
        Its potential.
    calcium : CalciumParameters
        Calcium in a spine's head.
    dendrite_channel_uM_per_ms : float
        Calcium entry of the dendrite's channels that are all open.
    dendrite_channel_half_mV : float
        Where half of the gates of those channels are open: strong EPSPs stay below it.
    dendrite_uptake_per_ms : float
        Part of the calcium that entered the dendrite which its stores take up, per ms.
    rest_sodium_mM : float
        Free sodium at rest.
    sodium_per_spike_mM : float
        What a back-propagating spike brings into the dendrite.
    sodium_per_spike_cv : float
        How that varies from cell to cell, of its mean.
    sodium_removal_ms : float
        Time constant of the pumps.
    unblocked_depolarisation_GOhm : float
        Resistance on which an NMDA current depolarises its spine.
    plateau_spines : int
        Releases at so many spines at once that an NMDA spike begins.
    half_recruitment_uA : float
        Stimulus at which the unseen synapses near the electrode evoke `epsp_mV`, half of the most
        they can.
    distant_threshold_uA : float
        Stimulus from which fibres farther away are excited as well.
    distant_most : float
        The most that their synapses, too far for the dendrite's own potential, add to the EPSP,
        in `epsp_mV`; half of it at `distant_most` times `half_recruitment_uA` above threshold.
    plateau_reach_um : float
        Length over which an NMDA spike fades along the dendrite.
    unseen_spines : float
        Spines not in the picture that release within an NMDA spike.
    unseen_spread_um : float
        Standard deviation of where they are, about its centre.
    """

    spine: SpineParameters = SpineParameters()
    voltage: VoltageParameters = VoltageParameters()
    calcium: CalciumParameters = CalciumParameters()
    dendrite_channel_uM_per_ms: Real = Field(default=55.0, ge=0)
    dendrite_channel_half_mV: Real = Field(default=-20.0)
    dendrite_uptake_per_ms: Real = Field(default=0.003, ge=0)
    rest_sodium_mM: Real = Field(default=4.0, gt=0)
    sodium_per_spike_mM: Real = Field(default=0.155, ge=0)
    sodium_per_spike_cv: Real = Field(default=0.20, ge=0, le=1)
    sodium_removal_ms: Real = Field(default=8000.0, gt=0)
    unblocked_depolarisation_GOhm: Real = Field(default=0.3, ge=0)
    plateau_spines: int = Field(default=7, ge=1)
    half_recruitment_uA: Real = Field(default=50.0, gt=0)
    distant_threshold_uA: Real = Field(default=150.0, ge=0)
    distant_most: Real = Field(default=10.0, gt=0)
    plateau_reach_um: Real = Field(default=15.0, gt=0)
    unseen_spines: Real = Field(default=8.0, ge=0)
    unseen_spread_um: Real = Field(default=3.0, gt=0)
