"""Metadata that would be other values when they are read back are refused with their key."""

import datetime
import os
from pathlib import Path

import bluesky.plan_stubs as bps
import numpy as np
import pytest

from blueslice._engine import close_run_engine, make_run_engine
from blueslice._exact_metadata import refuse_inexact_metadata
from blueslice.errors import BadInputError
from blueslice.ledger_session import check_cell_name
from blueslice.plans import single_pulse
from blueslice.protocols import load_protocol
from blueslice.protocols.rehearsal import rehearse
from blueslice.rig import make_sim_rig


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


REFUSED = [
    ({"x": float("inf")}, "metadata x = inf: JSON has no such number"),
    ({"x": float("nan")}, "metadata x = nan"),
    ({"x": {"y": [1, -np.inf]}}, r"metadata x\.y\[1\] = -inf"),
    ({"x": np.array([[0.0, np.nan]])}, r"metadata x\[0\]\[1\] = nan"),
    ({"x": 2**53}, r"metadata x = 9007199254740992: the catalogue keeps numbers up to 2\*\*53"),
    ({"x": -(2**70)}, "metadata x = -1180591620717411303424"),
    ({"x": 1e300}, r"metadata x = 1e\+300"),
    ({"x": np.uint64(2**64 - 1)}, r"metadata x = .*2\*\*53"),
    ({"x": Path("a")}, r"metadata x = .*give str\(\) of it"),
    ({"x": datetime.datetime(2026, 1, 2)}, r"metadata x = .*give its isoformat\(\)"),
    ({"x": {3}}, r"metadata x = \{3\}: .*give a sorted list"),
    ({"x": b"y"}, "metadata x = b'y': .*give a text"),
    ({"x": 1j}, "metadata x = 1j: .*complex"),
    ({"x": np.datetime64("2026-01-02")}, "metadata x = .*datetime64"),
    ({"x": np.array([1j])}, "metadata x = .*array of complex128"),
    ({"x": object}, "metadata x = "),
    ({"x": "\ud800"}, "metadata x = .*character 1 is not a Unicode character"),
    ({"x": os.fsdecode(b"caf\xe9.da")}, "metadata x = .*rename the file"),
    ({"x": "\ud83d\ude00"}, "metadata x = .*character 1"),
    ({"x": {"\udce9": 1}}, "metadata x.*in the key"),
    ({"x": {1: 2}}, r"metadata x\.1 = 1: the key is of type int"),
    ({"x": {"a.b": 2}}, r"metadata x\.a\.b = .*none with '\.'"),
    ({"a/b": 2}, "metadata a/b = .*'/'"),
    ({"x": nested(50)}, "metadata x = .*: it is nested more than 40 deep"),
    ({"x": nested(10_000)}, "metadata x = .*: it is nested more than 40 deep"),
    ({"tiled_specs": []}, "metadata tiled_specs: Tiled's writer takes it out"),
    ({"uid": "y"}, "metadata uid: the RunEngine gives it"),
    ({"sample": 3}, "metadata sample = 3: to bluesky this key means something else"),
]
KEPT = {
    "x": [1, 2.5, True, None, "ü 資料 \u0000 😀", {"y": {"z": []}}, (1, 2), -0.0, 5e-324],
    "largest": [2**53 - 1, 1 - 2**53, float(2**53 - 1)],
    "numpy": [np.float32(0.1), np.int64(3), np.array([1.5]), np.bool_(True), np.str_("ä")],
    "deep": nested(38),
    "sample": {"name": "s"},
}


@pytest.fixture
def engine():
    made = make_run_engine(context_managers=[])
    yield made
    close_run_engine(made)


@pytest.mark.parametrize(("metadata", "message"), REFUSED)
def test_what_would_change_is_refused(metadata, message):
    with pytest.raises(BadInputError, match=message) as refusal:
        refuse_inexact_metadata(metadata)
    assert len(str(refusal.value)) < 500


def test_what_does_not_change_is_taken():
    refuse_inexact_metadata(KEPT)


def run_of(metadata):
    yield from bps.open_run(metadata)
    yield from bps.close_run()


@pytest.mark.parametrize(("metadata", "message"), REFUSED)
def test_a_run_engine_refuses_it_in_every_way(engine, metadata, message):
    documents = []
    engine.subscribe(lambda name, doc: documents.append(name))
    before = dict(engine.md)
    engine.md.update(metadata)
    with pytest.raises(BadInputError, match=message):
        engine(run_of({}))
    engine.md.clear()
    engine.md.update(before)
    with pytest.raises(BadInputError, match=message):
        engine(run_of(metadata))
    with pytest.raises(BadInputError, match=message):
        engine(run_of({}), **metadata)
    assert documents == []
    assert len(engine(run_of({}), **KEPT)) == 1


@pytest.mark.parametrize(("metadata", "message"), REFUSED)
def test_a_plan_refuses_it_before_its_first_message(directory, metadata, message):
    rig = make_sim_rig(1, data_directory=directory)
    with pytest.raises(BadInputError, match=message):
        next(single_pulse(rig, trials=1, md=metadata))


def test_a_rehearsal_refuses_it(directory):
    rig = make_sim_rig(1, data_directory=directory)
    rig_like = run_of({"x": float("inf")})
    with pytest.raises(BadInputError, match="metadata x = inf"):
        rehearse(rig_like, rig)


def test_a_cell_name_that_cannot_be_encoded_is_refused(directory):
    rig = make_sim_rig(1, data_directory=directory)
    with pytest.raises(BadInputError, match=r"cell = .*character 4 is not a Unicode character"):
        check_cell_name(rig, "caf\udce9")


STEP = "steps:\n- plan: single_pulse\n"


@pytest.mark.parametrize("key", ["operator", "animal", "slice", "cell", "notes"])
def test_a_protocol_file_with_half_a_character_is_refused(tmp_path, key):
    path = tmp_path / "fig.yaml"
    path.write_text(f'metadata:\n  {key}: "a\\ud800"\n{STEP}')
    with pytest.raises(BadInputError, match=rf"fig\.yaml: .*{key}"):
        load_protocol(path)


def test_a_protocol_file_whose_name_is_not_utf_8_is_refused(tmp_path):
    with pytest.raises(BadInputError, match=r"name of the protocol file = .*rename"):
        load_protocol(tmp_path / os.fsdecode(b"caf\xe9.yaml"))
