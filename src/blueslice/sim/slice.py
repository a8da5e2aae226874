"""The simulated slice: cell, dyes, light, movement and camera, coupled through the rig's state."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from blueslice._data import Data
from blueslice._numbers import Real
from blueslice.devices import Sensor
from blueslice.indicators import IndicatorPair
from blueslice.sim.bath import CONTROL_BATH, BathState, unblocked
from blueslice.sim.glow import glow_of
from blueslice.sim.lines import CHANNELS, AmplifierParameters, record_lines
from blueslice.sim.optics import (
    CameraParameters,
    Movement,
    Photodamage,
    SceneParameters,
    damage_from_light,
    draw_counts,
    draw_fixed_pattern,
    draw_next_position,
    draw_scene,
    draw_trial_shifts,
    render,
)
from blueslice.sim.physiology import (
    Cell,
    CellParameters,
    Surroundings,
    draw_cell,
    draw_spines,
)
from blueslice.sim.truth import TrialTruth
from blueslice.sim.wiring import PlayedTrial, Wiring
from blueslice.trial import Trial

__all__ = ["NEAR_SOMA", "SimulatedSlice", "SliceParameters"]

MODEL = "simulated NeuroCCD-SMQ"
DARK_FRAMES = 16
# In the pipette: of the paper's usual mix, and of the weaker and stronger calcium dyes.
CALCIUM_DYE_UM: Mapping[str, float] = {
    "bis-fura-2": 300.0,
    "fura-FF": 300.0,
    "fluo-5F": 200.0,
    "OGB-1": 100.0,
}


class SliceParameters(Data):
    """Everything about a simulated slice that can be chosen.

    Parameters
    ----------
    cell, scene, movement, photodamage, camera, amplifier
        Its parts.
    spikes_blocked : bool
        Whether QX-314 is in the pipette.
    sample_rate_Hz : float
        Of the amplifier.
    """

    cell: CellParameters = CellParameters()
    scene: SceneParameters = SceneParameters()
    movement: Movement = Movement()
    photodamage: Photodamage = Photodamage()
    camera: CameraParameters = CameraParameters()
    amplifier: AmplifierParameters = AmplifierParameters()
    spikes_blocked: bool = False
    sample_rate_Hz: Real = Field(default=20_000.0, gt=0, le=1e6)


NEAR_SOMA = SliceParameters(
    scene=SceneParameters(dendrite_diameter_um=3.0),
    cell=CellParameters(sodium_per_spike_mM=0.6),
)
"""Where Miyazaki & Ross measured single spikes: axon hillock and proximal dendrite.

