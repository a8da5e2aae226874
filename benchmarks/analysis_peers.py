"""Line profiles, smoothing and intervals against scikit-image and scipy, side by side."""

import math

import numpy as np
import scipy.ndimage
from benchmarks._measure import Row, interleave, ratio
from benchmarks.accuracy import FINE_S, INTERVAL_S, PEAK_DFF, gentle_shape, noisy_trials
from numpy.typing import NDArray
from scipy.special import erf

from blueslice.analysis import (
    LineProfile,
    average_trials,
    bootstrap_response,
    bootstrap_trials,
    line_profile,
    response_measures,
    smooth_in_time,
    time_grid,
    width_at_half_maximum,
)

Values = NDArray[np.float64]

# A spine of the paper's 1.3 um on pixels of 0.4 um, looked at along any direction.
FWHM_PX = 3.25
SIZE, LENGTH_PX, WIDTH_PX = 41, 16.0, 3.0
SPOTS = 400
IMAGE_NOISE = 0.05
BUDGET_S = 3.0
TRACES, RESAMPLES = 60, 120
CONFIDENCE = 0.95
GRID_S = time_grid(-0.03, 0.14, INTERVAL_S)


def run(seed: int) -> list[Row]:
    """Compare each with the nearest that a well-kept library has."""
    seeds = np.random.SeedSequence(seed).spawn(3)
    return [
        *profile_rows(np.random.default_rng(seeds[0]), seed),
        *smoothing_rows(np.random.default_rng(seeds[1]), seed),
        *interval_rows(np.random.default_rng(seeds[2]), seed),
    ]


def spot(y_px: float, x_px: float) -> Values:
    """Draw a round spot as a camera's pixels integrate it."""
    sd_px = FWHM_PX / math.sqrt(8 * math.log(2))
    edges = np.arange(SIZE + 1) - 0.5
    sides = [np.diff(erf((edges - at) / (math.sqrt(2) * sd_px))) / 2 for at in (y_px, x_px)]
    picture = np.outer(*sides)
    return picture / picture.max()


def peer_profile(image: Values, y_px: float, x_px: float, angle_rad: float) -> LineProfile:
    """Take scikit-image's profile of the same strip: whole pixels across, one sample a pixel."""
    from skimage.measure import profile_line

    half = LENGTH_PX / 2
    step = np.array([math.sin(angle_rad), math.cos(angle_rad)]) * half
    middle = np.array([y_px, x_px])
    found = profile_line(
        image, middle - step, middle + step, linewidth=int(WIDTH_PX), order=3, mode="nearest"
    )
    return LineProfile(np.linspace(-half, half, len(found)), np.asarray(found, np.float64))


def own_profile(image: Values, y_px: float, x_px: float, angle_rad: float) -> LineProfile:
    return line_profile(image, y_px, x_px, angle_rad, length_px=LENGTH_PX, width_px=WIDTH_PX)


PROFILES = {"ours": own_profile, "scikit-image": peer_profile}


def profile_rows(rng: np.random.Generator, seed: int) -> list[Row]:
    """Measure the width of spots in any place and direction, with noise and without."""
    # the pixel itself is seen in the width of what it shows
    truth_px = math.sqrt(FWHM_PX**2 + 8 * math.log(2) / 12)
    clean: dict[str, list[float]] = {name: [] for name in PROFILES}
    noisy: dict[str, list[float]] = {name: [] for name in PROFILES}
    for _ in range(SPOTS):
        y_px, x_px = SIZE // 2 + rng.uniform(-0.5, 0.5, 2)
        angle_rad = rng.uniform(0, math.pi)
        image = spot(y_px, x_px)
        seen = image + rng.normal(0, IMAGE_NOISE, image.shape)
        for name, profile in PROFILES.items():
            for picture, kept in ((image, clean), (seen, noisy)):
                line = profile(picture, y_px, x_px, angle_rad)
                kept[name].append(width_at_half_maximum(line).width_px / truth_px - 1)
    image = spot(20.3, 19.8)
    times = interleave(
        {name: lambda p=profile: p(image, 20.3, 19.8, 0.7) for name, profile in PROFILES.items()},
        budget_s=BUDGET_S,
        seed=seed,
    )
    rows = []
    for name in PROFILES:
        rows += [
            Row(
                f"width of a spot along a line, {name}: bias",
                1e2 * float(np.nanmean(clean[name])),
                "%",
            ),
            Row(f"width, {name}: error without noise (RMS)", rms_percent(clean[name]), "%"),
            Row(f"width, {name}: error with 5 % noise (RMS)", rms_percent(noisy[name]), "%"),
        ]
    gain = rms_percent(clean["scikit-image"]) / rms_percent(clean["ours"])
    return [
        *rows,
        Row("width without noise: error of scikit-image / ours", gain, "x", "> 1", gain > 1),
        Row("a profile: time of scikit-image / ours", ratio(times, "scikit-image", "ours"), "x"),
    ]


