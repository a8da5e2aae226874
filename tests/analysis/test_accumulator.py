"""Sums of a trial's frames: NumPy's numbers, and nothing taken of what does not fit."""

import numpy as np
import pytest

from blueslice.analysis import Corner, FrameAccumulator, Roi
from blueslice.errors import BadInputError

SHAPE = (30, 41)
ROIS = (Roi.parse("spine=12,14,6,6"), Roi.from_mask("mask", np.tri(20, 20) > 0))
CORNER = Corner(y=2, x=29, height=10, width=8)


@pytest.mark.parametrize("order", ["C", "F"])
def test_sums_equal_numpy(order):
    rng = np.random.default_rng(8)
    frames = rng.integers(900, 5000, (9, *SHAPE), dtype=np.uint16)
    dark = np.asarray(rng.uniform(850, 899, SHAPE), order=order)
    accumulator = FrameAccumulator(SHAPE, ROIS, corner=CORNER, dark=dark, image_count=2)
    targets = np.array([0, 1, -1, 0, 1, 1, -1, -1, 0])
    for block in (slice(0, 4), slice(4, 4), slice(4, 9)):
        accumulator.add(frames[block], targets[block])
    sums, images = accumulator.sums, accumulator.image_sums
    light = frames[:, 2:12, 29:37].mean(axis=(1, 2)) - dark[2:12, 29:37].mean()
    np.testing.assert_allclose(sums.light, light, rtol=1e-12)
    for index, roi in enumerate(ROIS):
        mask = roi.mask(SHAPE)
        assert sums.roi_sums[index].tolist() == frames[:, mask].sum(axis=1).tolist()
        assert sums.dark_roi_sums[index] == pytest.approx(dark[mask].sum(), rel=1e-13)
        assert sums.roi_pixels[index] == mask.sum()
    for target in (0, 1):
        chosen = targets == target
        assert images.frame_counts[target] == chosen.sum()
        assert images.light[target] == pytest.approx(light[chosen].sum(), rel=1e-12)
        assert images.weights[target] == pytest.approx((1 / light[chosen]).sum(), rel=1e-6)
        expected = (frames[chosen] / light[chosen, None, None]).sum(axis=0)
        np.testing.assert_allclose(images.images[target], expected, rtol=1e-6)


def test_without_corner_and_dark_frames_count_as_they_are():
    accumulator = FrameAccumulator(SHAPE, ROIS, image_count=1)
    accumulator.add(np.full((2, *SHAPE), 7, np.uint16), [0, 0])
    assert accumulator.sums.light.tolist() == [1.0, 1.0]
    assert accumulator.sums.dark_roi_sums.tolist() == [0.0, 0.0]
    assert (accumulator.image_sums.images == 14).all()


@pytest.mark.parametrize(
    ("frames", "targets", "message"),
    [
        (np.ones((2, *SHAPE), np.uint16), [0], "targets of shape"),
        (np.ones((1, *SHAPE), np.uint16), [4], "targets run from 4"),
        (np.ones((1, 5, 5), np.uint16), [0], "frames have shape"),
        (np.ones((1, *SHAPE), np.float32), [0], "type float32"),
    ],
)
def test_what_does_not_fit_is_refused_and_not_added(frames, targets, message):
    accumulator = FrameAccumulator(SHAPE, ROIS, image_count=4)
    with pytest.raises(BadInputError, match=message):
        accumulator.add(frames, targets)
    assert not accumulator.image_sums.images.any()
    assert accumulator.sums.roi_sums.shape == (2, 0)


def test_corner_outside_the_image_is_refused():
    with pytest.raises(BadInputError, match="corner"):
        FrameAccumulator((11, 41), ROIS[:0], corner=CORNER)
