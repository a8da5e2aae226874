"""Light and camera measured on a real recording and on a simulated one, in the same way."""

import numpy as np
import pytest
from scipy.ndimage import median_filter

from blueslice.recordings import read_recording
from blueslice.sim.optics import (
    LOSS_PER_S,
    CameraParameters,
    Movement,
    draw_counts,
    draw_fixed_pattern,
    draw_led_intensity,
    draw_scene,
    draw_trial_shifts,
    led_light,
    light_dose_s,
    remaining_dye,
    render,
)

WAVELENGTHS_NM = (520.0, 385.0)
IONS = ("sodium", "calcium")


def simulate(seed):
    rng = np.random.default_rng(seed)
    scene = draw_scene((80, 80), rng)
    camera = CameraParameters()
    pattern = draw_fixed_pattern(scene.shape, camera, rng)
    shifts = draw_trial_shifts(np.arange(100) * 0.002, (0, 0), Movement(), rng)
    frames = np.empty((100, 80, 80), np.uint16)
    for number, (wavelength_nm, ion) in enumerate(zip(WAVELENGTHS_NM, IONS, strict=True)):
        led = led_light(wavelength_nm)
        light = draw_led_intensity(np.arange(50) * 0.004, led, rng)
        left = remaining_dye(light_dose_s(light, 0.0018)[0], LOSS_PER_S[ion])
        glow = np.outer(np.ones(scene.compartment_count), led.rest_electrons * light * left)
        own = shifts[number::2]
        # The background is hardly the cell's dye: it drifts with the LED but does not bleach.
        blocks = render(scene, glow, led.rest_electrons * light, own)
        lit = [draw_counts(block, pattern, camera, rng) for block in blocks]
        frames[number::2] = np.concatenate(lit)
    dark = draw_counts(np.zeros((16, 80, 80), np.float32), pattern, camera, rng).mean(axis=0)
    return frames, dark


def measure(frames, dark, first):
    """Return what the README of the recordings tells, of the frames from `first` on."""
    lit = frames[first::2].astype(float) - dark
    level = lit.mean(axis=0)
    steady = lit / lit.mean(axis=(1, 2), keepdims=True) * lit.mean()
    variance = np.diff(steady, axis=0).var(axis=0, ddof=1) / 2
    inside = (slice(3, -3), slice(3, -3))
    slope, floor = np.polyfit(level[inside].ravel(), variance[inside].ravel(), 1)
    side = [lit[:, 2:12, 3:13], lit[:, 2:12, 67:77], lit[:, 67:77, 3:13], lit[:, 67:77, 67:77]]
    corner = min((part.mean(axis=(1, 2)) for part in side), key=np.mean)
    ends = corner[:4].mean() - corner[-10:].mean()
    fine = level - median_filter(level, 3)
    return {
        "variance per count": slope,
        "read noise in electrons": 0.84 * np.sqrt(max(floor, 0)),
        "drift": ends / corner.mean(),
        "dimmest tenth in electrons": 0.84 * np.percentile(level[inside], 10),
        "brightest hundredth in electrons": 0.84 * np.percentile(level[inside], 99),
        "fine structure": np.percentile(np.abs(fine[inside]) / level[inside], 50),
        "dark level": float(np.mean(dark)),
    }


ALLOWED = {
    "variance per count": (1.0, 1.4),
    "read noise in electrons": (4.0, 10.0),
    "drift": (0.035, 0.060),
    "dimmest tenth in electrons": (200, 420),
    "brightest hundredth in electrons": (700, 1300),
    "fine structure": (0.002, 0.02),
    "dark level": (880, 920),
}


@pytest.mark.parametrize("first", [0, 1])
def test_the_recording_lies_in_the_ranges(recordings, first):
    recording = read_recording(recordings / "70127A101.da")
    measured = measure(recording.frames, recording.dark, first)
    outside = {k: v for k, v in measured.items() if not ALLOWED[k][0] <= v <= ALLOWED[k][1]}
    assert not outside


@pytest.mark.parametrize("first", [0, 1])
def test_simulated_trials_lie_in_the_ranges_of_the_recording(first):
    trials = [measure(*simulate(seed), first) for seed in range(6)]
    middle = {name: float(np.median([trial[name] for trial in trials])) for name in ALLOWED}
    outside = {k: v for k, v in middle.items() if not ALLOWED[k][0] <= v <= ALLOWED[k][1]}
    assert not outside
