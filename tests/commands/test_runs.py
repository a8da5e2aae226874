"""How many trials a listed run has, where that is not what was planned."""

import pytest

from blueslice.commands.runs import _ended, _row, _trials


class Listed:
    """A run of the catalogue, of which only its documents are read."""

    def __init__(self, start: dict, stop: dict | None):
        self.metadata = {"start": {"uid": "u", "time": 0.0, **start}, "stop": stop}


@pytest.mark.parametrize(
    ("start", "stop", "told"),
    [
        pytest.param({"trials": 10}, {"num_events": {"primary": 10}}, "10", id="whole"),
        pytest.param({"trials": 10}, {"num_events": {"primary": 5}}, "5 of 10", id="broken off"),
        pytest.param({"trials": 10}, None, "of 10", id="still open"),
        pytest.param({"raw_run": "r"}, {"num_events": {"dff": 5}}, "5", id="dF/F"),
        pytest.param({}, {"num_events": {}}, "", id="without trials"),
    ],
)
def test_the_trials_of_a_run(start: dict, stop: dict | None, told: str):
    assert _trials(_row(Listed(start, stop))) == told


@pytest.mark.parametrize(
    ("stop", "told"),
    [
        ({"exit_status": "success", "reason": ""}, "success"),
        ({"exit_status": "success", "reason": "stopped after 3 of 10 trials"}, "stopped"),
        ({"exit_status": "abort", "reason": "the process ended"}, "abort"),
        ({"exit_status": "fail", "reason": None}, "fail"),
        (None, "still open"),
    ],
)
def test_how_a_run_ended(stop: dict | None, told: str):
    assert _ended(_row(Listed({}, stop))) == told
