"""An ROI that is being dragged, moved or stretched on the page, before it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

__all__ = ["RoiEditor", "begin_drag", "drag_to", "end_drag", "nudge", "take_over"]

SMALLEST_PX = 2


@dataclass(frozen=True)
class RoiEditor:
    """ROIs as the page shows them while somebody changes them.

    Attributes
    ----------
    rois : tuple of mapping
        ROI documents, in pixels of the camera.
    selected : str
        Name of the one that is changed.
    changed : bool
        Whether they differ from those in use.
    size : (int, int)
        Columns and rows of the camera's picture.
    grip : (float, float, mapping) or None
        Where the drag began, and the ROI then; the mapping is empty for a new outline.
    """

    rois: tuple[Mapping[str, Any], ...] = ()
    selected: str = ""
    changed: bool = False
    size: tuple[int, int] = (1, 1)
    grip: tuple[float, float, Mapping[str, Any]] | None = None


def take_over(
    editor: RoiEditor, rois: Sequence[Mapping[str, Any]], size: tuple[int, int]
) -> RoiEditor:
    """Show the ROIs in use, unless somebody is changing them."""
    if editor.changed or editor.grip is not None:
        return replace(editor, size=size)
    names = [roi["name"] for roi in rois]
    selected = editor.selected if editor.selected in names else (names[0] if names else "")
    return RoiEditor(tuple(rois), selected, size=size)


def begin_drag(editor: RoiEditor, x: float, y: float) -> RoiEditor:
    """Take hold: of the ROI under the pointer, or of a corner of a new one."""
    for roi in editor.rois:
        inside_x = roi["x"] <= x < roi["x"] + roi["width"]
        if inside_x and roi["y"] <= y < roi["y"] + roi["height"]:
            return replace(editor, selected=roi["name"], grip=(x, y, roi))
    return replace(editor, grip=(x, y, {}))


def drag_to(editor: RoiEditor, x: float, y: float) -> RoiEditor:
    """Move the ROI that is held, or draw the new outline to here."""
    if editor.grip is None:
        return editor
    from_x, from_y, held = editor.grip
    if held:
        moved = _placed(held, held["x"] + round(x - from_x), held["y"] + round(y - from_y), editor)
        return _with(editor, moved)
    left, top = int(min(x, from_x)), int(min(y, from_y))
    width, height = int(abs(x - from_x)) + 1, int(abs(y - from_y)) + 1
    if max(width, height) < SMALLEST_PX:
        return editor
    name = editor.selected or "spine"
    return _with(editor, _sized({"name": name, "y": top, "x": left}, width, height, editor))


def end_drag(editor: RoiEditor) -> RoiEditor:
    """Let go."""
    return replace(editor, grip=None)


def nudge(editor: RoiEditor, right: int, down: int, *, stretch: bool = False) -> RoiEditor:
    """Move the selected ROI by pixels, or stretch its right and lower edge."""
    for roi in editor.rois:
        if roi["name"] == editor.selected:
            if stretch:
                size = (roi["width"] + right, roi["height"] + down)
                return _with(editor, _sized(roi, *size, editor))
            return _with(editor, _placed(roi, roi["x"] + right, roi["y"] + down, editor))
    return editor


def _placed(roi: Mapping[str, Any], x: int, y: int, editor: RoiEditor) -> dict[str, Any]:
    columns, rows = editor.size
    x = min(max(x, 0), columns - roi["width"])
    y = min(max(y, 0), rows - roi["height"])
    moved = {**roi, "x": x, "y": y}
    if "spans" in roi:
        by_x, by_y = x - roi["x"], y - roi["y"]
        moved["spans"] = [[row + by_y, a + by_x, b + by_x] for row, a, b in roi["spans"]]
    return moved


def _sized(roi: Mapping[str, Any], width: int, height: int, editor: RoiEditor) -> dict[str, Any]:
    columns, rows = editor.size
    # A mask cannot be stretched: it becomes a rectangle.
    kept = {key: roi[key] for key in ("name", "y", "x")}
    x, y = min(max(kept["x"], 0), columns - 1), min(max(kept["y"], 0), rows - 1)
    width = min(max(width, SMALLEST_PX), columns - x)
    height = min(max(height, SMALLEST_PX), rows - y)
    return {**kept, "x": x, "y": y, "width": width, "height": height}


def _with(editor: RoiEditor, roi: Mapping[str, Any]) -> RoiEditor:
    names = [one["name"] for one in editor.rois]
    if roi["name"] in names:
        rois = tuple(roi if one["name"] == roi["name"] else one for one in editor.rois)
    else:
        rois = (*editor.rois, roi)
    return replace(editor, rois=rois, selected=roi["name"], changed=True)
