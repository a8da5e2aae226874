"""A fast trial by the RunEngine against its frames merely written by h5py, and the catalogue."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import h5py
import numpy as np
from benchmarks._measure import Row

from blueslice._virtual_rigs import virtual_rig
from blueslice.analysis import Roi
from blueslice.broker import DataDirectory
from blueslice.devices import Sensor
from blueslice.indicators import pair
from blueslice.plans import trial_series
from blueslice.session import Session
from blueslice.sim import FastPace, PlayedTrial
from blueslice.trial import RigLimits, Trial, paired_pulses

TRIALS = 30
ROUNDS = 5
CATALOGUE_BOUND_MS = 10.0
SAMPLES_PER_FRAME = 40


class Canned:
    """Plays one and the same trial, so that no computing is measured."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.sensor = Sensor(80, 80, "canned")
        self.sample_rate_Hz = SAMPLES_PER_FRAME * 500.0
        self.channels = {
            "voltage": "mV",
            "current": "pA",
            "stimulus": "V",
            "led_1": "V",
            "led_2": "V",
        }
        self.frames = rng.integers(900, 2000, (100, 80, 80), dtype=np.uint16)
        lines = rng.normal(0, 0.01, (5, 100, SAMPLES_PER_FRAME)).astype(np.float32)
        lines[3, ::2, :36] += 5.0
        lines[4, 1::2, :36] += 5.0
        lines[2, 18, :4] += 5.0
        lines[2, 23, :4] += 5.0
        self.lines = dict(zip(self.channels, lines, strict=True))
        self._trial = PlayedTrial(self.frames, np.arange(100), self.lines)

    def check(self, trial: Trial, place: int = 0) -> None:
        """Accept any trial."""

    def dark_frame(self, index: int) -> np.ndarray:
        return np.full((80, 80), 900.0, np.float32)

    def play(self, wiring: object, index: int) -> PlayedTrial:
        return self._trial


@dataclass
class Timed:
    """What the trials of one run took, each in s."""

    trial_s: list[float]
    """From each trial's log entry to the next, as the RunEngine sees them."""
    durable_s: list[float]
    """From each log entry until its line of the journal, and all before it, is on the disk."""


def by_run_engine(source: Canned, folder: Path, *, catalogue: bool, watched: bool = False) -> Timed:
    """Take trials by the RunEngine and time them; `watched`: also when they are on the disk."""
    directory = DataDirectory(folder)
    dyes = pair("bis-fura-2+ANG-2")
    limits = RigLimits(led_wavelengths_nm=dict(zip((1, 2), dyes.wavelengths_nm, strict=True)))
    rig = virtual_rig("canned", source, dyes, limits, directory, FastPace())
    trial = Trial(pulses=paired_pulses(0.010))
    seen: dict[str, float] = {}
    durable: dict[str, float] = {}

    def note(name: str, doc: dict) -> None:
        if "trial-number" in doc["data"]:
            seen[doc["uid"]] = time.perf_counter()

    def note_durable(name: str, doc: dict) -> None:
        if name == "event" and "trial-number" in doc["data"]:
            durable[doc["uid"]] = time.perf_counter()

    rois = [Roi(name="spine", y=38, x=38, height=6, width=6)]
    with Session(rig, directory, catalogue=catalogue, rois=rois) as session:
        session.RE.subscribe(note, "event")
        if watched:
            session.RE.subscribe(session.journal.after_disk(note_durable))
        # Far more light than a cell bears.
        session.allow_exposure()
        session.RE(trial_series(rig, [trial] * TRIALS))
    # The journal is closed by now, and so is its thread.
    return Timed(list(np.diff(list(seen.values()))), [durable[uid] - seen[uid] for uid in durable])


def by_fsync(folder: Path) -> list[float]:
    """Return seconds for each fsync of an empty file: the least that being on the disk takes."""
    seconds = []
    for number in range(TRIALS):
        with (folder / f"empty-{number}").open("wb") as file:
            begun = time.perf_counter()
            os.fsync(file.fileno())
            seconds.append(time.perf_counter() - begun)
    return seconds


def by_h5py(source: Canned, folder: Path) -> list[float]:
    """Return seconds for each trial's arrays, written by h5py as its guide shows it."""
    arrays = {"camera": source.frames, **source.lines}
    seconds = []
    with h5py.File(folder / "plain.h5", "w", libver="latest") as file:
        datasets = {
            name: file.create_dataset(
                name,
                (0, *array.shape),
                maxshape=(None, *array.shape),
                chunks=(1, *array.shape),
                dtype=array.dtype,
            )
            for name, array in arrays.items()
        }
        file.swmr_mode = True
        for trial in range(TRIALS):
            begun = time.perf_counter()
            for name, dataset in datasets.items():
                dataset.resize(trial + 1, axis=0)
                dataset[trial] = arrays[name]
            file.flush()
            seconds.append(time.perf_counter() - begun)
    return seconds


def run(seed: int) -> list[Row]:
    """Measure the three in turns."""
    source = Canned(seed)
    profiles = tempfile.TemporaryDirectory()
    # The user's own profile shall go on naming the user's own catalogue.
    os.environ["TILED_PROFILES"] = profiles.name
    plain, alone, with_catalogue, durable, empty = [], [], [], [], []
    for round_number in range(ROUNDS + 1):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            one = by_h5py(source, folder)
            two = by_run_engine(source, folder / "alone", catalogue=False)
            three = by_run_engine(source, folder / "catalogue", catalogue=True)
            four = by_run_engine(source, folder / "watched", catalogue=False, watched=True)
            five = by_fsync(folder)
        if round_number:
            plain.append(median(one) * 1e3)
            alone.append(median(two.trial_s) * 1e3)
            with_catalogue.append(median(three.trial_s) * 1e3)
            durable.append(median(four.durable_s) * 1e3)
            empty.append(median(five) * 1e3)
    profiles.cleanup()
    added = median(b - a for a, b in zip(alone, with_catalogue, strict=True))
    return [
        Row("a trial's arrays by h5py alone", median(plain), "ms"),
        Row("a trial by the RunEngine, with journal and live dF/F", median(alone), "ms"),
        Row("overhead of the RunEngine", median(alone) - median(plain), "ms"),
        Row(
            "RunEngine against h5py",
            median(b / a for a, b in zip(plain, alone, strict=True)),
            "x",
        ),
        Row("a trial with the catalogue too", median(with_catalogue), "ms"),
        Row(
            "added by the catalogue",
            added,
            "ms",
            f"< {CATALOGUE_BOUND_MS:g}",
            added < CATALOGUE_BOUND_MS,
        ),
        Row("until a trial's line is on the disk", median(durable), "ms"),
        Row("an fsync of an empty file", median(empty), "ms"),
    ]
