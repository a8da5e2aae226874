"""The cell in one trial: what stimuli make of voltage, sodium and calcium, and why."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from blueslice.sim.physiology._calcium_response import CalciumDye, calcium
from blueslice.sim.physiology._dendrite_potential import DendritePotential
from blueslice.sim.physiology._neighbours import neighbours_influx
from blueslice.sim.physiology._plateau import find_plateau
from blueslice.sim.physiology._releases import releases_by_spine
from blueslice.sim.physiology._sodium import add_neighbours, sodium, sodium_of_spikes
from blueslice.sim.physiology._soma import epsp
from blueslice.sim.physiology._soma_response import soma_response
from blueslice.sim.physiology._spine_currents import spine_currents
from blueslice.sim.physiology.cell_parameters import CellParameters
from blueslice.sim.physiology.cell_response import CellResponse
from blueslice.sim.physiology.pipette import Pipette
from blueslice.sim.physiology.surroundings import Surroundings
from blueslice.sim.physiology.traits import SpineTraits
from blueslice.trial import Pulse

__all__ = ["Cell"]

Values = NDArray[np.float64]


class Cell:
    """A dendrite with spines, its soma, and a dye for calcium.

    Parameters
    ----------
    spines : sequence of SpineTraits
        The spines.
    segments_um : (segments,) array
        Middle of each segment of dendrite, in um along it.
    parameters : CellParameters
        The rest.
    calcium_dye_uM, calcium_dye_kd_uM : float
        The calcium dye in the pipette; 0 for none.
    """

    def __init__(
        self,
        spines: Sequence[SpineTraits],
        segments_um: Values,
        parameters: CellParameters,
        calcium_dye_uM: float,
        calcium_dye_kd_uM: float,
    ) -> None:
        self.spines = tuple(spines)
        self.segments_um = segments_um
        self.parameters = parameters
        self._dye = CalciumDye(calcium_dye_uM, calcium_dye_kd_uM)

    def respond(
        self,
        duration_ms: float,
        pulses: Sequence[Pulse],
        surroundings: Surroundings,
        rng: np.random.Generator,
        interval_ms: float = 0.1,
        rest_rise: tuple[float, float] = (0.0, 0.0),
        pipette: Pipette | None = None,
    ) -> CellResponse:
        """Compute a trial.

        Parameters
        ----------
        duration_ms : float
            Length of the trial.
        pulses : sequence of Pulse
            What the stimulator gives.
        surroundings : Surroundings
            What works.
        rng : numpy.random.Generator
            Decides the releases and the EPSP's size.
        interval_ms : float
            Between samples.
        rest_rise : (float, float)
            How far damage has raised sodium, in mM, and calcium, in uM, at rest.
        pipette : Pipette, optional
            What the amplifier holds; by default no current.
        """
        parameters, voltage = self.parameters, self.parameters.voltage
        pipette = pipette or Pipette()
        time_ms: Values = np.arange(round(duration_ms / interval_ms) + 2, dtype=float) * interval_ms
        synaptic = [pulse for pulse in pulses if pulse.target == "synapse"]
        somatic = [pulse for pulse in pulses if pulse.target == "soma"]
        releases = releases_by_spine(self.spines, synaptic, surroundings, rng)
        epsp_mV, near_mV = epsp(time_ms, synaptic, surroundings, parameters, rng, pipette)
        nmda_spike = find_plateau(self.spines, releases, time_ms, surroundings, parameters)
        reaching_mV = epsp_mV
        if nmda_spike is not None:
            reaching_mV = epsp_mV + voltage.plateau_at_soma * nmda_spike.held_mV
        soma = soma_response(time_ms, reaching_mV, somatic, pipette, surroundings, voltage)
        local_mV = epsp_mV + (voltage.dendrite_epsp_factor - 1) * near_mV
        common_mV = voltage.rest_mV + local_mV + voltage.spike_at_spine * soma.spike_mV
        common_mV = common_mV + voltage.soma_at_dendrite * soma.moved_mV
        potential = DendritePotential(common_mV)
        if nmda_spike is not None:
            potential = DendritePotential(
                common_mV,
                nmda_spike.held_mV,
                nmda_spike.centre_um,
                parameters.plateau_reach_um,
            )
        currents = {
            number: spine_currents(
                self.spines[number],
                found,
                time_ms,
                potential.at_one(self.spines[number].position_um),
                surroundings,
                parameters,
            )
            for number, found in releases.items()
        }
        spine_mM, segment_mM = sodium(
            self.spines,
            self.segments_um,
            currents,
            sodium_of_spikes(time_ms, soma.spikes_ms, parameters),
            interval_ms,
            parameters,
        )
        if len(releases) > 1 and parameters.unseen_spines > 0:
            centre_um = float(np.mean([self.spines[k].position_um for k in releases]))
            below_mV = potential.at_one(centre_um)
            add_neighbours(
                spine_mM,
                segment_mM,
                self.spines,
                self.segments_um,
                centre_um,
                neighbours_influx(releases, time_ms, below_mV, surroundings, parameters),
                interval_ms,
                parameters,
            )
        found = calcium(
            self.spines,
            self.segments_um,
            currents,
            potential,
            interval_ms,
            self._dye,
            parameters,
        ).raised(rest_rise[1], self._dye)
        return CellResponse(
            interval_ms,
            soma.potential_mV,
            spine_mM + rest_rise[0],
            segment_mM + rest_rise[0],
            found.spine_uM,
            found.segment_uM,
            found.spine_bound,
            found.segment_bound,
            calcium_dye_kd_uM=self._dye.kd_uM,
            releases=releases,
            spikes_ms=soma.spikes_ms,
            plateau_ms=None if nmda_spike is None else nmda_spike.onset_ms,
            current_pA=soma.current_pA,
        )
