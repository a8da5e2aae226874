"""What the analysis finds against the truth of simulated slices, traces, images and series."""

from collections.abc import Iterable

import numpy as np
from benchmarks._measure import Row
from benchmarks._spine_trials import spine_trials
from benchmarks.registration import make_scene
from numpy.typing import NDArray

from blueslice.analysis import (
    average_trials,
    bootstrap_response,
    fit_calibration,
    fit_response,
    fluorescence_from_concentration,
    register,
    response_measures,
    time_grid,
)
from blueslice.indicators import INDICATORS
from blueslice.sim.physiology import Fig9Parameters, SpineGeometry, run_fig9

Values = NDArray[np.float64]

# The paper: sodium dF/F of a spine, 4 ms a sample.
PEAK_DFF, NOISE_DFF = 0.09, 0.01
INTERVAL_S, EXPOSURE_S = 0.004, 0.0018
AVERAGED = 4

# Many cells have no spine that answers as the paper's.
SPINES, MOST_CELLS = 400, 1000

TRACES = 200
FINE_S = np.arange(0.0, 0.25, 1e-5)
RESAMPLES = 120
TIMED = ("rise_10_90_s", "half_decay_s")
COVERED = {
    "rise_10_90_s": "rise",
    "half_decay_s": "half-decay",
    "peak_time_s": "time to peak",
    "peak_dff": "peak",
}

SCENES = 200
FARTHEST_PX = 10.0

# Fig 5: as many cells as there, each at each concentration in mM.
CALIBRATED_CELLS = 9
SERIES_MM = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 170.0)
CALIBRATION_NOISE = 0.02
KD_SD_MM = {"ANG-2": 8.3, "SBFI": 6.8}


def run(seed: int) -> list[Row]:
    """Measure on what nobody has seen before."""
    seeds = np.random.SeedSequence(seed).spawn(4)
    return [
        *dff_rows(seeds[0].generate_state(MOST_CELLS).tolist()),
        *kinetics_rows(np.random.default_rng(seeds[1])),
        *registration_rows(np.random.default_rng(seeds[2])),
        *calibration_rows(np.random.default_rng(seeds[3])),
    ]


def below(case: str, value: float, unit: str, bound: float) -> Row:
    """Make the row of an error that must be small."""
    return Row(case, value, unit, f"< {bound:g} {unit}", abs(value) < bound)


def dff_rows(seeds: Iterable[int]) -> list[Row]:
    """Analyse spines of simulated slices as ever; the truth is the same picture without noise."""
    grid = time_grid(-0.024, 0.060, INTERVAL_S)
    truth, errors, noise, cells = [], [], [], []
    for cell, seed in enumerate(seeds):
        for trials in spine_trials(seed):
            times = [trial.since_pulse_s for trial in trials]
            found = average_trials(times, [trial.measured_dff for trial in trials], 0.0, grid)
            truth.append(average_trials(times, [trial.true_dff for trial in trials], 0.0, grid).dff)
            errors.append(found.dff - truth[-1])
            cells.append(cell)
            noise += [trial.measured_dff[trial.since_pulse_s < 0].std(ddof=1) for trial in trials]
        if len(truth) >= SPINES:
            break
    expected = np.mean(truth, axis=0)
    peak = float(expected.max())
    relative = 1e2 * np.array(errors)[:, expected > 0.5 * peak].mean(axis=1) / peak
    bias = float(relative.mean())
    # spines of one cell share its blanks and its LED: only cells are independent
    by_cell = np.bincount(cells, weights=relative - bias)
    case = f"dF/F of {len(truth)} spines of {len(set(cells))} cells"
    return [
        below(f"{case}: bias, of the peak", bias, "%", 1.0),
        Row(f"{case}: its standard error", float(np.sqrt(np.sum(by_cell**2))) / len(truth), "%"),
        Row(f"{case}: true peak", 1e2 * peak, "%"),
        Row(f"{case}: noise of a sample", 1e2 * float(np.mean(noise)), "%"),
    ]


def fig9_shape(rng: np.random.Generator) -> Values:
    """Draw a spine of the paper's model (Fig 9): the sodium of its head after one release."""
    geometry = SpineGeometry().replace(
        head_volume_um3=float(rng.uniform(0.1, 0.4)), neck_length_um=float(rng.uniform(0.6, 1.4))
    )
    model = run_fig9(Fig9Parameters(geometry=geometry), duration_ms=250.0)
    latency_s = rng.uniform(0.002, 0.004)
    return np.interp(FINE_S - latency_s, model.time_ms * 1e-3, model.probes[0], left=0.0)


def gentle_shape(rng: np.random.Generator) -> Values:
    """Draw a response as slow to rise as the paper's mean: 8.6 ms, half-decay 16.6 ms."""
    power, scale_s = rng.uniform(1.8, 2.6), rng.uniform(0.0065, 0.0080)
    place = np.maximum(FINE_S - rng.uniform(0.001, 0.003), 0.0) / scale_s
    return place**power * np.exp(-place)


def two_exponentials_shape(rng: np.random.Generator) -> Values:
    """Draw the textbook's response."""
    rise_s, decay_s = rng.uniform(0.002, 0.006), rng.uniform(0.014, 0.026)
    since_s = np.maximum(FINE_S - rng.uniform(0.002, 0.004), 0.0)
    return np.exp(-since_s / decay_s) - np.exp(-since_s / rise_s)


SHAPES = {
    "spines of Fig 9": fig9_shape,
    "as slow as the paper's mean": gentle_shape,
    "two exponentials": two_exponentials_shape,
}


