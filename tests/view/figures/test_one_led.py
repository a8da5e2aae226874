"""A recording with one LED: what lit no frame is not drawn, and nothing fails for it."""

from datetime import datetime

import numpy as np
import pytest
from tests.recordings.writers.camera_files import CameraContent, tsm_and_tbn
from tests.view.figures.conftest import run_data_in

from blueslice.analysis import Roi
from blueslice.broker import DataDirectory
from blueslice.plans import replay
from blueslice.rig import make_replay_rig
from blueslice.session import Session
from blueslice.view.figures import RunTrials, draw_run, kinds_of
from blueslice.view.summary_figure import draw_summary

FRAMES, ROWS, COLUMNS = 60, 30, 32


@pytest.fixture(scope="module", params=[(12, 10), (1, 25)], ids=["inside", "at the edge"])
def one_led(tmp_path_factory, request):
    """The summary of a replay whose LED 1 lights even frames, and the run."""
    folder = tmp_path_factory.mktemp("one_led")
    rng = np.random.default_rng(1)
    pictures = rng.normal(1000, 5, (FRAMES + 1, ROWS, COLUMNS))
    pictures[:-1:2] += 2000 * np.exp(-(((np.arange(COLUMNS) - 14) / 4) ** 2))
    y, x = request.param
    pictures[20:FRAMES:2, y : y + 4, x : x + 4] += 300
    pictures[-1] = 900
    lines = np.zeros((8, FRAMES, 32))
    lines[0] = -0.7
    lines[4, ::2, 4:20] = 0.24
    lines[3, 18, 8:] = 4.96  # which leaks into the line of the LED
    lines[4] += 0.125 * lines[3]
    frames = pictures.astype(np.uint16)
    content = CameraContent(frames[:-1], frames[-1], lines, datetime(2013, 4, 21, 10, 20, 40))
    tsm, tbn = tsm_and_tbn(content, 0.001)
    (folder / "pair.tsm").write_bytes(tsm)
    (folder / "pair.tbn").write_bytes(tbn)
    directory = DataDirectory(folder / "data")
    rig = make_replay_rig([folder / "pair.tsm"], data_directory=directory)
    roi = Roi(name="r", y=y, x=x, height=4, width=4)
    with Session(rig, directory, rois=[roi], catalogue=False) as session:
        session.RE(replay(rig))
        session.live.wait()
        summary = draw_summary(session, np.full((1, FRAMES * 32), -70.0), 32_000.0)
    return summary, run_data_in(directory)


def labels_of(figure):
    return {axes.get_ylabel() for axes in figure.axes} | {axes.get_title() for axes in figure.axes}


def test_the_summary_has_the_ion_that_was_lit(one_led):
    labels = labels_of(one_led[0])
    assert {"Na ΔF/F (%)", "amplifier (mV)", "sodium"} <= labels
    assert not {"Ca ΔF/F (%)", "calcium"} & labels


def test_every_kind_of_figure_is_drawn(one_led):
    trials = RunTrials.of(one_led[1])
    kinds = kinds_of(trials)
    assert kinds == ["cell", "traces", "difference", "film", "profile", "timing"]
    for kind in kinds:
        figures = [figure for _, figure in draw_run(trials, kind)]
        assert figures
        assert not any("Ca" in label for label in labels_of(figures[0])), kind


def test_a_current_that_no_line_shows_is_drawn_as_unknown(one_led):
    ((_, figure),) = draw_run(RunTrials.of(one_led[1]), "timing")
    texts = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert any("unknown current" in text for text in texts)
    assert not any("50 µA" in text for text in texts)
