"""What the tests of plans share: documents by stream, and plans message by message."""

import asyncio
from itertools import count
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

import h5py
import numpy as np
import pytest
from bluesky.simulators import RunEngineSimulator

from blueslice.rig import make_sim_rig

DARK = [("clock", "stopped"), ("led_pair", "dark"), ("stimulator", "disarmed")]


class Documents(list):
    """The documents of one run."""

    __hash__ = object.__hash__  # the RunEngine keeps its callbacks by hash

    def __call__(self, name, doc):
        self.append((name, doc))

    def of(self, name):
        return [doc for kind, doc in self if kind == name]

    @property
    def start(self):
        (start,) = self.of("start")
        return start

    @property
    def stop(self):
        (stop,) = self.of("stop")
        return stop

    def events(self, stream):
        """Return the data of the stream's events, without what pauses gave twice."""
        uids = {doc["uid"] for doc in self.of("descriptor") if doc["name"] == stream}
        found = [doc for doc in self.of("event") if doc["descriptor"] in uids]
        return [doc["data"] for doc in found]

    def column(self, stream, key):
        return [data[key] for data in self.events(stream)]

    def read(self, key):
        (uri,) = [doc["uri"] for doc in self.of("stream_resource") if doc["data_key"] == key]
        with h5py.File(url2pathname(unquote(urlparse(uri).path)), "r", swmr=True) as file:
            return np.asarray(file[key])


class Messages(list):
    """The messages of a plan that nobody runs; a part of them is such messages too."""

    def __getitem__(self, place):
        found = super().__getitem__(place)
        return Messages(found) if isinstance(place, slice) else found

    def names(self):
        """Name each message by its command and device: ``prepare camera``."""
        return [f"{m.command} {m.obj.name}" if m.obj else m.command for m in self]

    def places(self, *commands):
        return [k for k, m in enumerate(self) if m.command in commands]

    def settings(self):
        return [(m.obj.name, m.args[0]) for m in self if m.command == "set"]

    def check_dark(self):
        told = [s for s in self.settings() if s[0] in ("clock", "led_pair", "stimulator")]
        assert told[:3] == DARK
        assert told[-3:] == DARK
        last = max(self.places("kickoff", "collect", "unstage"))
        assert self[last:].settings() == DARK


def simulate(plan):
    """Return the plan's messages; what it waits for is done at once."""

    def do_now(message):
        async def together():
            tasks = [asyncio.ensure_future(make()) for make in message.args[0]]
            await asyncio.wait(tasks)
            return tasks

        return asyncio.run(together())

    simulator = RunEngineSimulator()
    simulator.add_handler("wait_for", do_now)
    return Messages(simulator.simulate_plan(plan))


def broken_at(plan, place, error):
    """Let a message fail, as the RunEngine does it; the error then leaves the plan again."""
    message = next(plan)
    for number in count():
        answer = yield message
        try:
            message = plan.throw(error) if number == place else plan.send(answer)
        except StopIteration:
            return
        except Exception as left:
            if left is not error:
                raise
            return


@pytest.fixture
def messages():
    """Return the messages of a plan, as a function; `broken` lets one of them fail."""
    return simulate


@pytest.fixture
def messages_broken_at():
    return lambda plan, place, error: simulate(broken_at(plan, place, error))


@pytest.fixture
def small_rig(directory):
    """A quick rig: a picture of 24 x 24 pixels, and a cell that may get any light."""
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    rig.ledger.allow(rig.ledger.cell)
    return rig


@pytest.fixture
def documents():
    return Documents()
