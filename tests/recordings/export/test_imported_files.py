"""Imported files in a catalogue: all streams are read; exports have times, tags and unknowns."""

from datetime import datetime

import numpy as np
import pytest
from pynwb import NWBHDF5IO
from scipy.io import loadmat
from tests.recordings.writers.abf_1 import abf_1
from tests.recordings.writers.abf_2 import abf_2
from tests.recordings.writers.abf_content import AbfContent, TagContent
from tests.recordings.writers.camera_files import CameraContent, da, tsm_and_tbn

from blueslice.broker import CatalogueServer, DataDirectory, replay
from blueslice.callbacks import find_journals
from blueslice.cli import main
from blueslice.errors import BadInputError
from blueslice.recordings.export import export_run, open_run_data

# The catalogue of all of them takes longer than 5 s to be made.
pytestmark = pytest.mark.slow

SWEEPS = [np.arange(n, dtype=np.int16).reshape(2, -1) * 100 for n in (708, 140, 32)]
UNEQUAL = AbfContent(
    sweeps=SWEEPS,
    channels=[*AbfContent([]).channels, *AbfContent([]).channels],
    mode=1,
    tick_us=50.0,
    start_ticks=[420, 20_420, 60_420],
    tags=[TagContent(30_000, b"CNQX on"), TagContent(61_000, b"CNQX off")],
)
EQUAL = AbfContent([np.ones((1, 50), np.int16)] * 3, start_ticks=[0, 40_000, 80_000])


def camera_content(dtype):
    lines = np.zeros((8, 20, 8))
    lines[5, ::2], lines[4, 1::2], lines[3, 9, :2] = 0.7, 0.7, 0.8
    lines = (lines * 32768).astype(np.int16) if dtype == np.int16 else lines
    pictures = np.random.default_rng(2).integers(1000, 1100, (21, 26, 24)).astype(np.uint16)
    pictures[-1] = 900
    return CameraContent(pictures[:-1], pictures[-1], lines, datetime(2017, 1, 27, 11, 33))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("imported")
    (folder / "unequal.abf").write_bytes(abf_2(UNEQUAL))
    (folder / "equal.abf").write_bytes(abf_1(EQUAL))
    (folder / "trial.da").write_bytes(da(camera_content(np.int16), 2000))
    tsm, tbn = tsm_and_tbn(camera_content(np.float64), 0.002, padded=True)
    (folder / "pair.tsm").write_bytes(tsm)
    (folder / "pair.tbn").write_bytes(tbn)
    (folder / "rig.toml").write_text(
        'indicators = "bis-fura-2+ANG-2"\nrois = ["r=1,1,4,4"]\n'
        "[channels]\nled_1_channel = 5\nled_2_channel = 4\nled_delay_s = 0\nled_crosstalk = 0\n"
        "led_threshold_V = 0.36\nstimulus_threshold_V = 0.4\nvoltage_channel = 2\n"
    )
    directory = DataDirectory(folder / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("blueslice.commands.import_recordings._into_catalogue", lambda *_: None)
        files = [str(folder / n) for n in ("unequal.abf", "equal.abf", "trial.da", "pair.tsm")]
        told = ["--description", str(folder / "rig.toml"), "--data-dir", str(directory.path)]
        assert main(["import", *files, *told]) == 0
    with CatalogueServer(directory) as server:
        for path in find_journals(directory.journal):
            replay(path, server.client)
        yield server.client.v3


def uid_of(catalogue, name):
    starts = [run.metadata["start"] for run in catalogue.values()]
    (uid,) = [s["uid"] for s in starts if s.get("recording", {}).get("files", [""])[0] == name]
    return uid


STREAMS = {
    "unequal.abf": {"original", "annotations", "trials", "primary"},
    "equal.abf": {"original", "trials", "primary"},
    "trial.da": {"original", "trials", "primary"},
    "pair.tsm": {"original", "trials", "primary"},
}


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_is_read_whole(catalogue, name):
    run = catalogue[uid_of(catalogue, name)]
    assert set(run) == STREAMS[name]
    read = {stream: run[stream].read() for stream in run}
    if name == "trial.da":
        assert read["original"]["original-header"].shape == (1, 5120)
        assert read["original"]["original-trailer"].shape == (1, 16)
    if name == "pair.tsm":
        assert read["original"]["original-header"].shape == (1, 2884)
        assert not read["original"]["original-trailer"].values.any()
    if name == "unequal.abf":
        assert read["annotations"]["annotation-text"].values.tolist() == ["CNQX on", "CNQX off"]
        assert read["annotations"]["annotation-time_s"].values.tolist() == [1.5, 3.05]


def test_nwb_has_each_sweep_at_its_time_and_the_tags(catalogue, tmp_path):
    path = export_run(catalogue, uid_of(catalogue, "unequal.abf"), "nwb", tmp_path)
    with NWBHDF5IO(path, "r") as io:
        nwb = io.read()
        noted = nwb.events["annotations"].to_dataframe()
        assert noted["annotation"].tolist() == ["CNQX on", "CNQX off"]
        assert noted["timestamp"].tolist() == [1.5, 3.05]
        assert noted["kind"].tolist() == ["comment", "comment"]
        for k, starts_s in enumerate((0.021, 1.021, 3.021)):
            series = nwb.acquisition[f"voltage_{k + 1:04d}"]
            assert series.starting_time == pytest.approx(starts_s, abs=1e-12)
            np.testing.assert_array_equal(series.data[:], UNEQUAL.expected_samples(k, 0))
        # All channels as in the file, without what fills up shorter sweeps.
        every = nwb.acquisition["original_channels"]
        assert every.data.shape == (354 + 70 + 16, 2)
        assert every.timestamps[354] == pytest.approx(1.021, abs=1e-9)
        table = nwb.trials.to_dataframe()
        assert np.isnan(table["stimulus_uA"]).all()
        assert table["start_time"].tolist() == pytest.approx([0.021, 1.021, 3.021], abs=1e-12)


def test_mat_has_the_tags(catalogue, tmp_path):
    path = export_run(catalogue, uid_of(catalogue, "unequal.abf"), "mat", tmp_path)
    noted = loadmat(path, simplify_cells=True)["annotations"]
    assert noted["annotation_text"].tolist() == ["CNQX on", "CNQX off"]
    assert noted["annotation_time_s"].tolist() == [1.5, 3.05]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["unequal.abf", "equal.abf"])
def test_a_table_recommends_only_what_takes_the_run(catalogue, tmp_path, name, kind):
    uid = uid_of(catalogue, name)
    with pytest.raises(BadInputError) as told:
        export_run(catalogue, uid, kind, tmp_path)
    _, _, others = str(told.value).partition("; export it as ")
    assert others == "nwb or mat"
    for other in others.split(" or "):
        export_run(catalogue, uid, other, tmp_path)
    with pytest.raises(BadInputError, match="export it as nwb or mat"):
        export_run(catalogue, uid, "ome-zarr", tmp_path)


@pytest.mark.parametrize("name", ["trial.da", "pair.tsm"])
def test_an_unknown_current_is_empty_in_the_table(catalogue, tmp_path, name):
    path = export_run(catalogue, uid_of(catalogue, name), "csv", tmp_path)
    heading, *rows = (line.split(",") for line in path.read_text().splitlines())
    assert rows
    assert {row[heading.index("stimulus_uA")] for row in rows} == {""}
    with open_run_data(catalogue, uid_of(catalogue, name)) as run:
        (pulse,) = run.trial.pulses
        assert (pulse.amplitude_uA, pulse.amplitude_text) == (None, "unknown current")