def kinetics_rows(rng: np.random.Generator) -> list[Row]:
    """Fit four noisy trials of one shape, again and again."""
    rows: list[Row] = []
    held: dict[str, list[bool]] = {name: [] for name in COVERED}
    for family, draw in SHAPES.items():
        fitted: dict[str, list[float]] = {name: [] for name in TIMED}
        sampled: dict[str, list[float]] = {name: [] for name in TIMED}
        for number in range(TRACES):
            shape = draw(rng)
            shape *= PEAK_DFF / shape.max()
            truth = response_measures(FINE_S, shape, 0.0)
            time_s, trials = noisy_trials(shape, rng)
            fit = fit_response(time_s, trials, 0.0, exposure_s=EXPOSURE_S).measures
            mean = average_trials(time_s, trials, 0.0, time_grid(-0.03, 0.14, INTERVAL_S))
            seen = response_measures(mean.time_s, mean.dff, 0.0)
            for name in TIMED:
                fitted[name].append(1e3 * (getattr(fit, name) - getattr(truth, name)))
                sampled[name].append(1e3 * (getattr(seen, name) - getattr(truth, name)))
            # every second one is enough for the intervals
            if number % 2:
                continue
            intervals = bootstrap_response(
                time_s, trials, 0.0, exposure_s=EXPOSURE_S, rng=rng, resamples=RESAMPLES
            )
            for name in COVERED:
                interval, true = intervals[name], getattr(truth, name)
                held[name].append(interval.low <= true <= interval.high)
        for name in TIMED:
            case = f"{COVERED[name]}, mean of {AVERAGED}, {family}"
            rows += [
                below(f"{case}: bias", float(np.nanmean(fitted[name])), "ms", 1.0),
                Row(f"{case}: SD", float(np.nanstd(fitted[name])), "ms"),
                Row(f"{case}: bias without a fit", float(np.nanmean(sampled[name])), "ms"),
            ]
    for name, what in COVERED.items():
        share = 1e2 * float(np.mean(held[name]))
        case = f"95 % interval of the {what} holds it (n = {len(held[name])})"
        rows.append(Row(case, share, "%", "90-98", 90 <= share <= 98))
    return rows


def noisy_trials(shape: Values, rng: np.random.Generator) -> tuple[Values, Values]:
    """Take trials of a pair of pulses 10 ms apart, baselines set to 0: times since the release."""
    on_second = rng.random(AVERAGED) < 0.58
    first_s = rng.uniform(0.0, INTERVAL_S) + np.where(on_second, 0.0, 0.002)
    time_s = first_s[:, None] + np.arange(-9, 36) * INTERVAL_S
    # the mean over each exposure, from the summed curve
    step_s = FINE_S[1]
    summed = np.concatenate([[0.0], np.cumsum(shape)]) * step_s
    edges = np.append(FINE_S, FINE_S[-1] + step_s)
    ends = [np.interp(time_s + side * EXPOSURE_S / 2, edges, summed) for side in (1, -1)]
    trials = (ends[0] - ends[1]) / EXPOSURE_S + rng.normal(0, NOISE_DFF, time_s.shape)
    baseline = np.where(time_s < -EXPOSURE_S / 2, trials, np.nan)
    return time_s, trials - np.nanmean(baseline, axis=1, keepdims=True)


def registration_rows(rng: np.random.Generator) -> list[Row]:
    """Find shifts of up to 10 px in images with 1 % noise."""
    errors = []
    for _ in range(SCENES):
        scene = make_scene(rng)
        truth = rng.uniform(-FARTHEST_PX, FARTHEST_PX, 2)
        images = [scene(*truth), scene(0.0, 0.0)]
        noise = 0.01 * max(image.max() for image in images)
        found = register(*(image + rng.normal(0, noise, image.shape) for image in images))
        errors.append(np.subtract((found.y_px, found.x_px), truth))
    rmse = float(np.sqrt(np.mean(np.square(errors))))
    case = f"registration of 80 x 80 with 1 % noise, shifts to {FARTHEST_PX:g} px"
    return [
        below(f"{case}: RMSE", rmse, "px", 0.01),
        Row(f"{case}: worst", float(np.abs(errors).max()), "px"),
    ]


def calibration_rows(rng: np.random.Generator) -> list[Row]:
    """Fit one series of Fig 5 for each dye: cells of different brightness, brought to one."""
    rows = []
    series = np.tile(SERIES_MM, CALIBRATED_CELLS)
    for name, sd_mM in KD_SD_MM.items():
        dye = INDICATORS[name]
        truth_mM = dye.dissociation_constant_mM
        light = fluorescence_from_concentration(
            series,
            fmin=1.0,
            fmax=1.0 + (dye.dynamic_range or 0.0),
            dissociation_constant_mM=truth_mM,
        )
        noisy = light * rng.normal(1.0, CALIBRATION_NOISE, light.shape)
        found = fit_calibration(series, noisy, CALIBRATION_NOISE * light)
        kd_mM = found.dissociation_constant_mM
        rows += [
            Row(
                f"Kd of {name} (paper {truth_mM:g} +- {sd_mM:g})",
                kd_mM,
                "mM",
                f"{truth_mM - sd_mM:.1f}-{truth_mM + sd_mM:.1f}",
                abs(kd_mM - truth_mM) <= sd_mM,
            ),
            Row(f"Kd of {name}: standard error", found.dissociation_constant_error_mM, "mM"),
        ]
    return rows
