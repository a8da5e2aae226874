"""The catalogue in a process of its own: what arrives, and what a killed process costs."""

import json
import os
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest

from blueslice.broker import CatalogueProcess, install_profile, open_catalogue
from blueslice.callbacks import find_journals, read_journal
from blueslice.errors import StorageError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

READ_BACK = """
import json, sys
import databroker
raw_uid = sys.argv[1]
catalogue = databroker.catalog["slices"]
raw = catalogue.v3[raw_uid]
(dff,) = [run for run in catalogue.v3.values() if run.start.get("raw_run") == raw_uid]
events = dff["dff"].read()
print(json.dumps({
    "newest": catalogue.v3[-1].start["uid"],
    "start": dict(dff.start),
    "frames": list(raw["primary"]["camera"].shape),
    "trial": events["trial"].values.tolist(),
    "sodium": events["sodium"].values.tolist(),
    "calcium": events["calcium"].values.tolist(),
    "shift": events["shift"].values.tolist(),
}, default=str))
"""

FAST_PROTOCOL = """
import sys
from blueslice.broker import DataDirectory
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session
directory = DataDirectory(sys.argv[1])
rig = make_sim_rig(2, data_directory=directory)
session = Session(rig, directory)
def tell(name, doc):
    if "trial-number" in doc["data"]:
        print(doc["data"]["trial-number"], flush=True)
session.RE.subscribe(tell, "event")
session.allow_exposure()
session.RE(two_pulse(rig, trials=20))
"""


def by_hand(frames, dark, start, first, ion, shift):
    """dF/F of the first ROI by a few lines of NumPy: every second frame from `first` on."""
    light = frames[first::2].astype(float) - dark
    time_s = np.arange(first, len(frames), 2) * 0.002 + 0.0009
    down, right = round(shift[0]), round(shift[1])
    box = {
        key: np.s_[:, b["y"] + y : b["y"] + y + b["height"], b["x"] + x : b["x"] + x + b["width"]]
        for key, b, y, x in (
            ("roi", start["rois"][0], down, right),
            ("corner", start["corner"], 0, 0),
        )
    }
    before = (time_s >= start["baseline_s"][0]) & (time_s < start["baseline_s"][1])
    led = light[box["corner"]].mean((1, 2))
    corrected = light[box["roi"]].mean((1, 2)) / (led / led[before].mean())
    return start["sign"][ion] * (corrected / corrected[before].mean() - 1)


@pytest.mark.long
def test_another_process_reads_the_dff_that_numpy_computes(directory):
    rig = make_sim_rig(4, data_directory=directory)
    with Session(rig, directory) as session:
        (uid,) = session.RE(two_pulse(rig, trials=2, blanks=1))
        assert open_catalogue(directory) is session.catalogue
    # The name "blueslice" is the default directory's.
    install_profile(directory, "slices")
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_BACK, uid],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    read = json.loads(run.stdout)
    assert read["frames"] == [3, 100, 80, 80]
    assert read["trial"] == [1, 2, 3]
    (path,) = (directory.raw).rglob("*camera*.h5")
    with h5py.File(path, "r", swmr=True) as file:
        frames, dark = file["camera"][:], file["camera-dark"][:]
    for k in range(3):
        for first, ion in enumerate(("sodium", "calcium")):
            expected = by_hand(frames[k], dark[k], read["start"], first, ion, read["shift"][k])
            np.testing.assert_allclose(read[ion][k][0], expected, atol=1e-6)


def test_a_killed_catalogue_costs_no_trial(directory, caplog):
    rig = make_sim_rig(4, data_directory=directory)
    session = Session(rig, directory)
    process = session._catalogue._worker._process

    def kill(name, doc):
        if doc["data"].get("trial-number") == 2:
            process.kill()

    session.RE.subscribe(kill, "event")
    session.RE(two_pulse(rig, trials=5))
    session.live.wait()
    assert len(session.results) == 5
    with pytest.raises(
        StorageError, match="work was done; nothing is lost: run 'blueslice recover'"
    ):
        session.close()
    documents = [
        name for path in find_journals(directory.journal) for name, _ in read_journal(path)
    ]
    assert documents.count("stop") == 2
    with pytest.raises(StorageError, match="process has ended"):
        _ = session.catalogue
    assert "ended before its work" in caplog.text


@pytest.mark.long
def test_the_next_run_starts_a_killed_catalogue_again(directory, caplog):
    rig = make_sim_rig(4, data_directory=directory)
    session = Session(rig, directory)
    killed = session._catalogue._worker

    def kill(name, doc):
        if doc["data"].get("trial-number") == 2:
            killed._process.kill()
            assert killed.ended.wait(30)

    token = session.RE.subscribe(kill, "event")
    session.RE(two_pulse(rig, trials=3))
    session.RE.unsubscribe(token)
    (after,) = session.RE(two_pulse(rig, trials=2))
    with pytest.raises(StorageError, match="work was done; nothing is lost"):
        session.wait()
    session.wait()  # told once: what began since is in
    assert session.catalogue.v3[after]["primary"]["camera"].shape[0] == 2
    assert session.catalogue.v3[-1].start["raw_run"] == after
    session.close()
    assert caplog.text.count("started again for the run that begins") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_session_keeps_every_completed_trial(directory):
    process = subprocess.Popen(
        [sys.executable, "-c", FAST_PROTOCOL, str(directory.path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    done = 0
    for line in process.stdout:
        done = int(line)
        if done == 9:
            os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    paths = {path.stem.split("-")[-1]: path for path in directory.raw.rglob("*.h5")}
    for device, dataset, shape in (
        ("camera", "camera", (100, 80, 80)),
        ("amplifier", "amplifier-voltage", (100, 40)),
    ):
        (path,) = [path for name, path in paths.items() if device in str(path)]
        with h5py.File(path, "r", swmr=True) as file:
            recorded = file["frames_recorded"][:done]
            assert (recorded == 100).all()
            trials = file[dataset][:done]
        assert trials.shape == (done, *shape)
        assert np.isfinite(trials).all()
        assert (trials.reshape(done, -1).std(axis=1) > 0).all()
    journalled = [
        doc
        for path in find_journals(directory.journal)
        for name, doc in read_journal(path)
        if name == "event" and "trial-number" in doc["data"]
    ]
    assert len(journalled) >= done
    # The catalogue's process writes what it was told, then ends: the lock is free at once.
    lock = directory.lock_for_writing()
    lock.release()


def test_a_catalogue_that_cannot_be_made_says_why(directory):
    directory.create()
    directory.catalogue.rmdir()
    directory.catalogue.write_text("in the way")
    lock = directory.lock_for_writing() if directory.catalogue.is_dir() else None
    started = time.monotonic()
    with pytest.raises(StorageError, match="catalogue") as refused:
        CatalogueProcess(directory, lock or directory.inherited_lock()).start()
    assert "\n" not in str(refused.value)
    assert time.monotonic() - started < 50