Thick, therefore bright, and with four times the sodium that a spike brings into a dendrite
(Fleidervish et al. 2010, Nat Neurosci 13:852).
"""


class SimulatedSlice:
    """Makes trials of a seeded cell, one after the other.

    The same seed and the same trials give the same bytes.

    Parameters
    ----------
    seed : int
        Decides the cell, and all noise that follows.
    pair : IndicatorPair
        The dyes in the cell.
    rows, columns : int
        The camera's picture.
    parameters : SliceParameters, optional
        What the slice is like.

    Attributes
    ----------
    truth : TrialTruth or None
        What really happened in the last trial; for tests and teaching, never for an analysis.
    """

    def __init__(
        self,
        seed: int,
        pair: IndicatorPair,
        rows: int = 80,
        columns: int = 80,
        parameters: SliceParameters | None = None,
    ) -> None:
        self.parameters = parameters or SliceParameters()
        self.pair = pair
        self.sensor = Sensor(
            rows, columns, MODEL, full_scale_counts=2**self.parameters.camera.bits - 1
        )
        self.sample_rate_Hz = self.parameters.sample_rate_Hz
        self.channels: Mapping[str, str] = CHANNELS
        self.clamp = self.parameters.amplifier.clamp
        scene_seed, cell_seed, camera_seed, self._trial_seed, self._dark_seed = (
            np.random.SeedSequence(seed).spawn(5)
        )
        self.scene = draw_scene(
            (rows, columns), np.random.default_rng(scene_seed), self.parameters.scene
        )
        self.target_spine = self._most_central()
        rng = np.random.default_rng(cell_seed)
        spines = draw_spines(
            self.scene.spine_position_um,
            float(self.scene.spine_position_um[self.target_spine]),
            self.parameters.cell.spine,
            rng,
        )
        segments_um = self.scene.segment_position_um.copy()
        # A branch is too far from the spines for their sodium.
        segments_um[self.scene.segment_on_branch] = np.inf
        dye_uM, dye_kd_uM = _calcium_dye(pair)
        cell = draw_cell(self.parameters.cell, rng)
        self.cell = Cell(spines, segments_um, cell, dye_uM, dye_kd_uM)
        self._pattern = draw_fixed_pattern(
            (rows, columns), self.parameters.camera, np.random.default_rng(camera_seed)
        )
        self._position_px = np.zeros(2)
        self._dose_s = (0.0, 0.0)
        self.truth: TrialTruth | None = None

    def _most_central(self) -> int:
        middle = (np.array(self.scene.shape) - 1) / 2
        return int(np.argmin(np.hypot(*(self.scene.spine_px - middle).T)))

    def check(self, trial: Trial, place: int = 0) -> None:
        """Accept any trial that is one."""

    def dark_frame(self, index: int) -> NDArray[np.float32]:
        """Return the mean of 16 frames without light: (y, x) counts."""
        rng = np.random.default_rng(self._dark_seed.spawn(1)[0])
        dark = np.zeros((1, self.sensor.rows, self.sensor.columns), np.float32)
        summed = np.zeros(dark.shape[1:])
        for _ in range(DARK_FRAMES):
            summed += draw_counts(dark, self._pattern, self.parameters.camera, rng)[0]
        return (summed / DARK_FRAMES).astype(np.float32)

    def play(self, wiring: Wiring, index: int) -> PlayedTrial:
        """Compute a trial from the state of the instruments."""
        rng = np.random.default_rng(self._trial_seed.spawn(1)[0])
        cell_rng, light_rng, move_rng, camera_rng, line_rng = rng.spawn(5)
        damage = damage_from_light(sum(self._dose_s), self.parameters.photodamage)
        surroundings = self._surroundings(wiring.bath, damage.response_factor)
        response = self.cell.respond(
            1e3 * wiring.frame_count / wiring.frame_rate_Hz,
            wiring.pulses,
            surroundings,
            cell_rng,
            rest_rise=(
                self._sodium_rise_mM(wiring.bath, damage.sodium_rise_mM),
                damage.calcium_rise_uM,
            ),
            pipette=self.parameters.amplifier.pipette,
        )
        rest = (
            self.parameters.cell.rest_sodium_mM,
            self.parameters.cell.calcium.rest_uM,
        )
        glow = glow_of(
            wiring,
            self.pair,
            response,
            rest,
            self._dose_s,
            light_rng,
            self.parameters.scene.brightness,
        )
        self._position_px = draw_next_position(
            self._position_px, self.parameters.movement, move_rng
        )
        starts_s = np.arange(wiring.frame_count) / wiring.frame_rate_Hz
        shifts_px = draw_trial_shifts(
            starts_s, self._position_px, self.parameters.movement, move_rng
        )
        frames = np.empty((wiring.frame_count, *self.scene.shape), np.uint16)
        done = 0
        for block in render(
            self.scene,
            glow.compartments,
            glow.background,
            shifts_px,
            out_of_focus_light=glow.out_of_focus,
        ):
            frames[done : done + len(block)] = draw_counts(
                block, self._pattern, self.parameters.camera, camera_rng
            )
            done += len(block)
        self.truth = TrialTruth.of(self, wiring, response, glow, shifts_px)
        self._dose_s = glow.dose_s
        return PlayedTrial(
            frames=frames,
            counter=np.arange(wiring.frame_count, dtype=np.int64),
            channels=record_lines(
                wiring,
                response.voltage_mV,
                response.interval_ms,
                self.parameters.amplifier,
                line_rng,
                response.current_pA,
            ),
        )

    def _sodium_rise_mM(self, bath: BathState, by_damage_mM: float) -> float:
        """Return how far sodium is above the healthy rest before any stimulus.

        Through ionophores, the pump poisoned, it follows the bath (Miyazaki & Ross 2017, Fig 5).
        """
        outside_mM = bath.sodium_mM - self.parameters.cell.rest_sodium_mM
        return by_damage_mM + bath.ionophores * (outside_mM - by_damage_mM)

    def healthy_surroundings(self) -> Surroundings:
        """Return what the cell sees in plain solution, unharmed: for timing and teaching."""
        return self._surroundings(CONTROL_BATH, 1.0)

    def _surroundings(self, bath: BathState, response_factor: float) -> Surroundings:
        left = unblocked(bath.drugs_uM)
        return Surroundings(
            ampa=left.ampa,
            nmda=left.nmda,
            sodium_channels=left.sodium_channels,
            magnesium_mM=bath.magnesium_mM,
            can_spike=not self.parameters.spikes_blocked,
            response_factor=response_factor,
        )


def _calcium_dye(pair: IndicatorPair) -> tuple[float, float]:
    """Return concentration and Kd in uM of the dye that binds most of the calcium."""
    dyes = [dye for dye in pair.indicators if dye.ion == "calcium"]
    if not dyes:
        return 0.0, 1.0
    dye = max(dyes, key=lambda d: CALCIUM_DYE_UM.get(d.name, 200.0) / d.dissociation_constant_mM)
    return CALCIUM_DYE_UM.get(dye.name, 200.0), dye.dissociation_constant_mM * 1e3
