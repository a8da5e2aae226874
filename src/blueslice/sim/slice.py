"""The simulated slice: cell, dyes, light and camera, coupled through the rig's state."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from blueslice.devices import Sensor
from blueslice.indicators import IndicatorPair
from blueslice.sim.anatomy import draw_anatomy
from blueslice.sim.cell import REST_CALCIUM_MM, REST_SODIUM_MM, Response, respond
from blueslice.sim.dye import relative_fluorescence
from blueslice.sim.light import CameraNoise, led_drift
from blueslice.sim.wiring import PlayedTrial, Wiring
from blueslice.trial import Trial

__all__ = ["SimulatedSlice"]

MODEL = "simulated NeuroCCD-SMQ"
# Light in electrons per frame where the map is 1, of each LED's dye and of the background.
DYE_ELECTRONS = (420.0, 300.0)
BACKGROUND_ELECTRONS = (330.0, 290.0)
LED_DRIFT = (0.05, 0.04)
BLEACHING_PER_TRIAL = {"sodium": 0.01, "calcium": 0.03}
DARK_FRAMES = 16
MONITOR_V = 5.0
# The concentrations are averaged over each exposure from this many points in it.
POINTS_PER_EXPOSURE = 5


class SimulatedSlice:
    """Makes trials of a seeded cell, one after the other.

    Parameters
    ----------
    seed : int
        Decides the cell, and all noise that follows.
    pair : IndicatorPair
        The dyes in the cell.
    rows, columns : int
        The camera's picture.
    sample_rate_Hz : float
        The amplifier's samples per second.
    """

    def __init__(
        self,
        seed: int,
        pair: IndicatorPair,
        rows: int = 80,
        columns: int = 80,
        sample_rate_Hz: float = 20_000.0,
    ) -> None:
        cell_seed, noise_seed = np.random.SeedSequence(seed).spawn(2)
        self.pair = pair
        self.sensor = Sensor(rows, columns, MODEL)
        self.sample_rate_Hz = sample_rate_Hz
        self.channels: Mapping[str, str] = {
            "voltage": "mV",
            "current": "pA",
            "stimulus": "V",
            "led_1": "V",
            "led_2": "V",
        }
        self.anatomy = draw_anatomy((rows, columns), np.random.default_rng(cell_seed))
        self._rng = np.random.default_rng(noise_seed)
        self._camera = CameraNoise()
        self._light_s = {"sodium": 0.0, "calcium": 0.0}
        # The electrode reaches one spine; a neighbour answers weakly, the others do not.
        strengths = np.zeros(len(self.anatomy.spines))
        strengths[0] = 1.0
        self._strengths = strengths

    def check(self, trial: Trial, place: int = 0) -> None:
        """Accept any trial that is one."""

    def dark_frame(self, index: int) -> NDArray[np.float32]:
        """Return the mean of 16 frames without light: (y, x) counts."""
        dark = np.zeros((DARK_FRAMES, self.sensor.rows, self.sensor.columns))
        return self._camera.counts(dark, self._rng).mean(0, dtype=np.float64).astype(np.float32)

    def play(self, wiring: Wiring, index: int) -> PlayedTrial:
        """Compute a trial from the state of the instruments."""
        return PlayedTrial(
            frames=self._frames(wiring),
            counter=np.arange(wiring.frame_count, dtype=np.int64),
            channels=self._samples(wiring),
        )

    def _frames(self, wiring: Wiring) -> NDArray[np.uint16]:
        """Return what the camera counts: (frames, y, x)."""
        start_s = np.arange(wiring.frame_count) / wiring.frame_rate_Hz
        within = (np.arange(POINTS_PER_EXPOSURE) + 0.5) / POINTS_PER_EXPOSURE
        points_s = start_s[:, None] + within * wiring.exposure_s
        response = respond(points_s.ravel(), wiring.pulses, self._strengths)
        light = np.zeros((wiring.frame_count, self.sensor.rows, self.sensor.columns))
        excitation = wiring.excitation
        # The camera only collects what is lit while it exposes.
        seen = min(wiring.led_exposure_s, wiring.exposure_s) / 0.0018
        for led in (1, 2):
            lit = np.flatnonzero(excitation == led)
            if len(lit) and seen > 0:
                drift = led_drift(start_s[lit], LED_DRIFT[led - 1])
                image = self._lit(led, response, points_s.shape, lit)
                light[lit] = drift[:, None, None] * image * seen
        return self._camera.counts(light, self._rng)

    def _lit(
        self, led: int, response: Response, points: tuple[int, int], lit: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """Return electrons of the frames that one LED lights steadily: (lit, y, x)."""
        dye = self.pair.indicators[led - 1]
        sodium = dye.ion == "sodium"
        spines_mM = response.spine_sodium_mM if sodium else response.spine_calcium_mM
        dendrite_mM = response.dendrite_sodium_mM if sodium else response.dendrite_calcium_mM
        rest_mM = REST_SODIUM_MM if sodium else REST_CALCIUM_MM
        parts_mM = np.concatenate([dendrite_mM[None], spines_mM])
        glow = relative_fluorescence(parts_mM, rest_mM, dye)
        per_frame = glow.reshape(len(glow), *points).mean(2)[:, lit]
        maps = np.concatenate([self.anatomy.dendrite[None], self.anatomy.spines])
        bleached = self._bleach(dye.ion, len(lit))
        image = np.einsum("pf,pyx->fyx", per_frame * bleached, maps) * DYE_ELECTRONS[led - 1]
        return image + self.anatomy.background * BACKGROUND_ELECTRONS[led - 1]

    def _bleach(self, ion: str, frames: int) -> NDArray[np.float64]:
        """Return the dye's part that is left in each lit frame, and note the loss."""
        per_frame = BLEACHING_PER_TRIAL[ion] / 50
        done = self._light_s[ion]
        self._light_s[ion] = done + frames * per_frame
        return np.exp(-(done + per_frame * np.arange(frames)))

    def _samples(self, wiring: Wiring) -> Mapping[str, NDArray[np.float32]]:
        """Return what the amplifier records: (frames, samples per frame) each."""
        per_frame = wiring.samples_per_frame
        count = wiring.frame_count * per_frame
        if count == 0:
            return {}
        time_s = np.arange(count) / (per_frame * wiring.frame_rate_Hz)
        stimulus = np.zeros(count)
        artefact = np.zeros(count)
        for pulse in wiring.pulses:
            # A tenth of a sample, so that a pulse on a sample's edge begins with that sample.
            edge_s = 0.1 / (per_frame * wiring.frame_rate_Hz)
            on = (time_s >= pulse.onset_s - edge_s) & (time_s < pulse.end_s - edge_s)
            stimulus[on] = MONITOR_V
            since_s = np.clip(time_s - pulse.onset_s, 0, None)
            artefact += np.where(time_s >= pulse.onset_s - edge_s, np.exp(-since_s / 4e-4), 0.0)
        response = respond(time_s, wiring.pulses, self._strengths)
        in_frame_s = time_s.reshape(-1, per_frame) - (
            np.arange(wiring.frame_count)[:, None] / wiring.frame_rate_Hz
        )
        gate = in_frame_s < wiring.led_exposure_s - 1e-9
        excitation = wiring.excitation[:, None]
        clean = {
            "voltage": response.voltage_mV + 6.0 * artefact,
            "current": np.zeros(count),
            "stimulus": stimulus,
            "led_1": np.where(gate & (excitation == 1), MONITOR_V, 0.0),
            "led_2": np.where(gate & (excitation == 2), MONITOR_V, 0.0),
        }
        noise = {"voltage": 0.12, "current": 2.0}
        return {
            name: (
                values.reshape(wiring.frame_count, per_frame)
                + noise.get(name, 0.01)
                * self._rng.standard_normal((wiring.frame_count, per_frame), dtype=np.float32)
            ).astype(np.float32)
            for name, values in clean.items()
        }
