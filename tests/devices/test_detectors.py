"""Camera and amplifier as detectors: how they describe a trial, and which trials they keep."""

import asyncio
from typing import Any
from unittest.mock import MagicMock

import h5py
import numpy as np
import pytest
from ophyd_async.core import DetectorTrigger, TriggerInfo

from blueslice.devices import (
    AmplifierBackend,
    Camera,
    CameraBackend,
    PatchAmplifier,
    RawPathProvider,
    Sensor,
)
from blueslice.devices.amplifier import samples_per_frame
from blueslice.errors import BadInputError, InstrumentError
from blueslice.rig import make_sim_rig
from blueslice.trial import Trial, paired_pulses

TRIAL = Trial(frame_count=20, pulses=paired_pulses(onset_s=0.01))


def trigger(livetime, frame_count=20):
    return TriggerInfo(
        trigger=DetectorTrigger.EXTERNAL_EDGE, livetime=livetime, collections_per_event=frame_count
    )


@pytest.fixture
async def sim(directory):
    rig = make_sim_rig(2, data_directory=directory, rows=24, columns=30)
    await rig.connect()
    detectors = (rig.camera, rig.amplifier)
    for device in (rig.clock, *detectors):
        await device.stage()
    yield rig
    for device in (rig.clock, *detectors):
        await device.unstage()


async def prepare(rig, trial=TRIAL):
    await rig.camera.prepare(trigger(trial.exposure_s, trial.frame_count))
    await rig.amplifier.prepare(trigger(trial.frame_interval_s, trial.frame_count))
    for device in (rig.clock, rig.led_pair, rig.stimulator):
        await device.prepare(trial)


async def take(rig, trial=TRIAL):
    """Play one trial to its end, without a plan."""
    await prepare(rig, trial)
    devices = (rig.camera, rig.amplifier, rig.clock)
    for device in devices:
        await device.kickoff()
    for status in [device.complete() for device in devices]:
        await status


async def test_the_camera_describes_a_trial(sim):
    await prepare(sim)
    keys = await sim.camera.describe_collect()
    shared = ("dtype", "dtype_numpy", "shape", "dims", "units")
    assert {n: tuple(key.get(what) for what in shared) for n, key in keys.items()} == {
        "camera": ("array", "<u2", [20, 24, 30], ["frame", "y", "x"], "counts"),
        "camera-counter": ("array", "<i8", [20], ["frame"], None),
        "camera-dark": ("array", "<f4", [24, 30], ["y", "x"], "counts"),
    }
    assert await sim.camera.exposure_s.get_value() == TRIAL.exposure_s
    assert (await sim.camera.describe_configuration())["camera-exposure_s"]["units"] == "s"


async def test_the_amplifier_describes_a_trial(sim):
    await prepare(sim)
    keys = await sim.amplifier.describe_collect()
    assert {name: key["units"] for name, key in keys.items()} == {
        "amplifier-voltage": "mV",
        "amplifier-current": "pA",
        "amplifier-stimulus": "V",
        "amplifier-led_1": "V",
        "amplifier-led_2": "V",
    }
    assert {tuple(key["shape"]) for key in keys.values()} == {(20, 40)}
    assert {tuple(key["dims"]) for key in keys.values()} == {("frame", "sample")}
    assert await sim.amplifier.sample_rate_Hz.get_value() == 20_000


async def test_the_documents_lead_to_the_file(sim, directory):
    await take(sim)
    documents = [document async for document in sim.camera.collect_asset_docs()]
    resources = [doc for kind, doc in documents if kind == "stream_resource"]
    datums = [doc for kind, doc in documents if kind == "stream_datum"]
    assert {doc["data_key"] for doc in resources} == {"camera", "camera-counter", "camera-dark"}
    assert {(d["indices"]["start"], d["indices"]["stop"]) for d in datums} == {(0, 1)}
    for doc in resources:
        assert doc["mimetype"] == "application/x-hdf5"
        assert doc["parameters"]["dataset"] == doc["data_key"]
        assert doc["uri"].startswith("file://localhost/")
        assert not doc["uri"].startswith("file://localhost//")
    (path,) = directory.raw.rglob("*-camera.h5")
    f: Any
    with h5py.File(path) as f:
        assert f["camera"].shape == (1, 20, 24, 30)
        assert dict(f.attrs) == {
            "device": "camera",
            "model": "simulated NeuroCCD-SMQ",
            "exposure_s": 0.0018,
            "full_scale_counts": 2**14 - 1,
            "frame_count": 20,
        }


async def test_a_collected_trial_stays_and_one_that_was_not_is_retaken(sim):
    await take(sim)
    assert await sim.camera.get_index() == 1
    await prepare(sim)
    assert await sim.camera.get_index() == 0
    await take(sim)
    for device in (sim.camera, sim.amplifier):
        assert [d async for d in device.collect_asset_docs(1)]
    await prepare(sim)
    assert await sim.camera.get_index() == 1
    assert await sim.amplifier.get_index() == 1


async def test_pause_gives_up_the_trial_in_hand(sim):
    await prepare(sim)
    for device in (sim.camera, sim.amplifier):
        await device.pause()
        await device.resume()
    await take(sim)
    assert await sim.camera.frames_recorded.get_value() == 20
    assert await sim.camera.get_index() == 1


async def test_the_camera_tells_at_kickoff_that_it_failed_since_it_was_armed(tmp_path):
    backend = MagicMock(spec=CameraBackend)
    device = Camera(backend, RawPathProvider(tmp_path), name="camera")
    backend.sensor = Sensor(3, 4, "test")
    backend.arm.return_value = np.zeros((3, 4), np.float32)
    backend.read_frames.side_effect = InstrumentError("the cable was pulled")
    await device.connect()
    await device.stage()
    await device.prepare(trigger(0.0018))
    task = device._recorder._recording.done
    assert task is not None
    await asyncio.wait([task])
    with pytest.raises(InstrumentError, match="the cable was pulled"):
        await device.kickoff()
    await device.unstage()


@pytest.mark.parametrize(
    ("rate_Hz", "interval_s", "count"), [(20_000, 0.002, 40), (4000, 0.002, 8), (3e4, 1e-4, 3)]
)
def test_samples_fall_into_frames(rate_Hz, interval_s, count):
    assert samples_per_frame(rate_Hz, interval_s) == count


@pytest.mark.parametrize(("rate_Hz", "interval_s"), [(20_000, 1 / 300), (100, 0.002), (0, 0.002)])
async def test_a_frame_with_a_broken_number_of_samples_is_refused(tmp_path, rate_Hz, interval_s):
    backend = MagicMock(spec=AmplifierBackend, sample_rate_Hz=rate_Hz)
    device = PatchAmplifier(backend, RawPathProvider(tmp_path), name="amplifier")
    await device.connect()
    await device.stage()
    with pytest.raises(BadInputError, match="a whole number of at least 1 is needed"):
        await device.prepare(trigger(interval_s))
    backend.arm.assert_not_called()
    await device.unstage()
