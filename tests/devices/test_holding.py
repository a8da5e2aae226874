"""Holding is not a stimulus: nothing that goes dark, disarms, aborts or closes changes it."""

import pytest
from bluesky.utils import RunEngineInterrupted

from blueslice._go_dark import go_dark
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session

# What an amplifier's driver is asked in a run; whatever else it can do is a setting.
RECORDING = {"connect", "sample_rate_Hz", "channels", "clamp", "arm", "read_samples", "stop"}


class Amplifier:
    """A driver that also has a holding, and notes what it is asked."""

    def __init__(self, backend):
        self.__dict__.update(_backend=backend, asked=set(), holding_pA=-50.0)

    def __getattr__(self, name):
        self.asked.add(name)
        return getattr(self._backend, name)

    def __setattr__(self, name, value):
        raise AssertionError(f"{name} of the amplifier was set to {value}")


def pause_at(RE, command):
    def hook(message):
        if message.command == command:
            RE.msg_hook = None
            RE.loop.create_task(RE._request_pause_coro())

    RE.msg_hook = hook


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("way_out", ["to the end", "stop", "abort", "halt", "close", "go_dark"])
def test_no_way_out_touches_the_holding(directory, way_out):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)
    amplifier = rig.amplifier.backend = Amplifier(rig.amplifier.backend)
    rig.amplifier._recording.backend = amplifier
    with Session(rig, directory, catalogue=False) as session:
        if way_out == "to the end":
            session.RE(two_pulse(rig, trials=1))
        else:
            pause_at(session.RE, "kickoff")
            with pytest.raises(RunEngineInterrupted):
                session.RE(two_pulse(rig, trials=1))
            if way_out == "go_dark":
                assert go_dark(rig, session.RE.loop) == []
            elif way_out != "close":
                getattr(session.RE, way_out)()
    assert amplifier.holding_pA == -50.0
    assert amplifier.asked <= RECORDING
