"""The stubs of every trial: bluesky's own messages, without the stack of each call."""

import traceback

import bluesky.plan_stubs as bps
import pytest

from blueslice.plans import _stubs as stubs
from blueslice.rig import make_sim_rig

DEVICE = make_sim_rig(1).led_pair
CALLS = [
    ("abs_set", (DEVICE, "dark"), {"group": "g"}),
    ("checkpoint", (), {}),
    ("collect", (DEVICE,), {"name": "primary"}),
    ("complete", (DEVICE,), {"group": "g"}),
    ("create", ("trials",), {}),
    ("drop", (), {}),
    ("kickoff", (DEVICE,), {"group": "g"}),
    ("prepare", (DEVICE, 1), {"group": "g"}),
    ("read", (DEVICE,), {}),
    ("save", (), {}),
    ("trigger", (DEVICE,), {"group": "g"}),
    ("wait", (), {"group": "g"}),
]


def test_all_are_compared():
    assert [name for name, *_ in CALLS] == stubs.__all__


@pytest.mark.parametrize(("name", "args", "kwargs"), CALLS)
def test_messages_are_bluesky_s_and_cost_no_stack(name, args, kwargs, monkeypatch):
    expected = list(getattr(bps, name)(*args, **kwargs))

    def format_stack(*_):
        raise AssertionError("the stack is formatted")

    monkeypatch.setattr(traceback, "format_stack", format_stack)
    assert list(getattr(stubs, name)(*args, **kwargs)) == expected
