"""Commands and stops of one instrument: what comes first, and what a stop makes of the rest."""

import asyncio
import threading

import pytest
from ophyd_async.core import Device

from blueslice.devices._instrument import Turns


class Driver:
    """Notes its calls; each waits until it is let go on."""

    def __init__(self):
        self.calls = []
        self.entered = threading.Event()
        self.stopped = threading.Event()
        self.go_on = threading.Event()

    def program(self, fails=False):
        self.calls.append("program")
        self.entered.set()
        assert self.go_on.wait(10)
        if fails:
            raise RuntimeError("no program")

    def start(self):
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")
        self.stopped.set()

    def answer(self):
        return 42


@pytest.fixture
def driver():
    return Driver()


@pytest.fixture
def turns():
    return Turns(Device(name="clock"))


async def entered(driver):
    assert await asyncio.to_thread(driver.entered.wait, 10)


async def stop_in_between(turns, driver):
    stopping = asyncio.ensure_future(turns.stop("to stop", driver.stop))
    assert await asyncio.to_thread(driver.stopped.wait, 10)
    driver.go_on.set()
    await stopping


async def test_a_stop_comes_at_once_and_again_when_the_instrument_is_free(driver, turns):
    programming = asyncio.ensure_future(turns.command("to be ready", driver.program))
    await entered(driver)
    await stop_in_between(turns, driver)
    await programming
    assert driver.calls == ["program", "stop", "stop"]


async def test_a_command_that_waits_when_a_stop_comes_is_not_done(driver, turns):
    programming = asyncio.ensure_future(turns.command("to be ready", driver.program))
    await entered(driver)
    starting = asyncio.ensure_future(turns.command("to start", driver.start))
    await asyncio.sleep(0)
    await stop_in_between(turns, driver)
    await asyncio.gather(programming, starting)
    assert "start" not in driver.calls


async def test_a_command_after_the_stop_is_done(driver, turns):
    await turns.stop("to stop", driver.stop)
    await turns.command("to start", driver.start)
    assert driver.calls == ["stop", "start"]


async def test_a_command_that_fails_because_it_was_stopped_has_not_failed(driver, turns):
    programming = asyncio.ensure_future(turns.command("to be ready", driver.program, True))
    await entered(driver)
    await stop_in_between(turns, driver)
    await programming


async def test_a_command_that_fails_by_itself_has_failed(driver, turns):
    driver.go_on.set()
    with pytest.raises(RuntimeError, match="no program"):
        await turns.command("to be ready", driver.program, True)


async def test_a_question_is_answered_whatever_was_stopped(driver, turns):
    programming = asyncio.ensure_future(turns.command("to be ready", driver.program))
    await entered(driver)
    asking = asyncio.ensure_future(turns.question("how much", driver.answer))
    await asyncio.sleep(0)
    await stop_in_between(turns, driver)
    assert await asking == 42
    await programming
