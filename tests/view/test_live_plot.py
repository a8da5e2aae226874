"""The live picture at a prompt: drawn by another process, from the same state as the page."""

import signal
import sys
import threading

import pytest

from blueslice.analysis import Roi
from blueslice.errors import BadInputError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.view.live_plot import LivePlot, live_plot

pytest.importorskip("zmq", reason="the live page's packages (blueslice[live]) are absent")
SPINE = Roi(name="spine", y=10, x=10, height=6, width=6)


def test_pictures_come_while_the_session_runs(directory):
    rig = make_sim_rig(5, data_directory=directory, rows=40, columns=40)
    pictures, news = [], threading.Condition()

    def show(data):
        with news:
            pictures.append(data)
            news.notify_all()

    with Session(rig, directory, rois=[SPINE], catalogue=False) as session:
        plot = LivePlot(directory, show)
        try:
            with news:
                assert news.wait_for(lambda: pictures, 30)
            before = len(pictures)
            session.RE(two_pulse(rig, trials=2))
            with news:
                assert news.wait_for(lambda: len(pictures) > before, 30)
        finally:
            plot.close()
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert len(set(pictures)) > 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl-C to a console alone")
def test_ctrl_c_pauses_the_protocol_and_leaves_the_picture(directory):
    directory.create()
    drawn = threading.Event()
    plot = LivePlot(directory, lambda picture: drawn.set())
    try:
        assert drawn.wait(60)
        plot._process.send_signal(signal.SIGINT)
    finally:
        plot.close()
    # It ended since it was told to.
    assert plot._process.returncode == 0


def test_outside_ipython_it_says_where_it_belongs():
    with pytest.raises(BadInputError, match="call it in IPython or Jupyter"):
        live_plot()
