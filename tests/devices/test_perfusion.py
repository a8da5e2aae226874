"""The perfusion: what flows, who may change it, and what it reads as."""

from unittest.mock import MagicMock

import bluesky.plan_stubs as bps
import pytest

from blueslice.devices import Perfusion, PerfusionBackend
from blueslice.errors import BadInputError
from blueslice.rig import make_replay_rig, make_sim_rig

SOLUTIONS = {"ACSF": {}, "block": {"CNQX": 5.0, "CPP": 10.0}, "TTX": {"TTX": 1.0}}


def make():
    backend = MagicMock(spec=PerfusionBackend, solutions=SOLUTIONS, delay_s=60.0, exchange_s=90.0)
    backend.selected.return_value = "ACSF"
    return Perfusion(backend, name="perfusion"), backend


def calls(backend):
    return [call[0] for call in backend.mock_calls]


@pytest.mark.parametrize(
    ("flows", "drug", "concentration_uM"),
    [("ACSF", "", 0.0), ("TTX", "TTX", 1.0), ("block", "CNQX + CPP", 5.0)],
)
async def test_it_reads_as_what_leaves_the_valves(flows, drug, concentration_uM):
    device, backend = make()
    await device.connect()
    backend.selected.return_value = flows
    reading = await device.read()
    assert {name: value["value"] for name, value in reading.items()} == {
        "perfusion-solution": flows,
        "perfusion-drug": drug,
        "perfusion-concentration_uM": concentration_uM,
    }
    assert (await device.describe())["perfusion-concentration_uM"]["units"] == "uM"
    configuration = await device.read_configuration()
    assert {name: value["value"] for name, value in configuration.items()} == {
        "perfusion-delay_s": 60.0,
        "perfusion-exchange_s": 90.0,
    }


async def test_a_solution_is_chosen_by_its_name():
    device, backend = make()
    await device.set("TTX")
    backend.select.assert_called_once_with("TTX")


@pytest.mark.parametrize("value", ["beer", "acsf", "", None, 5.0])
async def test_a_solution_that_is_not_there_changes_nothing(value):
    device, backend = make()
    with pytest.raises(BadInputError) as refused:
        await device.set(value)
    assert str(refused.value) == (f"perfusion has no solution {value!r}; it has ACSF, block, TTX")
    assert calls(backend) == []


async def test_stop_pause_and_resume_leave_the_flow_as_it_is():
    device, backend = make()
    await device.set("block")
    backend.reset_mock()
    await device.stop()
    await device.stop(success=False)
    await device.pause()
    await device.resume()
    assert calls(backend) == []


async def test_mock_mode_touches_no_instrument():
    device, backend = make()
    await device.connect(mock=True)
    assert calls(backend) == []
    await device.connect()
    assert calls(backend) == ["connect"]


def test_a_plan_changes_the_bath_of_the_simulated_rig_and_an_abort_does_not(run_engine, directory):
    rig = make_sim_rig(1, data_directory=directory)
    assert rig.bench is not None

    def plan():
        yield from bps.mv(rig.perfusion, "1 Mg ACSF + 5 uM CNQX")
        yield from bps.mv(rig.rest, 60.0 + 10 * 90.0)
        raise ValueError("the pipette broke")

    with pytest.raises(ValueError, match="the pipette broke"):
        run_engine(plan())
    assert rig.bench.bath.flowing.name == "1 Mg ACSF + 5 uM CNQX"
    bath = rig.bench.bath.at(rig.bench.now_s())
    assert bath.drugs_uM["CNQX"] == pytest.approx(5.0, rel=1e-3)


def test_a_replayed_rig_has_no_perfusion_but_rests(directory, recordings):
    rig = make_replay_rig([recordings / "70127A101.da"], data_directory=directory)
    assert rig.perfusion is None
    assert rig.rest in rig.devices
