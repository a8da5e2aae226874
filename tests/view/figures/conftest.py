"""One small simulated run, as plain data, for all tests of figures."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import h5py
import numpy as np
import pytest

from blueslice.broker import DataDirectory
from blueslice.callbacks import find_journals, read_journal
from blueslice.plans import two_pulse
from blueslice.recordings.export import Derived, RunData
from blueslice.rig import make_sim_rig
from blueslice.session import Session


def _columns(documents, stream):
    uids = {d["uid"] for n, d in documents if n == "descriptor" and d["name"] == stream}
    columns = defaultdict(list)
    for name, doc in documents:
        if name == "event" and doc["descriptor"] in uids:
            for key, value in {**doc["data"], "time": doc["time"]}.items():
                columns[key].append(value)
    return {key: np.asarray(values) for key, values in columns.items()}


def _arrays(documents):
    arrays = {}
    for name, doc in documents:
        if name == "stream_resource":
            path = Path(url2pathname(unquote(urlparse(doc["uri"]).path)))
            with h5py.File(path, "r", swmr=True) as file:
                arrays[doc["data_key"]] = np.asarray(file[doc["data_key"]])
    return arrays


@pytest.fixture(scope="session")
def run_data(tmp_path_factory, steady_slice):
    """Four trials with a stimulus and a blank, all of one condition."""
    directory = DataDirectory(tmp_path_factory.mktemp("figures"))
    rig = make_sim_rig(5, data_directory=directory, slice_parameters=steady_slice)
    with Session(rig, directory, catalogue=False) as session:
        session.RE(two_pulse(rig, trials=4, blanks=1))
    return run_data_in(directory)


def run_data_in(directory):
    """The one run of a data directory, read from its journals and raw files."""
    runs = [list(read_journal(path)) for path in find_journals(directory.journal)]
    raw, derived = sorted(runs, key=lambda run: "raw_run" in run[0][1])
    primary = next(d for n, d in raw if n == "descriptor" and d["name"] == "primary")
    configuration = {}
    for device in primary["configuration"].values():
        configuration |= device["data"]
    return RunData(
        start=raw[0][1],
        stop=raw[-1][1],
        arrays=_arrays(raw),
        original={},
        trials=_columns(raw, "trials"),
        configuration=configuration,
        derived=Derived(derived[0][1], _columns(derived, "dff")),
    )


@pytest.fixture(scope="session")
def drug_run(run_data):
    """The same run, its last two trials noted as taken in a drug."""
    phases = np.array(["control"] * 3 + ["CNQX"] * 2)
    return replace(run_data, trials={**run_data.trials, "trial-phase": phases})
