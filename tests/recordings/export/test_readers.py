"""Each line of the README's table of what opens what, and that no half file is left."""

import json
from contextlib import nullcontext
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from scipy.io import loadmat

from blueslice.broker import CatalogueServer, install_profile, replay
from blueslice.callbacks import find_journals, read_journal
from blueslice.errors import BadInputError
from blueslice.recordings import read_recording
from blueslice.recordings.export import FORMATS, export_run, open_run_data
from blueslice.recordings.export.frames import frame_table
from blueslice.recordings.export.run_data import no_progress
from blueslice.recordings.import_description import ImportDescription, load_toml

BOTH = ["wash", "imported"]


@pytest.fixture(scope="module")
def exported(runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("readers")
    paths = {
        (name, kind): folder / f"{name}{FORMATS[kind].suffix}"
        for name in BOTH
        for kind in ("mat", "csv", "parquet", "ome-zarr")
    }
    for (name, kind), path in paths.items():
        FORMATS[kind].write(runs[name], path, no_progress)
    return paths


@pytest.fixture(scope="module")
def server(recorded, runs):
    """The catalogue of the drug wash, served as at the rig."""
    with CatalogueServer(recorded) as server:
        for path in find_journals(recorded.journal):
            start = next(read_journal(path))[1]
            if start.get("plan_name") == "drug_wash" or start.get("raw_run") == runs["wash"].uid:
                replay(path, server.client)
        yield server


@pytest.fixture
def catalogue(server):
    return server.client.v3


@pytest.mark.parametrize("name", BOTH)
def test_matlab(runs, exported, name):
    content = loadmat(exported[name, "mat"], simplify_cells=True)
    run = runs[name]
    for key in {**run.arrays, **run.original}:
        stored = {**run.arrays, **run.original}[key][: run.trial_count]
        read = content[key.replace("-", "_")]
        assert np.array_equal(read.reshape(stored.shape), stored, equal_nan=True)
    table = frame_table(run)
    assert np.array_equal(content["frames"]["state"], table.state)
    assert np.array_equal(
        content["frames"]["time_s"], table.run_times_s(np.arange(len(table.trial)))
    )
    assert json.loads(content["start_json"]) == run.start
    dff = content["dff"]["sodium"].reshape(run.derived.columns["sodium"].shape)
    assert np.array_equal(dff, run.derived.columns["sodium"], equal_nan=True)
    if name == "wash":
        drugs = [str(drug) if len(drug) else "" for drug in content["trials"]["trial_drug"]]
        assert drugs == ["", "", "CNQX"]


def test_matlab_reads_the_imported_samples(da_file, exported):
    content = loadmat(exported["imported", "mat"], simplify_cells=True)
    recording = read_recording(da_file)
    assert np.array_equal(content["camera"].reshape(recording.frames.shape), recording.frames)
    voltage = recording.channels["voltage"]
    assert np.array_equal(content["amplifier_voltage"].reshape(voltage.shape), voltage)


@pytest.mark.parametrize("name", BOTH)
def test_pandas(runs, exported, name):
    parquet = pd.read_parquet(exported[name, "parquet"])
    csv = pd.read_csv(exported[name, "csv"], keep_default_na=False, na_values={"peak_dff": [""]})
    assert list(csv["peak_dff"]) == pytest.approx(list(parquet["peak_dff"]), nan_ok=True)
    run = runs[name]
    rois, trials = len(run.derived.start["rois"]), run.trial_count
    row = parquet[(parquet["trial"] == 1) & (parquet["ion"] == "sodium")].iloc[0]
    trace = run.derived.columns["sodium"][0][0]
    times_s = run.derived.columns["sodium_time"][0]
    (_, first_s), (low_s, high_s) = run.derived.start["baseline_s"], run.derived.start["response_s"]
    in_window = np.nanmean(trace[(times_s >= low_s) & (times_s < high_s)])
    taken = 0.0 if np.isnan(row["bleaching_dff"]) else row["bleaching_dff"]
    before = np.nanmean(trace[times_s < first_s])
    assert row["size_dff"] == pytest.approx(in_window - before - taken)
    assert list(parquet["peak_dff"].notna()) == list(parquet["response"])
    assert list(parquet["response"]) == list(parquet["size_dff"] > parquet["least_dff"])
    assert len(parquet) == trials * rois * 2
    assert set(parquet["indicator"]) == {"ANG-2", "bis-fura-2"}
    if name == "wash":
        assert list(parquet["drug"]) == [""] * 4 + ["CNQX"] * 2


@pytest.mark.parametrize("name", BOTH)
def test_ome_zarr(runs, exported, name):
    """By the reader that napari's plugin uses."""
    io, reader = pytest.importorskip("ome_zarr.io"), pytest.importorskip("ome_zarr.reader")
    run = runs[name]
    table = frame_table(run)
    for k in range(run.trial_count):
        images = {"sodium": table.lit_by(1), "calcium": table.lit_by(2)}
        images["unused"] = table.unused()
        for image, rows in images.items():
            own = rows[table.trial[rows] == k]
            path = exported[name, "ome-zarr"] / f"trial_{k + 1:03d}" / image
            assert path.exists() == bool(len(own))
            if not len(own):
                continue
            nodes = list(reader.Reader(io.parse_url(path))())
            expected = run.arrays["camera"][k][table.stored[own]]
            assert np.array_equal(np.asarray(nodes[0].data[0]), expected)
            assert [axis["name"] for axis in nodes[0].metadata["axes"]] == ["t", "y", "x"]
            scale, translation = nodes[0].metadata["coordinateTransformations"][0]
            assert translation["translation"][0] == pytest.approx(table.time_s[own[0]])
            if len(own) > 2:
                assert scale["scale"][0] == pytest.approx(0.004)
            if image != "unused":
                roi = run.derived.start["rois"][0]
                labels = np.asarray(nodes[2].data[0])[0]
                assert labels[roi["y"], roi["x"]] == 1
                assert labels.sum() == roi["height"] * roi["width"]


def test_a_run_of_the_catalogue_is_the_one_that_was_recorded(catalogue, runs):
    expected = runs["wash"]
    with open_run_data(catalogue, expected.uid) as run:
        assert (run.start, run.stop) == (expected.start, expected.stop)
        assert run.configuration == expected.configuration
        assert run.trial_count == 3
        assert set(run.arrays) == set(expected.arrays)
        for name, array in run.arrays.items():
            assert np.array_equal(array[:3], expected.arrays[name][:3], equal_nan=True)
        for ours, theirs in (
            (run.trials, expected.trials), (run.derived.columns, expected.derived.columns),
        ):  # fmt: skip
            assert set(ours) == {*theirs, "seq_num"}
            for name, values in theirs.items():
                assert np.array_equal(ours[name], values, equal_nan=values.dtype.kind == "f")
        assert run.derived.start == expected.derived.start


def test_xarray(catalogue, runs):
    run = catalogue[runs["wash"].uid]
    assert list(run["trials"].read()["trial-drug"].values) == ["", "", "CNQX"]
    camera = run["primary"].read(variables=["camera"])["camera"]
    assert camera.dims == ("time", "frame", "y", "x")
    assert camera.shape == (3, 100, 24, 26)


def test_databroker(server, runs):
    import databroker
    from tiled.profiles import load_profiles

    install_profile(server.data_directory, "slices")
    load_profiles.cache_clear()
    assert runs["wash"].uid in list(databroker.from_profile("slices").v3)


def test_tileds_web_page(server, runs):
    """The page, and the table and the picture that it asks the server for."""
    api = server.uri
    key = {"Authorization": f"Apikey {server.client.context.api_key}"}
    with httpx.Client(trust_env=False, headers=key, follow_redirects=True) as client:
        page = client.get(api.removesuffix("/api/v1") + "/ui/")
        assert (page.status_code, "Tiled" in page.text) == (200, True)
        run = runs["wash"].uid
        described = client.get(f"{api}/metadata/{run}").json()["data"]["attributes"]["metadata"]
        assert described["start"]["plan_name"] == "drug_wash"
        picture = client.get(
            f"{api}/array/full/{run}/primary/camera",
            params={"slice": "0,0", "format": "image/png"},
        )
        assert picture.content.startswith(b"\x89PNG")
        table = client.get(f"{api}/table/full/{run}/trials/internal", params={"format": "text/csv"})
        assert "CNQX" in table.text


@pytest.mark.parametrize("kind", FORMATS)
def test_no_half_file_is_left(runs, tmp_path, monkeypatch, kind):
    """Whatever a format reads from first, it breaks after something was written."""

    def broken(*_args, **_more):
        raise OSError(28, "No space left on device")

    for place in (
        "pynwb.NWBHDF5IO.write",
        "blueslice.recordings.export.ome_zarr._write_picture",
    ):
        monkeypatch.setattr(place, broken)
    monkeypatch.setattr("blueslice.recordings.export.matlab.savemat", half_written(broken))
    monkeypatch.setattr(pd.DataFrame, "to_csv", half_written(broken, place=1))
    monkeypatch.setattr("pyarrow.parquet.write_table", half_written(broken, place=1))
    opened = "blueslice.recordings.export.open_run_data"
    monkeypatch.setattr(opened, lambda *_: nullcontext(runs["wash"]))
    with pytest.raises(OSError, match="No space left on device"):
        export_run(None, runs["wash"].uid, kind, tmp_path)
    assert list(tmp_path.iterdir()) == []


def half_written(fail, place=0):
    def write(*args, **_more):
        args[place].write_bytes(b"half")
        fail()

    return write


@pytest.mark.parametrize(
    ("kind", "told"), [("tiff", "format 'tiff' is unknown; choose one of nwb, ome-zarr, csv")]
)
def test_unknown_formats_are_refused(tmp_path, kind, told):
    with pytest.raises(BadInputError, match=told):
        export_run(None, "abcd", kind, tmp_path)


def test_a_derived_run_is_refused(catalogue, tmp_path):
    uid = next(uid for uid in catalogue if "raw_run" in catalogue[uid].metadata["start"])
    with pytest.raises(BadInputError, match=r"is the dF/F of .*: export that"):
        export_run(catalogue, uid, "nwb", tmp_path)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"indicators": "fura+rhod"}, "indicator pair 'fura\\+rhod' is unknown"),
        ({"channels": {"voltage_chanel": 2}}, "voltage_chanel: there is no such key"),
        ({"rois": ["1,2,3"]}, "1,2,3"),
        ({"time_zone": "Mars"}, "time_zone = 'Mars' is unknown"),
        ({"indicator": "x"}, "indicator: there is no such key"),
    ],
)
def test_descriptions_are_checked(values, told):
    with pytest.raises(BadInputError, match=told):
        ImportDescription(**values)


def test_the_example_description_is_accepted():
    example = Path(__file__).resolve().parents[3] / "examples" / "import_neuroplex.toml"
    description = ImportDescription(**load_toml(example))
    assert description.indicators is not None
    assert description.indicators.name == "bis-fura-2+ANG-2"
