"""A drug wash that is killed and goes on: every trial once across both runs."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter

import h5py
import numpy as np
import pytest

from blueslice.callbacks import Journal, find_journals, read_journal
from blueslice.errors import BadInputError
from blueslice.plans import WashStep, drug_wash, two_pulse, wash_record
from blueslice.resume import wash_record_of
from blueslice.rig import make_sim_rig

CNQX = "ACSF + 5 uM CNQX"
STEPS = [
    {"name": "control", "trials": 3, "blanks": 1, "interval_s": 10},
    {"name": "CNQX", "solution": CNQX, "trials": 4, "blanks": 1, "interval_s": 10},
    {"name": "wash", "solution": "ACSF", "trials": 2, "wait": 1800},
]
ALL = [*range(1, 12)]
DONE = 6

# Only what a run needs: no live analysis, no catalogue; the journal is always there.
KILLED = """
import json, sys, time
from bluesky import RunEngine
from blueslice.broker import DataDirectory
from blueslice.callbacks import Journal
from blueslice.plans import drug_wash
from blueslice.rig import make_sim_rig
directory = DataDirectory(sys.argv[1])
rig = make_sim_rig(2, data_directory=directory, rows=24, columns=24)
play = rig.bench.source.play
def stop_in_trial(wiring, index):
    if index == int(sys.argv[3]):
        print("begun", flush=True)
        time.sleep(600)
    return play(wiring, index)
rig.bench.source.play = stop_in_trial
engine = RunEngine({}, context_managers=[])
engine.subscribe(Journal(directory.journal))
engine(drug_wash(rig, json.loads(sys.argv[2])))
"""


def documents_of(directory):
    """Return the documents of each journal, oldest first."""
    found = [list(read_journal(path)) for path in find_journals(directory.journal)]
    return sorted(found, key=lambda documents: documents[0][1]["time"])


def trials_of(documents):
    """Return phase, solution and blank of each trial of a run, by its number."""
    rows = [doc["data"] for name, doc in documents if name == "event"]
    return {
        row["trial-number"]: (row["trial-phase"], row["trial-solution"], row["trial-blank"])
        for row in rows
        if "trial-number" in row
    }


def collected(documents):
    """Return the numbers of the trials whose frames belong to a run."""
    resources = {
        doc["uid"]: doc["data_key"] for name, doc in documents if name == "stream_resource"
    }
    stops = [
        doc["indices"]["stop"]
        for name, doc in documents
        if name == "stream_datum" and resources[doc["stream_resource"]] == "camera"
    ]
    return documents[0][1]["trial_table"]["number"][: max(stops, default=0)]


def run_here(run_engine, directory, plan_of):
    rig = make_sim_rig(2, data_directory=directory, rows=24, columns=24)
    journal = Journal(directory.journal)
    token = run_engine.subscribe(journal)
    run_engine(plan_of(rig))
    run_engine.unsubscribe(token)
    journal.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_wash_goes_on_where_it_was(run_engine, directory):
    arguments = [str(directory.path), json.dumps(STEPS), str(DONE)]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED, *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "begun\n"
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    (first,) = documents_of(directory)
    assert "stop" not in [name for name, _ in first]
    uid = first[0][1]["uid"]
    # It was killed in the third trial of the second step.
    record = wash_record_of(directory, uid[:8])
    assert list(record.completed_trials) == ALL[:DONE]

    run_here(run_engine, directory, lambda rig: drug_wash(rig, STEPS, resume=record))
    first, second = documents_of(directory)
    start = second[0][1]
    assert start["resumes"] == uid
    assert start["trial_table"]["phase"][0] == "CNQX"
    taken = Counter(collected(first) + collected(second))
    assert taken == dict.fromkeys(ALL, 1)
    rows = {**trials_of(first), **trials_of(second)}
    assert sorted(rows) == ALL
    assert not set(trials_of(first)) & set(trials_of(second))
    blank = [number in (3, 7) for number in ALL]
    planned = [("control", "ACSF")] * 4 + [("CNQX", CNQX)] * 5 + [("wash", "ACSF")] * 2
    for number, row in rows.items():
        assert row == (*planned[number - 1], blank[number - 1]), number
    # All their frames are on the disk.
    whole = 0
    for path in directory.raw.rglob("*-camera.h5"):
        with h5py.File(path, "r", swmr=True) as file:
            whole += int(np.sum(file["frames_recorded"][:] == 100))
    assert whole == len(ALL)


def test_a_wash_can_be_killed_again(run_engine, directory):
    """A run that resumes one is resumed itself: the trials of all of them count."""
    steps = [{"name": "control", "trials": 1}, {"name": "later", "trials": 1}]
    run_here(run_engine, directory, lambda rig: drug_wash(rig, steps))
    (whole,) = documents_of(directory)
    # As if killed after the first trial: the journal ends with its event.
    cut = next(
        k
        for k, (name, doc) in enumerate(whole)
        if name == "event" and "trial-number" in doc["data"]
    )
    first = wash_record(whole[: cut + 1])
    assert first.completed_trials == (1,)
    run_here(run_engine, directory, lambda rig: drug_wash(rig, resume=first))
    second = wash_record(documents_of(directory)[1])
    assert second.completed_trials == (1, 2)
    assert second.uid != first.uid
    with pytest.raises(BadInputError, match="is complete: all its 2 trials"):
        next(drug_wash(make_sim_rig(1, data_directory=directory), resume=second))


def test_a_trial_half_of_whose_documents_are_missing_is_taken_again(run_engine, directory):
    run_here(run_engine, directory, lambda rig: drug_wash(rig, [{"name": "a", "trials": 2}]))
    (whole,) = documents_of(directory)
    places = [k for k, (name, _) in enumerate(whole) if name == "stream_datum"]
    done = [len(wash_record(whole[: k + 1]).completed_trials) for k in places]
    assert done == sorted(done)
    assert done[0] == 0
    assert done.count(1) >= done.count(2) >= 1
    assert wash_record(whole[: places[0]]).completed_trials == ()
    assert wash_record(whole).steps == (WashStep(name="a", trials=2),)


def test_what_is_no_wash_cannot_be_resumed(run_engine, directory):
    run_here(run_engine, directory, lambda rig: two_pulse(rig, trials=1))
    (documents,) = documents_of(directory)
    uid = documents[0][1]["uid"]
    for call, text in (
        (lambda: wash_record(documents), "nothing to resume in a run of 'two_pulse'"),
        (lambda: wash_record(documents * 2), "documents of two runs"),
        (lambda: wash_record([]), "nothing to resume in no start document"),
        (lambda: wash_record_of(directory, uid), "a run of 'two_pulse'"),
        (lambda: wash_record_of(directory, uid[:5]), "6 characters of it or more"),
        (lambda: wash_record_of(directory, "abcdefgh"), "there are 0 such runs"),
        (lambda: wash_record_of(directory, uid[:8] + "-none"), "there are 0 such runs"),
    ):
        with pytest.raises(BadInputError, match=text) as refused:
            call()
        assert "\n" not in str(refused.value)
