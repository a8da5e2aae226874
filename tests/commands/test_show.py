"""``blueslice show``: which run, which figures, which files."""

import json
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from blueslice.cli import main, make_parser
from blueslice.commands import show
from blueslice.recordings.export import Derived, RunData
from blueslice.trial import Trial, paired_pulses
from blueslice.view.figures import FORMATS, KINDS

TRIAL = Trial(frame_count=10, pulses=paired_pulses(onset_s=0.004, interval_s=0.006))
ROIS = [{"name": "spine", "y": 3, "x": 4, "height": 5, "width": 6}]


def run_of(uid):
    """A run with voltage alone: two trials."""
    columns = {"time": np.array([1.0, 2.0]), "trial-ok": np.array([True, True])}
    return RunData(
        start={"uid": uid, "time": 0.0, "trial": TRIAL.to_document(), "blanks": [False, False]},
        stop={},
        arrays={"amplifier-voltage": np.random.default_rng(1).normal(-65, 1, (2, 10, 8))},
        original={},
        trials=columns,
        configuration={"amplifier-sample_rate_Hz": 4000.0},
        derived=None,
    )


class Catalogue(dict):
    """As much of a catalogue as the command asks for."""

    @property
    def v3(self):
        return self


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command on a catalogue by hand; returns code, files' names, stdout, stderr."""
    starts = [{"uid": "aaaa1111", "time": 1.0}, {"uid": "bbbb2222", "time": 2.0},
              {"uid": "cccc3333", "time": 3.0, "raw_run": "bbbb2222"}]  # fmt: skip
    runs = Catalogue({s["uid"]: SimpleNamespace(metadata={"start": s}) for s in starts})

    @contextmanager
    def open_run(catalogue, uid):
        yield run_of(uid)

    monkeypatch.setattr(show, "open_catalogue", lambda _: runs)
    monkeypatch.setattr(show, "open_run_data", open_run)
    out = tmp_path / "out"

    def run(*arguments):
        code = main(["show", *arguments, "--out", str(out), "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        names = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
        return code, names, told.out, told.err

    return run


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["-1"], ["bbbb2222-timing.pdf", "bbbb2222-traces.pdf"]),
        (["-2", "--kind", "traces"], ["aaaa1111-traces.pdf"]),
        (["aaaa", "--kind", "timing", "--format", "svg"], ["aaaa1111-timing.svg"]),
        (["aaaa1111", "--kind", "traces", "--trial", "2", "--format", "png"],
         ["aaaa1111-traces.png"]),
    ],
)  # fmt: skip
def test_files_are_written_and_told_one_a_line(command, tmp_path, arguments, names):
    code, written, out, err = command(*arguments)
    assert (code, written, err) == (0, names, "")
    assert sorted(out.split()) == [str(tmp_path / "out" / name) for name in names]


def test_json_tells_the_files(command, tmp_path):
    code, names, out, _ = command("-1", "--json", "--kind", "timing")
    assert code == 0
    assert json.loads(out) == [str(tmp_path / "out" / name) for name in names]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["dddd"], "run 'dddd': there are 0 such runs; 'blueslice runs' lists them"),
        (["aa"], "give 4 characters"),
        (["-3"], "run -3: the catalogue holds 2 runs"),
        (["-1", "--kind", "traces", "--kind", "film"],
         "run bbbb2222 cannot show film: it has no frames; it can show traces, timing"),
        (["-1", "--kind", "movie"], "invalid choice: 'movie'"),
        (["-1", "--trial", "3"], "trial 3: run bbbb2222 has the trials 1 to 2"),
        (["-1", "--roi", "spine"], "--roi spine: the run's ROIs are none"),
        (["-1", "--roi", "1,2,3,4"], "has no dF/F, so no baseline for an ROI"),
        (["-1", "--pixel-um", "0"], "--pixel-um = 0: give a pixel's edge"),
        (["-1", "--pixel-um", "nan"], "--pixel-um = nan: give a pixel's edge"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused_in_one_line(command, arguments, told):
    code, names, out, err = command(*arguments)
    assert code == 2
    assert told in err
    assert err.count("\n") == 1
    # Nothing is written when one of several kinds is refused.
    assert (names, out) == ([], "")


def test_rois_are_the_runs_own_by_name_or_others_by_place():
    derived = Derived({"rois": ROIS}, {})
    data = SimpleNamespace(derived=derived)
    own, other = show._chosen_rois(data, ["spine", "shaft=1,2,3,4"])
    assert (own.name, own.y, own.width) == ("spine", 3, 6)
    assert (other.name, other.y, other.width) == ("shaft", 1, 4)
    with pytest.raises(ValueError, match="the run's ROIs are spine; name one"):
        show._chosen_rois(data, ["Spine"])


def test_the_command_line_offers_what_can_be_drawn():
    actions = make_parser()._subparsers._group_actions[0].choices["show"]._actions
    choices = {action.dest: action.choices for action in actions}
    assert choices["kind"] == KINDS
    assert sorted(choices["format"]) == sorted(FORMATS)
