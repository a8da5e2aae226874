"""The fused pass over frames against NumPy, scipy.sparse and the read-modify-write limit."""

from statistics import median

import numba
import numpy as np
import scipy.sparse
from benchmarks._measure import Row, interleave, ratio

from blueslice.analysis import Roi, RowSpans, add_frames, default_thread_count

SIZES = (80, 512, 2048)
ROI_COUNTS = (1, 100, 1000)
BUDGET_S = 5.0
SPARSE_BOUND = 3.0
# frames that are cycled through, so that none is found in the cache where a camera's would not be
FRAMES = 8


def run(seed: int) -> list[Row]:
    """Measure each image size with each number of ROIs."""
    rng = np.random.default_rng(seed)
    rows: list[Row] = []
    for size in SIZES:
        frames = rng.integers(500, 16384, (FRAMES, size, size), dtype=np.uint16)
        for roi_count in ROI_COUNTS:
            rows += measure_case(frames, make_rois(rng, size, roi_count), seed)
    return rows


def make_rois(rng: np.random.Generator, size: int, count: int) -> list[Roi]:
    """Draw disks, as segmented cells and spines are: 1/40 of the image wide, at least 5 pixels."""
    diameter = max(5, size // 40)
    offset = np.arange(diameter) - (diameter - 1) / 2
    disk = np.hypot(offset[:, None], offset) <= diameter / 2
    rows, starts = np.arange(diameter), disk.argmax(axis=1)
    stops = starts + disk.sum(axis=1)
    rois = []
    for number in range(count):
        y, x = rng.integers(0, size - diameter, 2)
        spans = np.stack([rows + y, starts + x, stops + x], axis=1).tolist()
        rois.append(Roi.from_spans(str(number), [(a, b, c) for a, b, c in spans]))
    return rois


def measure_case(frames: np.ndarray, rois: list[Roi], seed: int) -> list[Row]:
    """Time every way of doing one case, and check that they agree."""
    count, size, _ = frames.shape
    shape = (size, size)
    spans = RowSpans.of(rois, shape)
    weight = np.float32(1 / 700)
    weights, targets = np.full(count, weight), np.zeros(count, np.int64)
    images = {name: np.zeros((1, *shape), np.float32) for name in ("each", "block", "bare")}
    numpy_image, sparse_image = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    pixels = [np.flatnonzero(roi.mask(shape)) for roi in rois]
    # float32 is the quickest matrix, although its sums are exact below 2**24 only
    matrix = scipy.sparse.csr_array(
        (
            np.ones(sum(map(len, pixels)), np.float32),
            np.concatenate(pixels),
            np.cumsum([0, *map(len, pixels)]),
        ),
        shape=(len(rois), size * size),
    )
    exact_matrix = matrix.astype(np.int64)
    floats, integers = np.empty(shape, np.float32), np.empty(shape, np.int64)
    threads = default_thread_count(size * size)
    bands = np.array([size * band // threads for band in range(threads + 1)])
    sums: dict[str, np.ndarray] = {}

    def fused_each() -> None:
        sums["fused, a frame a call"] = np.concatenate(
            [
                add_frames(frames[k : k + 1], spans, targets[:1], weights[:1], images["each"])
                for k in range(count)
            ]
        )

    def fused_block() -> None:
        sums["fused, a block a call"] = add_frames(frames, spans, targets, weights, images["block"])

    def naive() -> None:
        found = []
        for frame in frames:
            flat = frame.ravel()
            found.append([flat[region].sum(dtype=np.int64) for region in pixels])
            numpy_image[...] += weight * frame
        sums["NumPy"] = np.array(found)

    def sparse() -> None:
        found = []
        for frame in frames:
            np.copyto(floats, frame)
            found.append(matrix @ floats.ravel())
            np.multiply(floats, weight, out=floats)
            np.add(sparse_image, floats, out=sparse_image)
        sums["float32 CSR"] = np.array(found)

    def sparse_exact() -> None:
        found = []
        for frame in frames:
            np.copyto(integers, frame)
            found.append(exact_matrix @ integers.ravel())
            np.copyto(floats, frame)
            np.multiply(floats, weight, out=floats)
            np.add(sparse_image, floats, out=sparse_image)
        sums["int64 CSR"] = np.array(found)

    def limit() -> None:
        for frame in frames:
            read_modify_write(frame, weight, images["bare"][0], bands)

    times = interleave(
        {
            "fused, a frame a call": fused_each,
            "fused, a block a call": fused_block,
            "NumPy": naive,
            "float32 CSR": sparse,
            "int64 CSR": sparse_exact,
            "limit": limit,
        },
        budget_s=BUDGET_S,
        seed=seed,
    )
    for name in ("fused, a block a call", "NumPy", "int64 CSR"):
        np.testing.assert_array_equal(sums[name], sums["fused, a frame a call"])
    np.testing.assert_allclose(sums["float32 CSR"], sums["NumPy"], rtol=1e-5)

    case = f"{size} x {size}, {len(rois)} ROIs"
    bounded = size >= 512 and len(rois) == 100
    rows: list[Row] = []
    for name in ("fused, a frame a call", "fused, a block a call"):
        rows.append(Row(f"{case}: {name}", median(times[name]) / count * 1e6, "us/frame"))
        rows += [
            Row(f"{case}: {name}, against {other}", ratio(times, other, name), "x")
            for other in ("NumPy", "int64 CSR", "limit")
        ]
        # live and offline hand frames over in blocks: there the bound has to hold, against
        # the quickest of the peers
        against = ratio(times, "float32 CSR", name)
        has_bound = bounded and name == "fused, a block a call"
        rows.append(
            Row(
                f"{case}: {name}, against float32 CSR",
                against,
                "x",
                f">= {SPARSE_BOUND:g}" if has_bound else "",
                against >= SPARSE_BOUND if has_bound else None,
            )
        )
    return rows


@numba.njit(parallel=True)
def _banded(frame, weight, image, bands):
    for band in numba.prange(len(bands) - 1):
        for y in range(bands[band], bands[band + 1]):
            for x in range(frame.shape[1]):
                image[y, x] += weight * np.float32(frame[y, x])


@numba.njit
def _single(frame, weight, image):
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            image[y, x] += weight * np.float32(frame[y, x])


def read_modify_write(frame, weight, image, bands) -> None:
    """Add a frame to an image and nothing else: what the machine's memory allows."""
    if len(bands) == 2:
        _single(frame, weight, image)
    else:
        _banded(frame, weight, image, bands)
