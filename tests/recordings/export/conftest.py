"""A simulated drug wash and imported files, as plain data."""

from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import h5py
import numpy as np
import pytest

from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals, read_journal
from blueslice.cli import main
from blueslice.plans import WashStep, drug_wash
from blueslice.recordings.export import Derived, RunData
from blueslice.rig import make_sim_rig
from blueslice.session import Session

REAL = Path(__file__).resolve().parents[3] / ".." / "shared" / "recordings"
ROWS, COLUMNS, FRAMES, SAMPLES = 30, 26, 40, 8
DESCRIPTION = """
indicators = "bis-fura-2+ANG-2"
animal = "a/7"
operator = "Ross, W."
pixel_size_um = 0.5
stimulus_uA = 20
rois = ["head=10,8,3,3"]
"""


def da_bytes(seed: int = 3) -> bytes:
    """A `.da` file: LED 1 lights even frames, LED 2 odd ones; frame 7 both, frame 12 none."""
    rng = np.random.default_rng(seed)
    header = rng.integers(0, 100, 2560).astype("<i2")
    header[[4, 384, 385, 388, 391]] = FRAMES, COLUMNS, ROWS, 2000, SAMPLES
    clock = "".join(letter * 2 for letter in "23:59:0828Feb12").encode()
    header[13 : 13 + len(clock) // 2] = np.frombuffer(clock, "<i2")
    pixels = rng.integers(1000, 3000, (ROWS, COLUMNS, FRAMES)).astype("<i2")
    lines = rng.integers(-300, 300, (8, FRAMES, SAMPLES)).astype("<i2")
    lines[2] -= 22938  # -70 mV at gain 10
    lines[5, ::2] += 24000
    lines[4, 1::2] += 24000
    lines[5, 7] += 24000
    lines[5, 12] -= 24000
    lines[3, 10, 4:6] += 26000
    dark = rng.integers(800, 900, (ROWS, COLUMNS)).astype("<i2")
    parts = (header, pixels, lines, dark, rng.integers(0, 9, 8).astype("<i2"))
    return b"".join(part.tobytes() for part in parts)


@pytest.fixture(scope="session")
def da_file(tmp_path_factory):
    file = tmp_path_factory.mktemp("da") / "small.da"
    file.write_bytes(da_bytes())
    return file


@pytest.fixture(scope="session")
def recorded(tmp_path_factory, da_file):
    """A data directory with a simulated drug wash and imported files, and no catalogue yet."""
    folder = tmp_path_factory.mktemp("exported")
    directory = DataDirectory(folder / "data")
    rig = make_sim_rig(2, data_directory=directory, rows=24, columns=26)
    steps = [
        WashStep(name="control", trials=2, wait=0),
        WashStep(name="CNQX", solution="ACSF + 5 uM CNQX", trials=1, wait=10),
    ]
    with Session(rig, directory, catalogue=False) as session:
        session.RE(drug_wash(rig, steps, md={"animal": "m12", "operator": "Ross, W."}))
    description = folder / "small.toml"
    description.write_text(DESCRIPTION)
    real = [REAL / "70127A101.da", REAL / "20408B001.tsm"] if REAL.is_dir() else []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blueslice.commands.import_recordings._into_catalogue", lambda *_: None)
        for file in (da_file, *real):
            arguments = ["import", str(file), "--description", str(description)]
            assert main([*arguments, "--data-dir", str(directory.path)]) == 0
    return directory


def name_of(start):
    """What the tests call a run: "wash", "imported", or its file."""
    if "recording" not in start:
        return start["plan_name"].removeprefix("drug_")
    return start["recording"]["files"][0].replace("small.da", "imported")


@pytest.fixture(scope="session")
def runs(recorded):
    """The runs as plain data by name, read from journals and raw files without any server."""
    documents = [list(read_journal(path)) for path in find_journals(recorded.journal)]
    derived = {d[0][1]["raw_run"]: d for d in documents if "raw_run" in d[0][1]}
    with ExitStack() as closing:
        raw = [d for d in documents if "raw_run" not in d[0][1]]
        yield {name_of(d[0][1]): to_run_data(d, derived[d[0][1]["uid"]], closing) for d in raw}


def to_run_data(documents, derived, closing):
    start = documents[0][1]
    descriptors = {doc["uid"]: doc for name, doc in documents if name == "descriptor"}
    primary = next(doc for doc in descriptors.values() if doc["name"] == "primary")
    arrays = {"primary": {}, "original": {}}
    streams = {doc["stream_resource"]: descriptors[doc["descriptor"]]["name"]
               for name, doc in documents if name == "stream_datum"}  # fmt: skip
    for name, doc in documents:
        if name == "stream_resource":
            path = url2pathname(urlparse(doc["uri"]).path)
            file = closing.enter_context(h5py.File(path, "r", swmr=True))
            arrays[streams[doc["uid"]]][doc["data_key"]] = file[doc["parameters"]["dataset"]]
    return RunData(
        start=start,
        stop=documents[-1][1],
        arrays=arrays["primary"],
        original=arrays["original"],
        trials=columns(documents, "trials"),
        configuration={
            key: value
            for device in primary["configuration"].values()
            for key, value in device["data"].items()
        },
        derived=Derived(derived[0][1], columns(derived, "dff")),
    )


def columns(documents, stream):
    (uid,) = [d["uid"] for name, d in documents if name == "descriptor" and d["name"] == stream]
    events = [d for name, d in documents if name == "event" and d["descriptor"] == uid]
    data = {key: np.asarray([event["data"][key] for event in events]) for key in events[0]["data"]}
    return {**data, "time": np.array([event["time"] for event in events])}
