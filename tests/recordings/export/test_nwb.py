"""NWB: every frame once and where it belongs, and nothing that the inspector minds."""

import json
import struct

import numpy as np
import pynwb
import pytest
from nwbinspector import Importance, inspect_nwbfile, load_config

from blueslice.recordings.export import NwbMetadata, write_nwb
from blueslice.recordings.export import frames as frames_module
from blueslice.recordings.export.frames import frame_table
from blueslice.recordings.export.nwb_metadata import UNKNOWN_SPECIES

# Raised inside hdmf.
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.set_index")

MINDED = (Importance.CRITICAL, Importance.BEST_PRACTICE_VIOLATION, Importance.ERROR)


def minded(path):
    """What the inspector minds, by the rules of DANDI."""
    told = inspect_nwbfile(nwbfile_path=path, config=load_config("dandi"))
    return [f"{m.check_function_name} {m.object_name}: {m.message}" for m in told
            if m.importance in MINDED]  # fmt: skip


@pytest.fixture(scope="module")
def files(runs, tmp_path_factory):
    """Both runs as NWB."""
    folder = tmp_path_factory.mktemp("nwb")
    metadata = NwbMetadata(species="Mus musculus", sex="F", age="P25D", keywords=("spine",))
    paths = {name: folder / f"{name}.nwb" for name in ("wash", "imported")}
    write_nwb(runs["wash"], paths["wash"], metadata=metadata)
    write_nwb(runs["imported"], paths["imported"])
    return paths


@pytest.fixture
def opened(files, request):
    """The file of a run, open."""
    with pynwb.NWBHDF5IO(files[request.param], "r") as io:
        yield request.param, io.read()


both = pytest.mark.parametrize("opened", ["wash", "imported"], indirect=True)
wash = pytest.mark.parametrize("opened", ["wash"], indirect=True)
imported = pytest.mark.parametrize("opened", ["imported"], indirect=True)


def series_frames(nwb, name):
    """The frames (n, y, x) of a series in either of its forms."""
    series = nwb.acquisition[name]
    if hasattr(series, "indexed_images") and series.indexed_images is not None:
        images = series.indexed_images
        names = sorted(images.images)
        return np.array([images[names[k]].data[:].T for k in series.data[:]])
    return series.data[:].transpose(0, 2, 1)


def series_times(series):
    if series.timestamps is not None:
        return series.timestamps[:]
    return series.starting_time + np.arange(len(series.data)) / series.rate


@pytest.mark.parametrize("name", ["wash", "imported"])
def test_the_inspector_minds_nothing(files, name):
    assert minded(files[name]) == []


@both
def test_every_frame_is_there_once(runs, opened):
    name, nwb = opened
    table = nwb.acquisition["frames"].to_dataframe()
    run = runs[name]
    camera = run.arrays["camera"][: run.trial_count]
    assert len(table) == camera.shape[0] * camera.shape[1]
    for series, rows in table.groupby("series"):
        frames = series_frames(nwb, series)
        assert sorted(rows["place_in_series"]) == list(range(len(frames)))
        recorded = camera[rows["trial_number"] - 1, rows["place_in_trial"]]
        assert np.array_equal(frames[rows["place_in_series"]], recorded)
        times_s = series_times(nwb.acquisition[series])
        assert np.allclose(times_s[rows["place_in_series"]], rows["mid_exposure"], atol=1e-9)


@wash
def test_an_ion_has_only_its_own_frames_at_their_true_times(runs, opened):
    nwb = opened[1]
    run = runs["wash"]
    starts_s = run.trial_starts_s()
    for name, first, wavelength_nm, dye in (
        ("sodium", 0, 520, "ANG-2"), ("calcium", 1, 385, "bis-fura-2"),
    ):  # fmt: skip
        series = nwb.acquisition[name]
        plane = series.imaging_plane
        assert (plane.excitation_lambda, plane.indicator) == (wavelength_nm, dye)
        within_s = np.arange(first, 100, 2) / 500 + 0.0009
        expected_s = (starts_s[:, None] + within_s).ravel()
        assert np.allclose(series.timestamps[:], expected_s, rtol=0, atol=1e-9)
        assert (series.exposure_time, plane.location) == (0.0018, "root")


