"""Each signal is told once, in a thread, also while the main thread waits and hears nothing."""

import os
import queue
import signal
import subprocess
import sys
import threading

import pytest

from blueslice._signal_pipe import SignalPipe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")


@pytest.fixture
def told():
    return queue.Queue()


@pytest.fixture
def pipe(told):
    """A pipe of SIGUSR1 and SIGUSR2, whose handlers do as those of a session's signals."""
    pipe = SignalPipe(told.put)
    before = {
        number: signal.signal(number, lambda number, _: pipe.note(number))
        for number in (signal.SIGUSR1, signal.SIGUSR2)
    }
    yield pipe
    pipe.detach()
    for number, handler in before.items():
        signal.signal(number, handler)


def nothing_more(pipe, told):
    """Return whether nothing was told but what a last signal, which comes after all, tells."""
    pipe.note(signal.SIGWINCH)
    return told.get(timeout=10) == signal.SIGWINCH


@pytest.mark.parametrize("attached", [True, False])
def test_a_signal_is_told_once_whoever_writes_it(pipe, told, attached):
    if attached:
        pipe.attach()
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGUSR1):
        signal.raise_signal(number)
        assert told.get(timeout=10) == number
    assert nothing_more(pipe, told)


def test_it_is_told_while_the_main_thread_cannot_handle_it(pipe, told):
    pipe.attach()
    ready, told_first = threading.Event(), threading.Event()

    def send():
        ready.wait(10)
        # Not to the main thread: it is as if that had begun to wait just then.
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        told.put(told.get(timeout=10))
        told_first.set()

    thread = threading.Thread(target=send)
    thread.start()
    ready.set()
    thread.join()  # this thread waits for a lock, and handles no signal
    assert told_first.is_set()
    assert told.get(timeout=10) == signal.SIGUSR1
    # Its handler has written it by now as well.
    assert nothing_more(pipe, told)


def test_a_signal_of_this_process_s_own_is_not_told(pipe, told):
    pipe.attach()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    pipe.expect(signal.SIGUSR1)
    signal.raise_signal(signal.SIGUSR1)
    assert nothing_more(pipe, told)


def test_another_loop_has_its_signals_still_and_gets_its_pipe_back(pipe, told):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    try:
        pipe.attach()
        signal.raise_signal(signal.SIGUSR1)
        assert told.get(timeout=10) == signal.SIGUSR1
        assert os.read(reading, 8) == bytes([signal.SIGUSR1])
        pipe.give_back()
        assert signal.set_wakeup_fd(-1) == writing
    finally:
        signal.set_wakeup_fd(before)
        os.close(reading)
        os.close(writing)


def test_a_pipe_that_it_had_for_itself_is_kept(pipe, told):
    pipe.attach()
    pipe.give_back()
    signal.raise_signal(signal.SIGUSR1)
    assert told.get(timeout=10) == signal.SIGUSR1


FORK = """
import os, queue, signal
from blueslice._signal_pipe import SignalPipe
told = queue.Queue()
pipe = SignalPipe(told.put)
for number in (signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, lambda *_: None)
pipe.attach()
child = os.fork()
if child == 0:
    signal.raise_signal(signal.SIGTERM)
    os._exit(0)
os.waitpid(child, 0)
signal.raise_signal(signal.SIGUSR1)
print(int(told.get(timeout=10)))
"""


def test_a_signal_of_a_forked_child_is_the_child_s():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.stderr) == (str(int(signal.SIGUSR1)), "")
