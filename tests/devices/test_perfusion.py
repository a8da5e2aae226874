"""The perfusion: what flows, who may change it, and what it reads as."""

import asyncio
from types import SimpleNamespace
from unittest.mock import MagicMock

import bluesky.plan_stubs as bps
import numpy as np
import pytest

from blueslice.devices import Perfusion, PerfusionBackend
from blueslice.errors import BadInputError, InstrumentError
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
    values = {name: value["value"] for name, value in reading.items()}
    # It was found flowing.
    assert np.isnan([values.pop("perfusion-since_s"), values.pop("perfusion-arrived")]).all()
    assert values == {
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


class Valves:
    """Two valves that anybody may turn."""

    solutions = SOLUTIONS
    delay_s, exchange_s = 60.0, 90.0
    flows = "ACSF"
    fails = False

    def connect(self):
        pass

    def select(self, solution):
        self.flows = solution

    def selected(self):
        if self.fails:
            raise OSError("no cable")
        return self.flows


def valves():
    clock = SimpleNamespace(now_s=100.0)
    device = Perfusion(Valves(), name="perfusion", now_s=lambda: clock.now_s)
    return device, device.backend, clock


async def values_of(device):
    return {key[10:]: value["value"] for key, value in (await device.read()).items()}


async def test_each_signal_is_right_whenever_it_is_read():
    device, backend, _ = valves()
    await device.connect()
    assert await device.solution.get_value() == "ACSF"
    await device.set("block")
    assert await device.drug.get_value() == "CNQX + CPP"
    # Turned by hand.
    backend.flows = "TTX"
    assert (await device.solution.read())["perfusion-solution"]["value"] == "TTX"
    backend.flows = "ACSF"
    assert await device.concentration_uM.get_value() == 0.0
    backend.flows = "TTX"
    assert await device.drug.get_value() == "TTX"


async def test_a_monitor_is_told_of_each_change_and_of_nothing_else(monkeypatch):
    monkeypatch.setattr("blueslice.devices._asked_signals.POLL_S", 0.01)
    device, backend, _ = valves()
    await device.connect()
    heard = []
    changed = asyncio.Event()

    def hear(reading):
        heard.append(reading["perfusion-solution"]["value"])
        changed.set()

    async def next_change():
        await asyncio.wait_for(changed.wait(), 10)
        changed.clear()

    await device.read()
    device.solution.subscribe(hear)
    await next_change()
    for solution in ("TTX", "block", "ACSF"):
        await device.set(solution)
        await next_change()
    backend.flows = "block"
    await next_change()
    await device.set("block")
    await device.read()
    device.solution.clear_sub(hear)
    assert heard == ["ACSF", "TTX", "block", "ACSF", "block"]


async def test_since_when_it_flows_and_how_much_has_arrived():
    device, backend, clock = valves()
    await device.connect()
    assert np.isnan((await values_of(device))["since_s"])
    clock.now_s += 60 + 4 * 90
    # Since then at the latest, so by now it is there.
    values = await values_of(device)
    assert np.isnan(values["since_s"])
    assert values["arrived"] == pytest.approx(1 - np.exp(-4))
    await device.set("TTX")
    switched_s = clock.now_s
    for waited_s, arrived in ((0, 0.0), (59, 0.0), (150, 1 - np.exp(-1)), (960, 1 - np.exp(-10))):
        clock.now_s = switched_s + waited_s
        values = await values_of(device)
        assert values["since_s"] == switched_s
        assert values["arrived"] == pytest.approx(arrived)
    # Setting what flows already changes nothing.
    await device.set("TTX")
    assert (await values_of(device))["since_s"] == switched_s
    # Nobody knows when somebody turned the valve.
    backend.flows = "ACSF"
    values = await values_of(device)
    assert values["solution"] == "ACSF"
    assert np.isnan([values["since_s"], values["arrived"]]).all()


async def test_valves_that_do_not_tell_cost_no_trial():
    device, backend, _ = valves()
    await device.connect()
    backend.fails = True
    values = await values_of(device)
    assert (values["solution"], values["drug"]) == ("unknown", "unknown")
    assert np.isnan(values["concentration_uM"])
    with pytest.raises(InstrumentError, match="did not tell what flows, noted as unknown"):
        await device.trigger()
    # Whoever asks for one of them alone is told.
    with pytest.raises(InstrumentError, match="what flows"):
        await device.solution.get_value()
    backend.fails = False
    assert (await values_of(device))["solution"] == "ACSF"
    await device.trigger()


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


async def test_valves_that_do_not_tell_what_flowed_are_switched_all_the_same():
    """A wash-out must not fail for it; but nobody knows whether the solution flowed before."""
    device, backend, _ = valves()
    await device.connect()
    told = iter([OSError("busy"), "TTX"])

    def selected():
        answer = next(told, "TTX")
        if isinstance(answer, Exception):
            raise answer
        return answer

    backend.selected = selected
    await device.set("TTX")
    assert backend.flows == "TTX"
    values = await values_of(device)
    assert values["solution"] == "TTX"
    assert np.isnan([values["since_s"], values["arrived"]]).all()