@wash
def test_trials_and_patch(runs, opened):
    nwb = opened[1]
    trials = nwb.trials.to_dataframe()
    assert list(trials["phase"]) == ["control", "control", "CNQX"]
    assert list(trials["drug"]) == ["", "", "CNQX"]
    assert list(trials["concentration_uM"]) == [0, 0, 5]
    assert np.allclose(trials["stop_time"] - trials["start_time"], 0.2)
    for pulses, start in zip(trials["pulses"], trials["start_time"], strict=True):
        assert np.allclose(np.asarray(pulses) - start, [0.036, 0.046], atol=1e-4)
    recordings = nwb.intracellular_recordings
    assert len(recordings) == 3
    run = runs["wash"]
    for k in range(3):
        response = recordings["responses"]["response"][k].timeseries
        stimulus = recordings["stimuli"]["stimulus"][k].timeseries
        for series, key, factor in (
            (response, "amplifier-voltage", 1e-3),
            (stimulus, "amplifier-current", 1e-12),
        ):
            assert np.array_equal(series.data[:], run.arrays[key][k].ravel())
            assert series.conversion == factor
            assert (series.rate, series.starting_time) == (20000, trials["start_time"][k])
    for led in (1, 2):
        line = run.arrays[f"amplifier-led_{led}"][:3].ravel()
        assert np.array_equal(nwb.acquisition[f"led_{led}_monitor"].data[:], line)
    conditions = nwb.icephys_experimental_conditions.to_dataframe()
    assert list(conditions["drug"]) == ["none", "CNQX"]
    assert {"camera", "led_1", "led_2", "amplifier"} <= set(nwb.devices)
    subject = nwb.subject
    told = (subject.subject_id, subject.species, subject.sex, subject.age)
    assert told == ("m12", "Mus musculus", "F", "P25D")
    assert (nwb.experimenter, list(nwb.keywords[:])) == (("Ross, W.",), ["spine"])


@both
def test_rois_fluorescence_and_dff(runs, opened):
    name, nwb = opened
    module = nwb.processing["ophys"]
    run = runs[name]
    derived = run.derived
    table = frame_table(run)
    for led, ion in ((1, "sodium"), (2, "calcium")):
        dff = module["DfOverF"][f"{ion}_dff"]
        expected = np.concatenate([
            values[:, np.isfinite(times)].T
            for values, times in zip(derived.columns[ion], derived.columns[f"{ion}_time"],
                                     strict=True)
        ])  # fmt: skip
        assert np.array_equal(dff.data[:], expected, equal_nan=True)
        (mask,) = dff.rois.table["image_mask"][:]
        roi = derived.start["rois"][0]
        within = np.zeros_like(mask)
        within[roi["x"] : roi["x"] + roi["width"], roi["y"] : roi["y"] + roi["height"]] = 1
        assert np.array_equal(mask, within)
        counts = module["Fluorescence"][f"{ion}_fluorescence"]
        rows = table.lit_by(led)
        first = rows[0]
        frame = run.arrays["camera"][table.trial[first], table.stored[first]]
        light = (frame - run.arrays["camera-dark"][0])[within.T.astype(bool)]
        assert counts.data[0, 0] == pytest.approx(light.mean())
        assert len(counts.data) == len(rows)


@imported
def test_unproved_light_is_used_for_nothing(opened):
    nwb = opened[1]
    table = nwb.acquisition["frames"].to_dataframe()
    unused = table[table["series"] == "unused_frames"]
    assert dict(zip(unused["place_in_trial"], unused["light"], strict=True)) == {
        7: "BOTH", 12: "DARK",
    }  # fmt: skip
    # Two frames missing: times are no longer regular, so each is told.
    assert nwb.acquisition["calcium"].timestamps is not None
    assert nwb.subject.species == UNKNOWN_SPECIES
    assert (nwb.subject.subject_id, nwb.subject.sex, nwb.subject.age) == ("a-7", "U", "P0D/")


