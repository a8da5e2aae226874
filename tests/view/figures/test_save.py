"""Files of figures: letters as letters, no date, one style whatever the user has set."""

import re
import subprocess
import sys

import matplotlib
import numpy as np
import pytest

from blueslice.errors import BadInputError, StorageError
from blueslice.view.figures import ConditionMeasures, draw_conditions, save_figure

MEASURES = [ConditionMeasures("Na ΔF/F (%)", [np.array([4.0, 6.0]), np.array([1.0, np.nan])])]


@pytest.fixture
def figure():
    return draw_conditions(["control", "CNQX"], MEASURES, "a foot")


def test_vector_files_keep_their_letters(figure, tmp_path):
    svg = save_figure(figure, tmp_path / "new" / "bars.svg").read_text(encoding="utf-8")
    assert "<text" in svg
    assert "Na ΔF/F (%)" in svg
    assert "a foot" in svg
    pdf = save_figure(figure, tmp_path / "bars.pdf").read_bytes()
    assert b"/FontFile2" in pdf  # TrueType, not outlines (Type 3)
    assert b"/Type3" not in pdf


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_the_same_figure_is_the_same_file(kind, tmp_path):
    files = [
        save_figure(draw_conditions(["control", "CNQX"], MEASURES), tmp_path / f"{n}.{kind}")
        for n in "ab"
    ]
    contents = [file.read_bytes() for file in files]
    assert contents[0] == contents[1]
    assert b"CreationDate" not in contents[0]
    assert b"<dc:date>" not in contents[0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"a.{kind}", f"b.{kind}"]


@pytest.mark.parametrize("kind", ["pdf", "svg", "png"])
def test_a_figure_that_is_open_in_a_viewer_stays_and_the_new_one_is_kept(
    windows_files, figure, tmp_path, kind
):
    path = save_figure(figure, tmp_path / f"bars.{kind}")
    content = path.read_bytes()
    path.write_bytes(b"old")
    told = re.escape(f"kept beside it as new-bars.{kind}: close bars.{kind} in the other program")
    with path.open("rb"), pytest.raises(StorageError, match=told):
        save_figure(figure, path)
    assert path.read_bytes() == b"old"
    assert (tmp_path / f"new-bars.{kind}").read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 2
    assert save_figure(figure, path).read_bytes() == content


def test_a_folder_that_cannot_be_written_to_is_one_line(figure, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"bars.pdf cannot be written .*another folder"):
        save_figure(figure, tmp_path / "file" / "bars.pdf")


def test_another_kind_of_file_is_refused(figure, tmp_path):
    with pytest.raises(BadInputError, match=r"name it \.pdf, \.svg, \.png"):
        save_figure(figure, tmp_path / "bars.gif")


def test_a_bar_is_the_mean_and_conditions_must_match(figure):
    (axes,) = figure.axes
    assert [bar.get_height() for bar in axes.patches] == [5.0, 1.0]
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "control\n(n = 2)", "CNQX\n(n = 1)",
    ]  # fmt: skip
    with pytest.raises(BadInputError, match="at least two"):
        draw_conditions(["control"], [])
    with pytest.raises(BadInputError, match="2 groups of trials for 3 conditions"):
        draw_conditions(["a", "b", "c"], MEASURES)


def test_the_users_own_settings_neither_count_nor_change(tmp_path):
    with matplotlib.rc_context({"font.size": 20.0, "axes.spines.top": True}):
        before = dict(matplotlib.rcParams)
        figure = draw_conditions(["control", "CNQX"], MEASURES)
        save_figure(figure, tmp_path / "bars.svg")
        assert dict(matplotlib.rcParams) == before
    assert figure.axes[0].yaxis.label.get_fontsize() == 7.0
    assert not figure.axes[0].spines["top"].get_visible()


def test_pyplot_is_not_used():
    code = (
        "import sys, numpy as np\n"
        "from blueslice.view.figures import ConditionMeasures, draw_conditions, figure_bytes\n"
        "m = [ConditionMeasures('Na (%)', [np.ones(2), np.zeros(2)])]\n"
        "figure_bytes(draw_conditions(['a', 'b'], m), 'png')\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
