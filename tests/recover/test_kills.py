"""Some kills at random moments: none costs a completed trial. The benchmark kills 200 times."""

import random
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def kills(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks import _kills

    return _kills


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL and no fork")
def test_killed_sessions_lose_no_completed_trial(kills, tmp_path):
    chooser = random.Random(5)
    with kills.children() as forks:
        span_s = kills.take_span_s(forks, tmp_path)
        tally = kills.kill_some(forks, tmp_path / "a", chooser, span_s, 6, catalogue=False)
        tally.add(kills.kill_creation(forks, tmp_path / "b", 1))
    assert tally.faults == []
    assert (tally.lost, tally.duplicated) == (0, 0)
    assert tally.kills == 7
    assert tally.completed >= 4
