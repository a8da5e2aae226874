"""Cells over processes: few at a time, and no wait that Ctrl-C cannot interrupt on Windows."""

from concurrent.futures import Future

import pytest

from blueslice._interruptible_wait import INTERVAL_S
from blueslice.paper import run
from blueslice.paper.run import Task, do_tasks


class PatientPool:
    """Finishes one cell at every third look of who waits, the first begun first."""

    def __init__(self):
        self.unfinished = []
        self.most = self.looks = 0
        self.timeouts = []
        self.is_shut_down = False

    def submit(self, function, folder, task):
        future = Future()
        self.unfinished.append((future, task))
        self.most = max(self.most, len(self.unfinished))
        return future

    def wait(self, waiting, timeout=None, *, return_when):
        self.timeouts.append(timeout)
        self.looks += 1
        if timeout is None or self.looks % 3 == 0:
            future, task = self.unfinished.pop(0)
            future.set_result(f"record of {task.seed}")
        return type("Waited", (), {"done": [one for one in waiting if one.done()]})

    def shutdown(self, **_):
        self.is_shut_down = True


@pytest.fixture
def pool(monkeypatch):
    made = PatientPool()
    monkeypatch.setattr(run, "ProcessPoolExecutor", lambda *_, **__: made)
    monkeypatch.setattr(run, "wait", made.wait)
    return made


def test_cells_are_waited_for_in_steps_few_at_a_time(tmp_path, pool):
    tasks = [Task("cnqx", seed) for seed in range(9)]
    records = do_tasks(tmp_path, tasks, processes=2)
    assert records == [f"record of {seed}" for seed in range(9)]
    assert pool.most == 4
    assert set(pool.timeouts) == {INTERVAL_S}
    assert pool.is_shut_down


def test_ctrl_c_ends_the_processes(tmp_path, pool):
    def interrupt(record):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        do_tasks(tmp_path, [Task("cnqx", 1)], processes=2, on_record=interrupt)
    assert pool.is_shut_down
