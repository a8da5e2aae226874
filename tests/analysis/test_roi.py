"""ROIs: what may be given, exact documents, masks and labels."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from blueslice.analysis import Roi, check_rois, rois_from_labels
from blueslice.errors import BadInputError

images = hnp.arrays(np.int8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
masks = images.map(lambda image: image % 2 == 1).filter(np.any)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("31,24,6,7", ("31,24,6,7", 31, 24, 6, 7)),
        ("spine=31, 24,6,7", ("spine", 31, 24, 6, 7)),
        (" a=b =0,0,1,1", ("a=b", 0, 0, 1, 1)),
    ],
)
def test_parse_reads_what_a_person_types(text, expected):
    roi = Roi.parse(text)
    assert (roi.name, roi.y, roi.x, roi.height, roi.width) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3", "is not y,x,height,width"),
        ("1,2,3,4,5", "is not y,x,height,width"),
        ("1,2,3,4.5", "is not y,x,height,width"),
        ("", "is not y,x,height,width"),
        ("=1,2,3,4", "name"),
        ("-1,2,3,4", "y = -1"),
        ("1,2,0,4", "height = 0"),
    ],
)
def test_parse_refuses_in_one_line(text, message):
    with pytest.raises(BadInputError, match=message) as caught:
        Roi.parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("roi", "message"),
    [
        ("spine=75,0,10,5", r"ROI 'spine' y 75\.\.85 leaves the image of 80 x 90; .* at most 80"),
        ("spine=0,88,10,5", r"ROI 'spine' x 88\.\.93 leaves the image of 80 x 90; .* at most 90"),
    ],
)
def test_check_names_the_roi_and_both_extents(roi, message):
    with pytest.raises(BadInputError, match=message):
        check_rois([Roi.parse(roi)], (80, 90))


def test_check_takes_the_last_pixel_and_refuses_a_repeated_name():
    check_rois([Roi.parse("a=70,80,10,10"), Roi.parse("b=70,80,10,10")], (80, 90))
    with pytest.raises(BadInputError, match="two ROIs are named 'a'"):
        check_rois([Roi.parse("a=0,0,1,1"), Roi.parse("a=1,1,1,1")], (80, 90))


@given(masks)
def test_mask_comes_back_exactly_through_json(mask):
    roi = Roi.from_mask("m", mask)
    again = Roi.from_document(json.loads(json.dumps(roi.to_document())))
    assert again == roi
    assert np.array_equal(again.mask(mask.shape), mask)
    assert again.pixel_count == mask.sum()


def test_a_full_mask_is_the_rectangle():
    mask = np.zeros((9, 9), bool)
    mask[2:5, 3:7] = True
    assert Roi.from_mask("r", mask) == Roi.parse("r=2,3,3,4")
    assert "spans" not in Roi.from_mask("r", mask).to_document()


@pytest.mark.parametrize("mask", [np.zeros((4, 4)), np.ones(4), np.ones((2, 2, 2))])
def test_mask_without_pixels_or_of_wrong_dimensions_is_refused(mask):
    with pytest.raises(BadInputError, match="'m'"):
        Roi.from_mask("m", mask)


@pytest.mark.parametrize(
    ("spans", "message"),
    [
        ([], "has no pixel"),
        ([[0, 2, 2], [1, 0, 2]], "is empty, out of order or overlaps"),
        ([[1, 0, 2], [0, 0, 2]], "is empty, out of order or overlaps"),
        ([[0, 0, 2], [0, 1, 2], [1, 0, 1]], "is empty, out of order or overlaps"),
        ([[0, 0, 3], [1, 0, 2]], r"spans fill y, x, height, width \(0, 0, 2, 3\)"),
        ([[0, 0, 2]], r"spans fill y, x, height, width \(0, 0, 1, 2\)"),
    ],
    ids=["none", "empty", "unsorted", "overlapping", "wider than its box", "lower than its box"],
)
def test_document_with_bad_spans_is_refused(spans, message):
    document = {"name": "m", "y": 0, "x": 0, "height": 2, "width": 2, "spans": spans}
    with pytest.raises(BadInputError, match=message):
        Roi.from_document(document)


def test_misspelt_key_is_refused():
    with pytest.raises(BadInputError, match="heigth: there is no such key"):
        Roi.from_document({"name": "m", "y": 0, "x": 0, "height": 1, "width": 2, "heigth": 2})


@given(images)
def test_labels_give_each_label_its_pixels(labels):
    rois = rois_from_labels(labels)
    assert [roi.name for roi in rois] == [str(v) for v in np.unique(labels) if v != 0]
    for roi in rois:
        assert np.array_equal(roi.mask(labels.shape), labels == int(roi.name))


def test_labels_take_names_and_refuse_unknown_ones():
    labels = np.array([[0, 1, 1], [2, 2, 0]])
    assert [r.name for r in rois_from_labels(labels, {2: "spine"})] == ["1", "spine"]
    with pytest.raises(BadInputError, match="label 3 has a name but no pixel"):
        rois_from_labels(labels, {3: "spine"})
    with pytest.raises(BadInputError, match="whole numbers"):
        rois_from_labels(labels.astype(float))


@given(st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_rectangle_has_its_rows_as_spans(numbers):
    y, x, height, width = numbers
    if not height or not width:
        return
    roi = Roi(name="r", y=y, x=x, height=height, width=width)
    mask = np.zeros((12, 12), bool)
    mask[y : y + height, x : x + width] = True
    assert np.array_equal(roi.mask((12, 12)), mask)
    assert roi.pixel_count == mask.sum()
