"""The four pictures on the page, and the ROIs that are drawn on them."""

from collections.abc import Callable
from typing import Any

from nicegui import events, ui

from blueslice.view.live.pictures import Picture, difference_picture, mean_picture, roi_svg
from blueslice.view.live.roi_editor import (
    RoiEditor,
    begin_drag,
    drag_to,
    end_drag,
    nudge,
    take_over,
)
from blueslice.view.live.state import LiveState, label_of, shown_trial

__all__ = ["PicturePanel"]

IN_USE, DRAFT = "#2BD4A0", "#FFFFFF"
_ARROWS = {
    "ArrowLeft": (-1, 0),
    "ArrowRight": (1, 0),
    "ArrowUp": (0, -1),
    "ArrowDown": (0, 1),
}
_GRADIENTS = {
    "mean": "linear-gradient(90deg,#000,#fff)",
    "rise": "linear-gradient(90deg,#000004,#420a68,#932667,#dd513a,#fca50a,#fcffa4)",
}


class PicturePanel:
    """Resting light and rise of both ions.

    Parameters
    ----------
    use_rois : callable of (rois, trial), or None
        Uses ROIs that were drawn on the pictures of a trial; None when they may only be looked at.
    """

    def __init__(self, use_rois: Callable[[list[dict[str, Any]], int | None], None] | None) -> None:
        self.editor = RoiEditor()
        self._use_rois = use_rois
        self._shown: Any = None
        self._step = 1
        self._trial: int | None = None
        self._in_hand = 0
        self._pending_since: int | None = None
        # The scales of the present run go on from trial to trial, so that these compare.
        self._run: Any = None
        self._highest: dict[int, float] = {}
        self._views: dict[tuple[int, str], tuple[Any, Any, Any, Any]] = {}
        with ui.element("div").classes("pictures"):
            for kind in ("mean", "rise"):
                for number in (0, 1):
                    self._view(number, kind)
        with ui.row(align_items="center").classes("w-full gap-2 mt-1"):
            self._text = ui.label().classes("faint")

    def _view(self, number: int, kind: str) -> None:
        with ui.element("div"):
            title = ui.label().classes("title")
            with ui.element("div").classes("picture"):
                empty = ui.label("after the first trial").classes("empty")
                image = ui.interactive_image(
                    on_mouse=self._on_mouse if self._use_rois else None,
                    events=["mousedown", "mousemove", "mouseup"] if self._use_rois else [],
                    sanitize=False,
                )
                image.props("draggable=false").mark(f"{kind}-{number}")
            ui.element("div").classes("scale").style(f"background: {_GRADIENTS[kind]}")
            scale = ui.label().classes("faint")
        self._views[number, kind] = (title, image, empty, scale)

    def show(self, state: LiveState) -> None:
        """Bring the pictures and the outlines up to a state."""
        pictures = state.pictures
        trial = shown_trial(state)
        if pictures is not None and pictures is not self._shown:
            self._shown = pictures
            self._draw(state, pictures)
        self._in_hand = max(state.trial, max(state.results, default=0))
        told = pictures or trial
        if self._pending_since is not None and told and told["trial"] > self._pending_since:
            self._pending_since = None
            self.editor = RoiEditor(size=self.editor.size)
        if told is not None:
            # Those of the pictures: in the trial in hand the tissue may lie elsewhere.
            self.editor = take_over(self.editor, told["rois"], self._size())
        self._outline()

    def _size(self) -> tuple[int, int]:
        if self._shown is None:
            return (1, 1)
        rows, columns = self._shown["images"][0]["mean"].shape
        return columns * self._step, rows * self._step

    def _draw(self, state: LiveState, pictures: Any) -> None:
        self._trial = pictures["trial"]
        if state.run.get("uid") != self._run:
            self._run, self._highest = state.run.get("uid"), {}
        name = f"trial {label_of(state, pictures['trial']).number}"
        for number, one in enumerate(pictures["images"][:2]):
            self._step = one["step"]
            rise = difference_picture(one["rise"], self._highest.get(number, 0.0))
            self._highest[number] = rise.high
            for kind, picture in (("mean", mean_picture(one["mean"])), ("rise", rise)):
                title, image, empty, scale = self._views[number, kind]
                what = "resting light" if kind == "mean" else "rise, ΔF"
                title.text = f"{one['ion']}: {what}"
                image.props(f'role="img" aria-label="{title.text}"')
                image.set_source(picture.source)
                empty.set_visibility(False)
                scale.text = _scale_text(picture, name if kind == "rise" else "")

    def _outline(self) -> None:
        if self._shown is None:
            return
        colour = DRAFT if self.editor.changed else IN_USE
        svg = roi_svg(
            self.editor.rois, self._step, (colour,), self.editor.selected, self.editor.changed
        )
        for _, image, _, _ in self._views.values():
            if image.content != svg:
                image.content = svg
        if self._pending_since is not None:
            self._text.text = "the dashed ROI is used from the next trial"
        elif self.editor.changed:
            self._text.text = "Enter uses the dashed ROI from the next trial, Esc leaves it"
        elif self._use_rois is None:
            self._text.text = "blueslice live --control lets you draw the ROI here"
        else:
            self._text.text = "drag to move the ROI or to draw it anew"

    def _on_mouse(self, event: events.MouseEventArguments) -> None:
        x, y = event.image_x * self._step, event.image_y * self._step
        if self._shown is None:
            return
        if event.type == "mousedown":
            self.editor = begin_drag(self.editor, x, y)
        elif self.editor.grip is not None and event.buttons:
            self.editor = drag_to(self.editor, x, y)
        elif self.editor.grip is not None:
            self.editor = end_drag(self.editor)
            self._use()
        self._outline()

    def key(self, key: str, *, shift: bool) -> bool:
        """Do what a key says; False when it says nothing here."""
        if key in _ARROWS:
            self.editor = nudge(self.editor, *_ARROWS[key], stretch=shift)
        elif key == "Enter" and self._pending_since is None:
            self._use()
        elif key == "Escape":
            self.refused()
        else:
            return False
        return True

    def refused(self) -> None:
        """Leave the drawn ROIs, and show again those in use."""
        self._pending_since = None
        self.editor = RoiEditor(size=self.editor.size, selected=self.editor.selected)

    def _use(self) -> None:
        if self._use_rois is not None and self.editor.changed:
            self._pending_since = self._in_hand
            self._use_rois([dict(roi) for roi in self.editor.rois], self._trial)


def _scale_text(picture: Picture, name: str) -> str:
    text = f"{picture.low:.0f} to {picture.high:.0f} counts"
    return f"{text}, {name}" if name else text
