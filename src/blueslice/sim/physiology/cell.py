"""The cell in one trial: what stimuli make of voltage, sodium and calcium, and why."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.sim.physiology.calcium import CalciumParameters, calcium_channels, free_calcium
from blueslice.sim.physiology.conductances import (
    RESIDUAL_MAGNESIUM_MM,
    ampa_conductance,
    nmda_conductance,
    sodium_influx,
    unblocked_fraction,
)
from blueslice.sim.physiology.diffusion import SpineDiffusion
from blueslice.sim.physiology.release import Release, draw_releases
from blueslice.sim.physiology.traits import SpineParameters, SpineTraits
from blueslice.sim.physiology.voltage import (
    VoltageParameters,
    difference_of_exponentials,
    plateau,
    spike_times_ms,
    spikes,
    spine_depolarisation,
)
from blueslice.trial import Pulse

__all__ = ["Cell", "CellParameters", "CellResponse", "Surroundings"]

Values = NDArray[np.float64]

# Sodium of one spine is followed so far along the dendrite; beyond it is less than 1 % of the
# head's within a trial.
REACH_UM = 15.0
# Interval of the paper's pairs, at which `epsp_facilitation` holds, and how fast it fades.
_PAIR_S, _FACILITATION_DECAY_S = 0.010, 0.1
# 1 pA of a current that calcium carries is so many uM um3 per ms: 1e-12 A / (2 F).
_UM_UM3_PER_MS_PER_PA = 1e-12 / (2 * 96485.33212) * 1e18


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
    rest_sodium_mM : float
        Free sodium at rest.
    sodium_per_spike_mM : float
        What a back-propagating spike brings into the dendrite.
    sodium_removal_ms : float
        Time constant of the pumps.
    unblocked_depolarisation_GOhm : float
        Resistance on which an NMDA current depolarises its spine.
    plateau_spines : int
        Releases at so many spines at once that an NMDA spike begins.
    half_recruitment_uA : float
        Stimulus at which the unseen synapses evoke `epsp_mV`, half of the most they can.
    """

    spine: SpineParameters = SpineParameters()
    voltage: VoltageParameters = VoltageParameters()
    calcium: CalciumParameters = CalciumParameters()
    dendrite_channel_uM_per_ms: Real = Field(default=25.0, ge=0)
    rest_sodium_mM: Real = Field(default=4.0, gt=0)
    sodium_per_spike_mM: Real = Field(default=0.166, ge=0)
    sodium_removal_ms: Real = Field(default=8000.0, gt=0)
    unblocked_depolarisation_GOhm: Real = Field(default=0.3, ge=0)
    plateau_spines: int = Field(default=7, ge=1)
    half_recruitment_uA: Real = Field(default=50.0, gt=0)


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


