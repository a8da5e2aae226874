"""What Tiled's writer gets says what the documents say."""

import copy
import math
from pathlib import PurePosixPath

import pytest

from blueslice._addresses import file_at
from blueslice.callbacks._tiled_documents import TiledDocuments, tiled_uri


def descriptor(**shapes):
    keys = {key: {"shape": shape, "dtype": "array", "source": ""} for key, shape in shapes.items()}
    return {"uid": "d", "name": "primary", "run_start": "r", "data_keys": keys}


def resource(key, chunks, uri="file://localhost/a/b.h5"):
    parameters = {"dataset": key, "chunk_shape": chunks}
    return {"uid": key, "data_key": key, "uri": uri, "parameters": parameters}


@pytest.mark.parametrize(
    ("shape", "chunks", "multiplier"),
    [
        ([1], [1, 1], 1),
        ([1], [1024], None),  # the dataset has no axis for it
        ([], [1], None),
        ([2], [1, 2], None),
        ([1, 80, 80], [1, 1, 80, 80], None),
    ],
)
def test_a_single_entry_keeps_its_axis(shape, chunks, multiplier):
    documents = TiledDocuments()
    documents("descriptor", descriptor(x=shape))
    kept = documents("stream_resource", resource("x", chunks))
    assert kept["parameters"].get("multiplier") == multiplier


@pytest.mark.parametrize(
    "path",
    [
        "/a b/c.h5",
        "/Jörg's/e\u0301.h5",
        "/資料/c.h5",
        '/"x"/c+d&e=f@g.h5',
        "/C:/a b/c.h5",
        "/a/b.h5",
    ],
)
def test_addresses_are_not_escaped(path):
    escaped = PurePosixPath(path).as_uri().replace("file:///", "file://localhost/", 1)
    uri = tiled_uri(escaped)
    assert uri == f"file://localhost{path}"
    assert tiled_uri(uri) == uri  # documents of a backup
    assert file_at(uri) == file_at(escaped)


def test_other_addresses_stay():
    assert tiled_uri("https://host/a%20b") == "https://host/a%20b"


def test_text_that_cannot_be_encoded_is_escaped_in_every_document():
    documents = TiledDocuments()
    event = {"data": {"x": "caf\udce9", "y": [1.5, math.inf]}, "descriptor": "d"}
    given = copy.deepcopy(event)
    assert documents("event", event)["data"] == {"x": "caf\\udce9", "y": [1.5, math.inf]}
    assert event == given
    assert documents("stop", {"reason": "\ud800"}) == {"reason": "\\ud800"}
    assert documents("start", {"\udce9": ["\udce9"]}) == {"\\udce9": ["\\udce9"]}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (math.inf, "inf"),
        (2**70, str(2**70)),
        (-1e300, "-1e+300"),
        (2**53 - 1, 2**53 - 1),
        (True, True),
        (-0.0, -0.0),
    ],
)
def test_numbers_that_tiled_would_change_become_text(value, kept):
    documents = TiledDocuments()
    assert documents("start", {"x": [value]}) == {"x": [kept]}
    assert documents("stop", {"x": {"y": value}}) == {"x": {"y": kept}}


def test_not_a_number_becomes_text():
    assert TiledDocuments()("start", {"x": math.nan}) == {"x": "nan"}
