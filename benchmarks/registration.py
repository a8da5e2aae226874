"""Sub-pixel registration of mean images against FFT cross-correlation with an upsampled peak."""

from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np
from benchmarks._measure import Row, interleave
from scipy.special import erf

from blueslice.analysis import register

SIZE = 80
SCENES = 200
# of the brightest pixel's light, in image and reference alike
NOISE = 0.01
SMALL_PX, LARGE_PX = 1.5, 10.0
RMSE_BOUND_PX = 0.01
TIME_BOUND_MS = 1.0
BUDGET_S = 4.0
UPSAMPLING = 100

Scene = Callable[[float, float], np.ndarray]


def make_scene(rng: np.random.Generator) -> Scene:
    """Draw a bent dendrite with spines in an uneven glow; it goes on beyond the image.

    Every part is a Gaussian integrated over the camera's pixels, so that the scene is exact at
    any shift and none is resampled.
    """
    along = np.linspace(-40, SIZE + 40, 400)
    bends = rng.uniform(3, 8, 2) * np.sin(
        along[:, None] / rng.uniform(10, 25, 2) + rng.uniform(0, 6, 2)
    )
    dendrite = np.stack([SIZE / 2 + rng.uniform(-0.6, 0.6) * (along - 40) + bends.sum(1), along])
    spines = dendrite[:, rng.integers(0, 400, 30)] + rng.normal(0, 4, (2, 30))
    glow = rng.uniform(-40, SIZE + 40, (2, 12))
    centre = np.concatenate([dendrite, spines, glow], axis=1)
    width = np.repeat([1.3, 1.1, 25.0], [400, 30, 12])
    light = np.concatenate([np.full(400, 1.0), rng.uniform(1, 4, 30), rng.uniform(100, 400, 12)])
    if rng.random() < 0.5:
        centre = centre[::-1]
    edges = np.arange(SIZE + 1) - 0.5

    def draw(y_px: float, x_px: float) -> np.ndarray:
        profiles = [
            np.diff(erf((edges - at[:, None]) / (np.sqrt(2) * width[:, None])))
            for at in (centre[0] + y_px, centre[1] + x_px)
        ]
        return (profiles[0] * light[:, None]).T @ profiles[1]

    return draw


def upsampled_cross_correlation(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """Refine the peak by a matrix DFT around it (Guizar-Sicairos 2008), after a Hann window."""
    size = len(image)
    window = np.outer(np.hanning(size), np.hanning(size))
    spectra = [np.fft.fft2(window * (part - part.mean())) for part in (image, reference)]
    product = spectra[0] * spectra[1].conj()
    peak = np.unravel_index(np.fft.ifft2(product).real.argmax(), product.shape)
    wave = np.fft.fftfreq(size)
    fine = np.arange(-0.75, 0.75, 1 / UPSAMPLING)
    at = [(p + size // 2) % size - size // 2 + fine for p in peak]
    turns = [np.exp(2j * np.pi * np.outer(shifts, wave)) for shifts in at]
    y, x = np.unravel_index((turns[0] @ product @ turns[1].T).real.argmax(), (len(fine),) * 2)
    return float(at[0][y]), float(at[1][x])


def ours(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    shift = register(image, reference)
    return shift.y_px, shift.x_px


METHODS = {"ours": ours, "upsampled FFT": upsampled_cross_correlation}


def least_variance(scene: Scene, noise: float) -> np.ndarray:
    """Give the variance in px^2 that no unbiased method can be below (Cramer-Rao), y and x."""
    step = 1e-3
    slopes = [
        (scene(*ahead) - scene(*behind)).ravel() / (2 * step)
        for ahead, behind in (((step, 0), (-step, 0)), ((0, step), (0, -step)))
    ]
    # of two images that are equally noisy
    return np.diag(np.linalg.inv(np.inner(slopes, slopes))) * 2 * noise**2


def run(seed: int) -> list[Row]:
    """Measure errors over scenes that nobody tuned for, and the time of one call."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    pair: list[np.ndarray] = []
    for farthest_px in (SMALL_PX, LARGE_PX):
        errors: dict[str, list[np.ndarray]] = {name: [] for name in METHODS}
        least = []
        for _ in range(SCENES):
            scene = make_scene(rng)
            truth = rng.uniform(-farthest_px, farthest_px, 2)
            pair = [scene(*truth), scene(0.0, 0.0)]
            noise = NOISE * max(part.max() for part in pair)
            least.append(least_variance(scene, noise))
            pair = [part + rng.normal(0, noise, part.shape) for part in pair]
            for name, method in METHODS.items():
                errors[name].append(np.subtract(method(pair[0], pair[1]), truth))
        rows += error_rows(f"{SIZE} x {SIZE}, shifts to {farthest_px:g} px", errors)
        case = f"{SIZE} x {SIZE}, shifts to {farthest_px:g} px: least possible, RMSE"
        rows.append(Row(case, float(np.sqrt(np.mean(least))), "px"))
    return rows + time_rows(pair, seed)


def error_rows(case: str, errors: dict[str, list[np.ndarray]]) -> list[Row]:
    rows = []
    for name, found in errors.items():
        rmse = float(np.sqrt(np.mean(np.square(found))))
        bounded = name == "ours"
        rows += [
            Row(
                f"{case}: {name}, RMSE",
                rmse,
                "px",
                f"< {RMSE_BOUND_PX:g} px" if bounded else "",
                rmse < RMSE_BOUND_PX if bounded else None,
            ),
            Row(f"{case}: {name}, worst", float(np.abs(found).max()), "px"),
        ]
    return rows


def time_rows(pair: list[np.ndarray], seed: int) -> list[Row]:
    times = interleave(
        {name: lambda method=method: method(pair[0], pair[1]) for name, method in METHODS.items()},
        budget_s=BUDGET_S,
        seed=seed,
    )
    milliseconds = {name: median(seconds) * 1e3 for name, seconds in times.items()}
    rows = [Row(f"{SIZE} x {SIZE}: {name}", taken, "ms") for name, taken in milliseconds.items()]
    bound = f"< {TIME_BOUND_MS:g} ms"
    rows[0] = replace(rows[0], bound=bound, holds=milliseconds["ours"] < TIME_BOUND_MS)
    return rows
