"""Shifts between trials: scenes with known truth, and two real recordings."""

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
import scipy.optimize
from scipy.special import erf

from blueslice.analysis import Roi, Shift, register, shift_image
from blueslice.errors import BadInputError
from blueslice.recordings import read_recording

RECORDINGS = Path(__file__).resolve().parents[2] / ".." / "shared" / "recordings"
FILES = ("70127A101.da", "70127A103.da")
needs_recordings = pytest.mark.skipif(
    not all((RECORDINGS / name).is_file() for name in FILES),
    reason="the real recordings are not in ../shared/recordings beside the repository",
)


def draw(shape, y_px=0.0, x_px=0.0, *, seed=0):
    """Draw 60 Gaussian spots integrated over pixels: exact at any shift, none is resampled."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(-0.2, 1.2, (2, 60)) * np.array(shape)[:, None] + [[y_px], [x_px]]
    width, light = rng.uniform(1.2, 3, 60), rng.uniform(300, 1500, 60)
    profiles = []
    for size, centre in zip(shape, at, strict=True):
        edges = np.arange(size + 1) - 0.5
        profiles.append(np.diff(erf((edges - centre[:, None]) / (2**0.5 * width[:, None])), axis=1))
    return 200 + (profiles[0] * light[:, None]).T @ profiles[1]


def errors_px(shift, truth):
    return np.abs(np.subtract((shift.y_px, shift.x_px), truth))


@pytest.mark.parametrize(
    ("shape", "truth"),
    [
        ((80, 80), (0.0, 0.0)),
        ((80, 80), (0.5, -0.5)),
        ((80, 80), (-1.37, 0.81)),
        ((80, 80), (10.3, -10.6)),
        ((80, 80), (-18.45, 3.2)),
        ((24, 24), (0.4, -1.2)),
        ((40, 131), (2.25, 20.75)),
        ((301, 256), (-0.2, 0.3)),
    ],
)
def test_noise_free_shift_is_exact_to_a_thousandth(shape, truth):
    shift = register(draw(shape, *truth), draw(shape))
    assert errors_px(shift, truth).max() < 0.001
    assert shift.correlation == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("farthest_px", [1.0, 10.0])
def test_noise_of_one_percent_costs_less_than_a_hundredth(farthest_px):
    rng = np.random.default_rng(11)
    found = []
    for seed in range(40):
        truth = rng.uniform(-farthest_px, farthest_px, 2)
        image, reference = draw((80, 80), *truth, seed=seed), draw((80, 80), seed=seed)
        noise = 0.01 * reference.max()
        shift = register(
            image + rng.normal(0, noise, image.shape), reference + rng.normal(0, noise, image.shape)
        )
        found.append(errors_px(shift, truth))
    assert np.sqrt(np.mean(np.square(found))) < 0.01


@pytest.mark.parametrize(("gain", "offset"), [(0.3, 0.0), (40.0, -9000.0), (1e-6, 1.0)])
def test_gain_and_offset_do_not_matter(gain, offset):
    image, reference = draw((80, 80), 1.3, -0.4), draw((80, 80))
    plain, scaled = register(image, reference), register(gain * image + offset, reference)
    assert errors_px(scaled, (plain.y_px, plain.x_px)).max() < 1e-6


def test_a_shift_near_half_a_pixel_settles_in_noise():
    rng = np.random.default_rng(3)
    for _ in range(60):
        truth = rng.choice([-1.5, -0.5, 0.5, 1.5], 2) + rng.normal(0, 0.01, 2)
        image, reference = draw((40, 40), *truth), draw((40, 40))
        image += rng.normal(0, 0.03 * image.max(), image.shape)
        assert errors_px(register(image, reference), truth).max() < 0.2


def test_wrapped_margin_misleads_unless_masked_or_unknown():
    true = np.array([0.3, -0.2])
    reference = draw((80, 80))
    rolled = np.roll(draw((80, 80), *(true - (6, 12))), (6, 12), (0, 1))
    mask = np.ones(rolled.shape, bool)
    mask[:6], mask[:, :12] = False, False
    assert errors_px(register(rolled, reference), true).max() > 0.01
    assert errors_px(register(rolled, reference, mask=mask), true).max() < 0.001
    unknown = np.where(mask, rolled, np.nan)
    assert errors_px(register(unknown, reference), true).max() < 0.001
    assert errors_px(register(reference, unknown), -true).max() < 0.001


def test_region_chooses_what_is_followed():
    # the left half moves one way, the right half the other
    image, reference = draw((80, 100), 2.2, 0.4), draw((80, 100))
    image[:, 50:] = draw((80, 100), -1.7, -0.9)[:, 50:]
    left, right = Roi.parse("left=0,0,80,42"), Roi.parse("right=0,58,80,42")
    assert errors_px(register(image, reference, region=left), (2.2, 0.4)).max() < 0.001
    assert errors_px(register(image, reference, region=right), (-1.7, -0.9)).max() < 0.001


def test_inputs_are_left_alone_and_any_layout_is_taken():
    image, reference = draw((60, 60), 0.7, 0.2), draw((60, 60))
    image[3, 3] = np.nan
    before = image.copy()
    straight = register(image, reference)
    np.testing.assert_array_equal(image, before)
    image.flags.writeable = False
    assert register(np.asfortranarray(image), reference[::1]) == straight
    counts = np.round(draw((60, 60), 0.7, 0.2)).astype(np.uint16)
    assert errors_px(register(counts, reference), (0.7, 0.2)).max() < 0.01


def test_shift_says_whole_pixels_remainder_and_the_way_back():
    shift = Shift(y_px=-2.3, x_px=4.75, correlation=0.9)
    assert shift.whole_px == (-2, 5)
    assert shift.remainder_px == pytest.approx((-0.3, -0.25))
    assert -shift == Shift(y_px=2.3, x_px=-4.75, correlation=0.9)
    assert Shift.from_document(shift.to_document()) == shift


def test_images_of_other_tissue_are_refused():
    for seed in range(1, 9):
        with pytest.raises(BadInputError, match="do not match"):
            register(draw((80, 80), seed=seed), draw((80, 80)))


def test_shift_along_a_straight_dendrite_is_found():
    # its correlation with itself is nearly level along it: only spines tell
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:80, :80]
    for _ in range(40):
        slope, along_px = rng.uniform(-0.3, 0.3), rng.uniform(-14, 14)
        spines = rng.normal(0, 4, 14), rng.uniform(-20, 100, 14)

        def trial(y_px, x_px, slope=slope, spines=spines):
            ridge = 40 + slope * (x - x_px - 40) + y_px
            image = 4 * np.exp(-((y - ridge) ** 2) / 5)
            for off, at in zip(*spines, strict=True):
                row = 40 + slope * (at - 40) + off + y_px
                image += 2 * np.exp(-((y - row) ** 2 + (x - at - x_px) ** 2) / 3)
            return image + rng.normal(0, 0.04, image.shape)

        truth = slope * along_px, along_px
        assert errors_px(register(trial(*truth), trial(0, 0)), truth).max() < 0.2


STRIPES = np.tile(np.sin(np.arange(80) / 4), (80, 1))
NOISE = np.random.default_rng(0).normal(size=(2, 80, 80))
FEW = np.full((80, 80), np.nan)
FEW[30:45, 30:45] = NOISE[0, 30:45, 30:45]


@pytest.mark.parametrize(
    ("image", "reference", "options", "message"),
    [
        (np.ones((80, 80)), np.ones((80, 81)), {}, "shapes .80, 80. and .80, 81."),
        (np.ones((23, 80)), np.ones((23, 80)), {}, "at least 24 x 24"),
        (np.ones(80), np.ones(80), {}, "give .y, x."),
        ("dark", np.ones((80, 80)), {}, "image is no array of numbers"),
        (np.full((80, 80), np.nan), NOISE[0], {}, "no known pixel"),
        (NOISE[0], np.full((80, 80), 0.1), {}, "the reference is even"),
        (np.full((80, 80), 0.1), NOISE[0], {}, "the image is even"),
        (FEW, NOISE[0], {}, "image has 9 pixels to compare"),
        (NOISE[0], NOISE[0], {"region": Roi.parse("0,0,9,9")}, "reference has 9 pixels"),
        (NOISE[0], NOISE[0], {"region": Roi.parse("70,0,20,9")}, "leaves the image"),
        (NOISE[0], NOISE[0], {"mask": np.ones((80, 79), bool)}, "mask has shape"),
        (NOISE[0], NOISE[0], {"mask": np.ones((80, 80))}, "type float64"),
        (STRIPES, STRIPES, {}, "one direction only"),
        (NOISE[0], NOISE[1], {}, "do not match"),
        (draw((80, 80), 33.0, 0.0), draw((80, 80)), {}, "do not match"),
    ],
)
def test_what_cannot_be_registered_is_refused(image, reference, options, message):
    with pytest.raises(BadInputError, match=message) as caught:
        register(image, reference, **options)
    assert "\n" not in str(caught.value)


def real_means(name, frames):
    recording = read_recording(RECORDINGS / name)
    return recording.frames[frames].mean(axis=0) - recording.dark


@needs_recordings
def test_whole_pixel_alignment_of_a_real_trial_left_a_remainder():
    # the file was rolled by 5 columns and a row or two; what came round the edge is masked
    mask = np.ones((80, 80), bool)
    mask[:2], mask[:, :5] = False, False
    sodium, calcium = (
        register(real_means(FILES[1], frames), real_means(FILES[0], frames), mask=mask)
        for frames in (slice(0, 18, 2), slice(1, 18, 2))
    )
    # two dyes in different frames saw the same tissue move, by nearly a pixel
    assert errors_px(sodium, (calcium.y_px, calcium.x_px)).max() < 0.06
    assert errors_px(calcium, (-0.44, 0.90)).max() < 0.06
    assert calcium.correlation is not None
    assert calcium.correlation > 0.99


@needs_recordings
def test_real_remainder_equals_a_search_by_resampling_and_is_removed():
    reference, image = (real_means(name, slice(1, 18, 2)) for name in FILES)
    image[:2], image[:, :5] = np.nan, np.nan
    inside = slice(14, -8), slice(14, -8)

    def unexplained(moved):
        return 1 - np.corrcoef(moved[inside].ravel(), reference[inside].ravel())[0, 1] ** 2

    filled = np.where(np.isfinite(image), image, np.nanmean(image))
    search = scipy.optimize.minimize(
        lambda back: unexplained(scipy.ndimage.shift(filled, back, order=3)),
        (0.0, 0.0),
        method="Nelder-Mead",
        options={"xatol": 1e-3, "fatol": 1e-9},
    )
    shift = register(image, reference)
    # the searches weigh pixels differently, and the tissue bends a little between the trials
    assert errors_px(shift, -search.x).max() < 0.1
    assert unexplained(shift_image(image, -shift)) < 0.2 * unexplained(image)


@needs_recordings
@pytest.mark.parametrize("name", FILES)
def test_real_tissue_holds_still_within_a_trial(name):
    late, early = real_means(name, slice(71, 100, 2)), real_means(name, slice(1, 30, 2))
    late[:2], late[:, :5] = np.nan, np.nan
    assert errors_px(register(late, early), (0.0, 0.0)).max() < 0.04
