"""The fused pass gives NumPy's numbers, whatever the blocks, the threads and the cache."""

import itertools
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blueslice.analysis import Roi, RowSpans, add_frames, default_thread_count
from blueslice.errors import BadInputError


def make_case(seed, shape=(40, 33), frames=7, images=3):
    rng = np.random.default_rng(seed)
    movie = rng.integers(0, 65536, (frames, *shape), dtype=np.uint16)
    rois = [Roi.from_mask(f"mask {i}", rng.random(shape) < 0.3) for i in range(3)]
    rois += [Roi.parse(f"all=0,0,{shape[0]},{shape[1]}"), Roi.parse("pixel=39,32,1,1")]
    targets = rng.integers(-1, images, frames)
    return movie, rois, targets, rng.random(frames).astype(np.float32)


def numpy_answer(movie, rois, targets, weights, images):
    out = np.zeros((images, *movie.shape[1:]), np.float32)
    for frame, target, weight in zip(movie, targets, weights, strict=True):
        if target >= 0:
            out[target] += weight * frame.astype(np.float32)
    masks = [roi.mask(movie.shape[1:]) for roi in rois]
    return [[int(f[m].sum(dtype=object)) for m in masks] for f in movie], out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 5), st.lists(st.integers(0, 7), max_size=4))
def test_equals_numpy_for_any_blocks_and_threads(seed, threads, cuts):
    movie, rois, targets, weights = make_case(seed)
    spans = RowSpans.of(rois, movie.shape[1:])
    images = np.zeros((3, *movie.shape[1:]), np.float32)
    bounds = sorted([0, *cuts, len(movie)])
    sums = [
        add_frames(movie[a:b], spans, targets[a:b], weights[a:b], images, threads=threads)
        for a, b in itertools.pairwise(bounds)
    ]
    expected_sums, expected_images = numpy_answer(movie, rois, targets, weights, 3)
    assert np.concatenate(sums).tolist() == expected_sums
    assert images.tobytes() == expected_images.tobytes()


def test_brightest_image_does_not_overflow():
    shape = (3, 65536)
    movie = np.full((1, *shape), 65535, np.uint16)
    spans = RowSpans.of([Roi.parse("all=0,0,3,65536")], shape)
    no_image, none = np.zeros((0, *shape), np.float32), np.array([-1])
    sums = add_frames(movie, spans, none, np.zeros(1, np.float32), no_image)
    assert sums.tolist() == [[3 * 65536 * 65535]]


def test_read_only_and_strided_frames_are_taken():
    movie, rois, targets, weights = make_case(1)
    spans = RowSpans.of(rois, movie.shape[1:])
    images = np.zeros((3, *movie.shape[1:]), np.float32)
    strided = np.asfortranarray(movie)
    strided.flags.writeable = False
    sums = add_frames(strided, spans, targets, weights, images)
    assert sums.tolist() == numpy_answer(movie, rois, targets, weights, 3)[0]
    frozen = movie.copy()
    frozen.flags.writeable = False
    assert np.array_equal(add_frames(frozen, spans, targets, weights, images), sums)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"movie": lambda m: m.astype(np.int16)}, "frames have type int16"),
        ({"movie": lambda m: m[:, 1:]}, "frames have type uint16 and shape"),
        ({"movie": lambda m: m[0]}, "frames have type uint16 and shape"),
        ({"targets": lambda t: t[1:]}, "targets of shape"),
        ({"targets": lambda t: t * 0 + 3}, "targets run from 3 to 3"),
        ({"targets": lambda t: t * 0 - 2}, "targets run from -2"),
        ({"weights": lambda w: w[1:]}, "weights of\\s+shape"),
        ({"images": lambda i: i.astype(np.float64)}, "images have type float64"),
        ({"images": lambda i: i[:, :, ::-1]}, "C-contiguous"),
        ({"images": lambda i: i[0]}, "images have type float32 and shape"),
    ],
)
def test_what_would_write_out_of_bounds_is_refused(change, message):
    movie, rois, targets, weights = make_case(1)
    spans = RowSpans.of(rois, movie.shape[1:])
    given_values = {
        "movie": movie,
        "targets": targets,
        "weights": weights,
        "images": np.zeros((3, *movie.shape[1:]), np.float32),
    }
    for name, function in change.items():
        given_values[name] = function(given_values[name])
    with pytest.raises(BadInputError, match=message):
        add_frames(
            given_values["movie"],
            spans,
            given_values["targets"],
            given_values["weights"],
            given_values["images"],
        )
    if "images" not in change:
        assert not given_values["images"].any()


def test_spans_are_checked_against_the_image():
    with pytest.raises(BadInputError, match="leaves the image"):
        RowSpans.of([Roi.parse("0,0,5,5")], (4, 5))
    with pytest.raises(BadInputError, match="65537 pixels wide"):
        RowSpans.of([Roi.parse("0,0,1,1")], (4, 65537))


def test_threads_by_the_work_of_one_call():
    assert default_thread_count(2**21) == 1
    assert default_thread_count(2**21 + 1) == min(4, os.cpu_count() or 1)


def test_two_python_threads_at_once():
    movie, rois, targets, weights = make_case(2, frames=60)
    spans = RowSpans.of(rois, movie.shape[1:])
    expected = numpy_answer(movie, rois, targets, weights, 3)[0]
    found = {}

    def run(name):
        images = np.zeros((3, *movie.shape[1:]), np.float32)
        for _ in range(20):
            found[name] = add_frames(movie, spans, targets, weights, images, threads=3).tolist()

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": expected, "b": expected}


def test_it_works_where_compiled_code_cannot_be_kept(tmp_path):
    # no folder of the cache can be made below a plain file
    (tmp_path / "file").write_text("")
    code = (
        "import numba.core.caching as c\n"
        "def refuse(self): raise OSError('read-only')\n"
        "c._CacheLocator.ensure_cache_path = refuse\n"
        "from blueslice.analysis import Roi, RowSpans, add_frames\n"
        "import numpy as np\n"
        "s = RowSpans.of([Roi.parse('0,0,2,2')], (2, 2))\n"
        "print(add_frames(np.ones((1, 2, 2), np.uint16), s, np.array([-1]),"
        " np.ones(1, np.float32), np.zeros((0, 2, 2), np.float32)))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "file" / "below")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "[[4]]", done.stderr