@imported
def test_the_imported_file_can_be_made_again_byte_for_byte(da_file, opened):
    nwb = opened[1]
    table = nwb.acquisition["frames"].to_dataframe()
    frames = np.empty((40, 30, 26), "<i2")
    for series, rows in table.groupby("series"):
        frames[rows["place_in_trial"]] = series_frames(nwb, series)[rows["place_in_series"]]
    channels = nwb.acquisition["original_channels"]
    dark = nwb.acquisition["dark_frames"]["trial_0001"].data[:].T
    parts = (
        nwb.scratch["original_header"].data[:],
        frames.transpose(1, 2, 0),
        channels.data[:].T,
        dark.astype("<i2"),
        nwb.scratch["original_trailer"].data[:],
    )
    assert b"".join(part.tobytes() for part in parts) == da_file.read_bytes()
    assert (channels.rate, channels.conversion) == (4000, 1 / 32768)
    assert nwb.session_start_time.replace(tzinfo=None).month == 2
    assert nwb.imaging_planes["sodium_plane"].grid_spacing[:].tolist() == [0.5e-6] * 2


@both
def test_documents_are_kept(runs, opened):
    name, nwb = opened
    told = json.loads(nwb.scratch["start_document"].data)
    assert told == runs[name].start


def test_frames_are_read_in_blocks(runs, tmp_path, monkeypatch):
    blocks = []
    read = frames_module.read_frames

    def counted(run, table, rows):
        blocks.append(len(rows))
        return read(run, table, rows)

    monkeypatch.setattr("blueslice.recordings.export._nwb_frames.read_frames", counted)
    monkeypatch.setattr("blueslice.recordings.export._nwb_frames._CHUNK_BYTES", 5 * 1248)
    monkeypatch.setattr(frames_module, "_BLOCK_BYTES", 12 * 1248)
    steps = []
    run = runs["wash"]
    write_nwb(run, tmp_path / "run.nwb", lambda done, total: steps.append((done, total)))
    assert max(blocks) == 10
    assert sum(blocks) == 300
    assert steps[-1] == (301, 301)
    assert steps == sorted(steps)


METADATA = {
    "species": "mouse", "age": "25 days", "sex": "female", "subject_id": "a/b",
    "emission_wavelength_nm": 5, "weight": 3,
}  # fmt: skip


@pytest.mark.parametrize("key", METADATA)
def test_metadata_that_dandi_refuses_is_refused(key):
    with pytest.raises(ValueError, match=key):
        NwbMetadata(**{key: METADATA[key]})


@pytest.mark.parametrize("name", ["70127A101.da", "20408B001.tsm"])
def test_a_real_recording(recordings, runs, tmp_path, name):
    """The inspector minds nothing, and what was imported can be made again, byte for byte."""
    file = recordings / name
    path = tmp_path / "run.nwb"
    write_nwb(runs[name], path)
    assert minded(path) == []
    with pynwb.NWBHDF5IO(path, "r") as io:
        nwb = io.read()
        table = nwb.acquisition["frames"].to_dataframe()
        frames = np.empty((len(table), 80, 80), "<i2")
        for series, rows in table.groupby("series"):
            frames[rows["place_in_trial"]] = series_frames(nwb, series)[rows["place_in_series"]]
        dark = nwb.acquisition["dark_frames"]["trial_0001"].data[:].T.astype("<i2")
        lines = nwb.acquisition["original_channels"].data[:].T
        header = nwb.scratch["original_header"].data[:].tobytes()
        if name.endswith(".da"):
            trailer = nwb.scratch["original_trailer"].data[:]
            parts = (frames.transpose(1, 2, 0), lines, dark, trailer)
            assert header + b"".join(p.tobytes() for p in parts) == file.read_bytes()
        else:
            assert header[:2880] + frames.tobytes() + dark.tobytes() == file.read_bytes()
            beside = file.with_suffix(".tbn").read_bytes()
            assert header[2880:] + lines.tobytes() == beside
            assert struct.unpack("<2h", header[2880:])[1] == 32
