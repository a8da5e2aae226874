"""Drawing an ROI: moved, stretched and drawn anew, always within the picture."""

import pytest

from blueslice.view.live.roi_editor import (
    RoiEditor,
    begin_drag,
    drag_to,
    end_drag,
    nudge,
    take_over,
)

SPINE = {"name": "spine", "y": 10, "x": 20, "height": 6, "width": 4}
SHAFT = {"name": "shaft", "y": 40, "x": 40, "height": 8, "width": 8}


@pytest.fixture
def editor():
    return take_over(RoiEditor(), [SPINE, SHAFT], (80, 60))


def dragged(editor, start, end):
    return end_drag(drag_to(begin_drag(editor, *start), *end))


@pytest.mark.parametrize(
    ("start", "end", "index", "expected"),
    [
        ((21, 11), (25, 14), 0, {"x": 24, "y": 13, "width": 4, "height": 6}),
        ((41, 41), (100, 100), 1, {"x": 72, "y": 52, "width": 8, "height": 8}),
        ((21, 11), (-50, -50), 0, {"x": 0, "y": 0, "width": 4, "height": 6}),
        ((5.2, 5.9), (9.9, 8.1), 0, {"x": 5, "y": 5, "width": 5, "height": 3}),
        ((9.9, 8.1), (5.2, 5.9), 0, {"x": 5, "y": 5, "width": 5, "height": 3}),
        ((70, 50), (200, 200), 0, {"x": 70, "y": 50, "width": 10, "height": 10}),
    ],
)
def test_a_drag_moves_or_draws(editor, start, end, index, expected):
    after = dragged(editor, start, end)
    assert after.changed
    assert {key: after.rois[index][key] for key in expected} == expected
    assert after.rois[1 - index] == (SPINE, SHAFT)[1 - index]
    assert after.grip is None


def test_a_click_changes_nothing_but_the_selection(editor):
    after = dragged(editor, (41, 41), (41, 41))
    assert after.rois == (SPINE, SHAFT) or after.rois[1] == SHAFT
    assert after.selected == "shaft"
    empty = end_drag(begin_drag(editor, 1, 1))
    assert (empty.rois, empty.changed) == (editor.rois, False)


def test_keys_move_and_stretch(editor):
    after = nudge(nudge(editor, 1, 0), 0, -2)
    assert (after.rois[0]["x"], after.rois[0]["y"]) == (21, 8)
    after = nudge(after, 3, -10, stretch=True)
    assert (after.rois[0]["width"], after.rois[0]["height"]) == (7, 2)
    assert nudge(RoiEditor(), 1, 1) == RoiEditor()


def test_a_mask_moves_with_its_pixels_and_becomes_a_box_when_stretched():
    mask = {**SPINE, "spans": [[10, 20, 24], [15, 21, 23]]}
    editor = take_over(RoiEditor(), [mask], (80, 60))
    assert nudge(editor, 2, 1).rois[0]["spans"] == [[11, 22, 26], [16, 23, 25]]
    assert "spans" not in nudge(editor, 1, 0, stretch=True).rois[0]


def test_what_somebody_draws_is_not_taken_away(editor):
    drawn = nudge(editor, 5, 5)
    assert take_over(drawn, [SPINE, SHAFT], (80, 60)).rois == drawn.rois
    assert take_over(editor, [SHAFT], (80, 60)).rois == (SHAFT,)
    assert take_over(editor, [SHAFT], (80, 60)).selected == "shaft"