@dataclass(frozen=True)
class CellResponse:
    """What the cell does in a trial: arrays over time, and the events behind them.

    Attributes
    ----------
    interval_ms : float
        Between the samples, of which the first is the trial's start.
    voltage_mV : (times,) array
        At the soma.
    spine_sodium_mM, segment_sodium_mM : (compartments, times) arrays
        Free sodium.
    spine_calcium_uM, segment_calcium_uM : (compartments, times) arrays
        Free calcium.
    spine_bound, segment_bound : (compartments, times) arrays
        Bound part of the calcium dye.
    calcium_dye_kd_uM : float
        Of that dye.
    releases : mapping of spine to tuple of Release
        What was released where.
    spikes_ms : tuple of float
        Action potentials.
    plateau_ms : float or None
        When an NMDA spike began.
    """

    interval_ms: float
    voltage_mV: Values
    spine_sodium_mM: Values
    segment_sodium_mM: Values
    spine_calcium_uM: Values
    segment_calcium_uM: Values
    spine_bound: Values
    segment_bound: Values
    calcium_dye_kd_uM: float
    releases: dict[int, tuple[Release, ...]] = field(default_factory=dict)
    spikes_ms: tuple[float, ...] = ()
    plateau_ms: float | None = None


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
        self._dye = {"dye_uM": calcium_dye_uM, "dye_kd_uM": calcium_dye_kd_uM}

    def respond(
        self,
        duration_ms: float,
        pulses: Sequence[Pulse],
        surroundings: Surroundings,
        rng: np.random.Generator,
        interval_ms: float = 0.1,
        rest_rise: tuple[float, float] = (0.0, 0.0),
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
        """
        time_ms: Values = np.arange(round(duration_ms / interval_ms) + 2, dtype=float) * interval_ms
        synaptic = [pulse for pulse in pulses if pulse.target == "synapse"]
        releases = self._draw_releases(synaptic, surroundings, rng)
        soma_mV, epsp_mV = self._soma(time_ms, pulses, surroundings, rng)
        plateau_ms = self._plateau_onset(releases, surroundings)
        dendrite_mV = self.parameters.voltage.dendrite_epsp_factor * epsp_mV
        if plateau_ms is not None:
            held = plateau(
                time_ms,
                plateau_ms,
                self.parameters.voltage.plateau_mV,
                self.parameters.voltage.plateau_ms,
            )
            dendrite_mV = dendrite_mV + held
            soma_mV = soma_mV + 0.45 * held
        fired_ms = self._spike_times(time_ms, soma_mV, surroundings)
        action = spikes(time_ms, fired_ms, self.parameters.voltage.spike_mV)
        dendrite_mV = (
            self.parameters.voltage.rest_mV
            + dendrite_mV
            + self.parameters.voltage.spike_at_spine * action
        )
        sodium = self._sodium(time_ms, interval_ms, dendrite_mV, releases, fired_ms, surroundings)
        calcium = self._calcium(time_ms, interval_ms, dendrite_mV, releases, surroundings)
        sodium_rise_mM, calcium_rise_uM = rest_rise
        free = [values + calcium_rise_uM for values in calcium[:2]]
        kd_uM = self._dye["dye_kd_uM"]
        bound = calcium[2:] if not calcium_rise_uM else [c / (c + kd_uM) for c in free]
        return CellResponse(
            interval_ms,
            soma_mV + action,
            *(values + sodium_rise_mM for values in sodium),
            *free,
            *bound,
            calcium_dye_kd_uM=kd_uM,
            releases={k: tuple(found) for k, found in releases.items()},
            spikes_ms=tuple(fired_ms),
            plateau_ms=plateau_ms,
        )

    def _draw_releases(
        self, pulses: Sequence[Pulse], surroundings: Surroundings, rng: np.random.Generator
    ) -> dict[int, list[Release]]:
        """Draw what each spine's synapse releases; without sodium channels no fibre conducts."""
        found: dict[int, list[Release]] = {}
        conducts = surroundings.sodium_channels > 0.5
        for number, (spine, own) in enumerate(
            zip(self.spines, rng.spawn(len(self.spines)), strict=True)
        ):
            arrivals_s = [p.onset_s for p in pulses if p.amplitude_uA >= spine.threshold_uA]
            releases = draw_releases(arrivals_s, spine.release, own)
            if releases and conducts:
                found[number] = releases
        return found

    def _soma(
        self,
        time_ms: Values,
        pulses: Sequence[Pulse],
        surroundings: Surroundings,
        rng: np.random.Generator,
    ) -> tuple[Values, Values]:
        """Return the soma's potential without spikes, and the EPSP in it."""
        voltage = self.parameters.voltage
        epsp = np.zeros(len(time_ms))
        injected = np.zeros(len(time_ms))
        conducts = surroundings.sodium_channels > 0.5
        before_s = -np.inf
        for pulse in pulses:
            since_ms = time_ms - pulse.onset_s * 1e3
            if pulse.target == "soma":
                whole_mV = pulse.amplitude_pA * voltage.soma_resistance_MOhm * 1e-3
                on = np.clip(since_ms, 0, pulse.width_s * 1e3)
                off = np.clip(since_ms - pulse.width_s * 1e3, 0, None)
                charged = -np.expm1(-on / voltage.soma_time_constant_ms)
                injected += whole_mV * charged * np.exp(-off / voltage.soma_time_constant_ms)
                continue
            size = 1 + 0.08 * rng.standard_normal()
            if not conducts:
                continue
            share = pulse.amplitude_uA / self.parameters.half_recruitment_uA
            recruited = 2 * share / (1 + share)
            # As the release itself, it is facilitated by the stimulus before, and recovers.
            gap_s = pulse.onset_s - before_s
            fading = min(np.exp((_PAIR_S - gap_s) / _FACILITATION_DECAY_S), 1.0)
            facilitated = 1 + (voltage.epsp_facilitation - 1) * fading
            before_s = pulse.onset_s
            # Part of the EPSP is that of NMDA receptors, slow and small at rest.
            fast = difference_of_exponentials(
                since_ms - 3.0, voltage.epsp_rise_ms, voltage.epsp_decay_ms
            )
            slow = difference_of_exponentials(since_ms - 3.0, 13.2, 71.0)
            unblocked = unblocked_fraction(
                voltage.rest_mV, max(surroundings.magnesium_mM, RESIDUAL_MAGNESIUM_MM)
            )
            shape = surroundings.ampa * fast + 1.5 * surroundings.nmda * unblocked * slow
            epsp += voltage.epsp_mV * recruited * facilitated * size * shape
        epsp *= surroundings.response_factor
        return voltage.rest_mV + epsp + injected, epsp

    def _plateau_onset(
        self, releases: dict[int, list[Release]], surroundings: Surroundings
    ) -> float | None:
        """Return when an NMDA spike begins: when enough spines release and NMDA works."""
        if len(releases) < self.parameters.plateau_spines:
            return None
        if surroundings.nmda < 0.5 or surroundings.ampa < 0.5:
            return None
        first_s = sorted(found[0].time_s for found in releases.values())
        return 1e3 * first_s[self.parameters.plateau_spines - 1]

    def _spike_times(
        self, time_ms: Values, soma_mV: Values, surroundings: Surroundings
    ) -> list[float]:
        if not surroundings.can_spike or surroundings.sodium_channels < 0.5:
            return []
        return spike_times_ms(time_ms, soma_mV, self.parameters.voltage.threshold_mV)

    def _conductances(
        self,
        spine: SpineTraits,
        releases: Sequence[Release],
        time_ms: Values,
        dendrite_mV: Values,
        surroundings: Surroundings,
    ) -> tuple[Values, Values, Values]:
        """Return a spine's AMPA and open NMDA conductance in nS, and its potential in mV."""
        ampa, nmda = np.zeros(len(time_ms)), np.zeros(len(time_ms))
        for release in releases:
            since_ms = time_ms - release.time_s * 1e3
            size = release.amplitude * surroundings.response_factor
            ampa += ampa_conductance(
                since_ms,
                spine.ampa_nS * size * surroundings.ampa,
                decay_ms=spine.ampa_decay_ms,
                rise_ms=spine.ampa_rise_ms,
            )
            nmda += nmda_conductance(since_ms, spine.nmda_nS * size * surroundings.nmda)
        sizes = [
            (r.time_s * 1e3, r.amplitude * surroundings.ampa * surroundings.response_factor)
            for r in releases
        ]
        potential = dendrite_mV + spine_depolarisation(time_ms, sizes, self.parameters.voltage)
        magnesium_mM = max(surroundings.magnesium_mM, RESIDUAL_MAGNESIUM_MM)
        # Open NMDA receptors depolarise their spine, which opens more of them: two rounds are
        # within 1 mV of the end.
        resistance = self.parameters.unblocked_depolarisation_GOhm
        open_nmda, raised = np.zeros(len(time_ms)), potential
        for _ in range(3):
            open_nmda = nmda * unblocked_fraction(raised, magnesium_mM)
            pull = resistance * open_nmda
            raised = np.minimum(potential + (0.0 - potential) * pull / (1 + pull), 20.0)
        return ampa, open_nmda, raised

    def _sodium(
        self,
        time_ms: Values,
        interval_ms: float,
        dendrite_mV: Values,
        releases: dict[int, list[Release]],
        fired_ms: Sequence[float],
        surroundings: Surroundings,
    ) -> tuple[Values, Values]:
        """Return free sodium in spines and segments, in mM."""
        rest = self.parameters.rest_sodium_mM
        spine_mM = np.full((len(self.spines), len(time_ms)), rest)
        segment_mM = np.full((len(self.segments_um), len(time_ms)), rest)
        for fire_ms in fired_ms:
            # A spike's sodium enters within a millisecond, in spines as in the dendrite.
            since_ms = np.maximum(time_ms - fire_ms, 0.0)
            brought = self.parameters.sodium_per_spike_mM * -np.expm1(-since_ms / 0.7)
            brought = brought * np.exp(-since_ms / self.parameters.sodium_removal_ms)
            spine_mM += brought
            segment_mM += brought
        for number, found in releases.items():
            spine = self.spines[number]
            ampa, nmda, potential = self._conductances(
                spine, found, time_ms, dendrite_mV, surroundings
            )
            influx = sodium_influx(ampa + nmda, potential)
            away_um = self.segments_um - spine.position_um
            near = np.flatnonzero(np.abs(away_um) < REACH_UM)
            diffusion = SpineDiffusion(
                spine.geometry, removal_time_constant_ms=self.parameters.sodium_removal_ms
            )
            risen = diffusion.concentration(influx, interval_ms, ["head", *away_um[near].tolist()])
            spine_mM[number] += risen[0]
            segment_mM[near] += risen[1:]
        return spine_mM, segment_mM

    def _calcium(
        self,
        time_ms: Values,
        interval_ms: float,
        dendrite_mV: Values,
        releases: dict[int, list[Release]],
        surroundings: Surroundings,
    ) -> tuple[Values, Values, Values, Values]:
        """Return free calcium in spines and segments in uM, and the dye's bound parts."""
        parameters = self.parameters.calcium
        dendrite = parameters.replace(channel_uM_per_ms=self.parameters.dendrite_channel_uM_per_ms)
        # Spines that do nothing of their own follow the dendrite's potential, all alike.
        through = np.stack(
            [calcium_channels(dendrite_mV, parameters), calcium_channels(dendrite_mV, dendrite)]
        )
        through -= through[:, :1]
        free, bound = free_calcium(through, interval_ms, parameters, **self._dye)
        spine_uM = np.repeat(free[:1], len(self.spines), axis=0)
        spine_bound = np.repeat(bound[:1], len(self.spines), axis=0)
        segment_uM = np.repeat(free[1:], len(self.segments_um), axis=0)
        segment_bound = np.repeat(bound[1:], len(self.segments_um), axis=0)
        for number, found in releases.items():
            spine = self.spines[number]
            _, nmda, potential = self._conductances(
                spine, found, time_ms, dendrite_mV, surroundings
            )
            current_pA = nmda * (40.0 - potential) * parameters.nmda_calcium_fraction
            volume = spine.geometry.head_volume_um3
            entry = current_pA * _UM_UM3_PER_MS_PER_PA / volume
            channels = calcium_channels(potential, parameters)
            entry = entry + channels - channels[0]
            geometry = spine.geometry
            leak = (
                parameters.dye_diffusion_um2_per_ms
                * geometry.neck_area_um2
                / (geometry.neck_length_um * volume)
            )
            uM, part = free_calcium(
                entry[None], interval_ms, parameters, leak_per_ms=leak, **self._dye
            )
            spine_uM[number], spine_bound[number] = uM[0], part[0]
        return spine_uM, segment_uM, spine_bound, segment_bound
