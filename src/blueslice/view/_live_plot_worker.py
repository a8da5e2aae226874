"""Draws a session's state, in a process of its own: to standard output as PNG, or in a window.

``python -m blueslice.view._live_plot_worker DIRECTORY [--window]``; ends with its standard input.
"""

import io
import signal
import sys
import threading
import time
from pathlib import Path

from blueslice.view.live.live_figure import draw_live
from blueslice.view.live.store import LiveStore
from blueslice.view.live_plot import LENGTH

__all__ = ["main"]

INTERVAL_S = 0.4


def main() -> None:
    """Follow the session of a data directory until standard input ends."""
    # Ctrl-C is for the protocol alone: a terminal sends it to this process too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    store = LiveStore(Path(sys.argv[1]))
    ended = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.buffer.read()
        ended.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    store.start(running=True)
    if "--window" in sys.argv:
        _show_window(store, ended)
    else:
        _send_pictures(store, ended)
    store.close()


def _send_pictures(store: LiveStore, ended: threading.Event) -> None:
    shown = None
    while not ended.is_set():
        state = store.state
        if state is not shown:
            shown = state
            buffer = io.BytesIO()
            draw_live(state).savefig(buffer, format="png", dpi=90)
            data = buffer.getvalue()
            sys.stdout.buffer.write(LENGTH.pack(len(data)) + data)
            sys.stdout.buffer.flush()
        ended.wait(INTERVAL_S)


def _show_window(store: LiveStore, ended: threading.Event) -> None:
    import matplotlib.pyplot as plt

    figure = plt.figure("blueslice", figsize=(9.5, 5.2), layout="constrained")
    plt.show(block=False)
    shown = None
    while not ended.is_set() and plt.fignum_exists(figure.number):
        state = store.state
        if state is not shown:
            shown = state
            draw_live(state, figure)
            figure.canvas.draw_idle()
        begun_s = time.monotonic()
        figure.canvas.start_event_loop(INTERVAL_S)
        ended.wait(max(0.0, INTERVAL_S - (time.monotonic() - begun_s)))


if __name__ == "__main__":
    main()
