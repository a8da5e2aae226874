"""Voltage clamp is exported as what it is: the command the stimulus, the current the answer."""

import numpy as np
import pynwb
import pytest

from blueslice.plans import two_pulse
from blueslice.recordings.export import export_run
from blueslice.recordings.export.run_data import open_run_data
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.sim import SliceParameters
from blueslice.sim.lines import AmplifierParameters


def parameters(clamp):
    return SliceParameters(amplifier=AmplifierParameters(clamp=clamp))


@pytest.mark.parametrize(
    "clamp",
    [
        pytest.param("voltage", marks=pytest.mark.slow),
        pytest.param("current", marks=pytest.mark.long),
        pytest.param("unknown", marks=pytest.mark.long),
    ],
)
def test_each_clamp_is_exported_as_what_it_is(clamp, directory, tmp_path):
    simulated = "voltage" if clamp == "voltage" else "current"
    rig = make_sim_rig(
        3, data_directory=directory, rows=24, columns=24, slice_parameters=parameters(simulated)
    )
    if clamp == "unknown":
        del rig.bench.source.clamp
    with Session(rig, directory) as session:
        (uid,) = session.RE(two_pulse(rig, trials=2))
        session.wait()
        with open_run_data(session.catalogue.v3, uid) as run:
            assert run.configuration["amplifier-clamp"] == clamp
            assert run.column("amplifier-clamp", "").tolist() == [clamp] * 2
            recorded = {
                name: np.asarray(run.arrays[f"amplifier-{name}"][1]).ravel()
                for name in ("voltage", "current")
            }
        path = export_run(session.catalogue.v3, uid, "nwb", tmp_path)
    answer, command = ("current", "voltage") if clamp == "voltage" else ("voltage", "current")
    kinds = {
        "current": ("CurrentClampSeries", "CurrentClampStimulusSeries"),
        "voltage": ("VoltageClampSeries", "VoltageClampStimulusSeries"),
        "unknown": ("PatchClampSeries", "PatchClampSeries"),
    }
    with pynwb.NWBHDF5IO(path, "r") as file:
        nwb = file.read()
        assert set(nwb.trials["clamp"][:]) == {clamp}
        response = nwb.acquisition[f"{answer}_0002"]
        stimulus = nwb.stimulus[f"{command}_0002"]
        assert (type(response).__name__, type(stimulus).__name__) == kinds[clamp]
        units = {"voltage": "volts", "current": "amperes"}
        assert (response.unit, stimulus.unit) == (units[answer], units[command])
        np.testing.assert_array_equal(response.data[:], recorded[answer])
        np.testing.assert_array_equal(stimulus.data[:], recorded[command])
        tables = nwb.intracellular_recordings.category_tables
        assert tables["responses"]["response"][1].timeseries.name == response.name
        assert tables["stimuli"]["stimulus"][1].timeseries.name == stimulus.name