def rms_percent(values: list[float]) -> float:
    return 1e2 * float(np.sqrt(np.nanmean(np.square(values))))


def peer_smooth(values: Values) -> Values:
    return scipy.ndimage.convolve1d(values, [0.25, 0.5, 0.25], axis=-1, mode="nearest")


def smoothing_rows(rng: np.random.Generator, seed: int) -> list[Row]:
    """Smooth traces in which a frame in twenty was lost."""
    traces = rng.normal(0, 1, (1000, 100))
    traces[rng.random(traces.shape) < 0.05] = np.nan
    known = np.isfinite(traces)
    methods = {"ours": smooth_in_time, "scipy": peer_smooth}
    kept = {
        name: 1e2 * float(np.isfinite(smooth(traces)[known]).mean())
        for name, smooth in methods.items()
    }
    whole = np.where(known, traces, 0.0)
    same = np.abs(smooth_in_time(whole) - peer_smooth(whole))[:, 1:-1].max()
    times = interleave(
        {name: lambda s=smooth: s(traces) for name, smooth in methods.items()},
        budget_s=BUDGET_S,
        seed=seed,
    )
    return [
        *(
            Row(f"smoothing where 5 % of frames were lost, {name}: other samples kept", share, "%")
            for name, share in kept.items()
        ),
        Row("smoothing: of those kept, ours / scipy's", kept["ours"] / kept["scipy"], "x", "> 1",
            kept["ours"] > kept["scipy"]),
        Row("smoothing where none was lost: largest difference", same, "SD", "< 1e-12",
            bool(same < 1e-12)),
        Row("smoothing: time of scipy / ours", ratio(times, "scipy", "ours"), "x"),
    ]  # fmt: skip


def half_decay_s(mean: Values) -> float:
    return response_measures(GRID_S, mean, 0.0).half_decay_s


def interval_rows(rng: np.random.Generator, seed: int) -> list[Row]:
    """Ask both for the interval of the half-decay of a mean of four trials."""
    held: dict[str, list[bool]] = {"ours": [], "scipy": []}
    widths_ms: dict[str, list[float]] = {"ours": [], "scipy": []}
    taken: list[tuple[Values, Values]] = []
    for _ in range(TRACES):
        shape = gentle_shape(rng)
        shape *= PEAK_DFF / shape.max()
        truth_s = response_measures(FINE_S, shape, 0.0).half_decay_s
        taken.append(noisy_trials(shape, rng))
        for name, interval in both_intervals(*taken[-1], rng).items():
            held[name].append(interval[0] <= truth_s <= interval[1])
            widths_ms[name].append(1e3 * (interval[1] - interval[0]))
    times = interleave(
        {
            "ours": lambda: own_interval(*taken[0], np.random.default_rng(seed)),
            "scipy": lambda: peer_interval(*taken[0], np.random.default_rng(seed)),
        },
        budget_s=BUDGET_S,
        seed=seed,
    )
    rows = []
    for name in held:
        case = f"95 % interval of the half-decay, 4 trials, {name}"
        rows += [
            Row(f"{case}: holds the truth (n = {TRACES})", 1e2 * float(np.mean(held[name])), "%"),
            Row(f"{case}: median width", float(np.nanmedian(widths_ms[name])), "ms"),
        ]
    nearer = abs(np.mean(held["ours"]) - CONFIDENCE) < abs(np.mean(held["scipy"]) - CONFIDENCE)
    missed = 1e2 * float(np.mean(held["ours"]) - np.mean(held["scipy"]))
    return [
        *rows,
        Row("interval: ours holds it more often by", missed, "%", "nearer 95", bool(nearer)),
        Row("interval: time of scipy / ours", ratio(times, "scipy", "ours"), "x"),
    ]


def both_intervals(
    time_s: Values, trials: Values, rng: np.random.Generator
) -> dict[str, tuple[float, float]]:
    return {
        "ours": own_interval(time_s, trials, rng),
        "scipy": peer_interval(time_s, trials, rng),
    }


def own_interval(time_s: Values, trials: Values, rng: np.random.Generator) -> tuple[float, float]:
    found = bootstrap_response(
        time_s, trials, 0.0, exposure_s=0.0018, rng=rng, resamples=RESAMPLES
    )["half_decay_s"]
    return found.low, found.high


def peer_interval(time_s: Values, trials: Values, rng: np.random.Generator) -> tuple[float, float]:
    """Draw whole trials by `scipy.stats.bootstrap`, as one would without a model."""
    aligned = np.array(
        [average_trials([t], [v], 0.0, GRID_S).dff for t, v in zip(time_s, trials, strict=True)]
    )
    found = bootstrap_trials(aligned, half_decay_s, rng=rng, resamples=RESAMPLES)
    return found.low, found.high
