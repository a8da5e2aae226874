"""The live page: what one open browser window shows and does."""

from concurrent.futures import Future
from typing import Any

from nicegui import events, ui

from blueslice.view.live.chart_panel import ChartPanel
from blueslice.view.live.numbers import headline, rest_text
from blueslice.view.live.page_texts import (
    health_html,
    light_html,
    phase_text,
    progress_html,
    table_html,
)
from blueslice.view.live.picture_panel import PicturePanel
from blueslice.view.live.state import LiveState
from blueslice.view.live.store import LiveStore
from blueslice.view.live.theme import DARK, LIGHT, page_css

__all__ = ["LivePage"]

# At most so often; an eye takes it for movement, and the acquisition keeps its processor.
UPDATE_INTERVAL_S = 0.05

_READ_CHOICE = "localStorage.getItem('blueslice-light') === '1'"
_KEYS_HELP = (
    "<kbd>o</kbd> earlier trials <kbd>m</kbd> means <kbd>l</kbd> light or dark "
    "<kbd>←↑→↓</kbd> move the ROI, with <kbd>Shift</kbd> stretch it, <kbd>Enter</kbd> use it, "
    "<kbd>Esc</kbd> leave it"
)


class LivePage:
    """Builds the page for one browser window and keeps it up to date.

    Parameters
    ----------
    store : LiveStore
        What is shown.
    control : bool
        Whether the page may do something: pause, resume, stop, abort, use other ROIs.
    """

    def __init__(self, store: LiveStore, *, control: bool) -> None:
        self._store, self._control = store, control
        self._revision = self._structure = -1
        self._waiting: list[Future[str]] = []
        self._light_read = False
        ui.add_css(page_css())
        ui.page_title("blueslice live")
        self._dark = ui.dark_mode(value=True)
        self._header()
        with ui.element("main").classes("page"):
            with ui.element("section").classes("stack"):
                with ui.element("div").classes("panel"):
                    self._chart = ChartPanel()
                with ui.element("div").classes("panel"):
                    self._table = ui.html("", sanitize=False).classes("w-full")
            with ui.element("section").classes("stack"):
                with ui.element("div").classes("panel"):
                    self._pictures = PicturePanel(self._use_rois if control else None)
                self._condition()
        ui.html(_KEYS_HELP if control else _KEYS_HELP.split(" <kbd>←")[0], sanitize=False).classes(
            "faint"
        )
        ui.keyboard(on_key=self._on_key, ignore=["input", "select", "textarea"])
        ui.timer(UPDATE_INTERVAL_S, self._update)

    def _header(self) -> None:
        with ui.element("header").classes("panel w-full"):
            with ui.row(wrap=False, align_items="center").classes("w-full gap-4"):
                self._headline = ui.label().classes("headline").mark("headline")
                self._phase = ui.label().classes("phase")
                self._now = ui.label().classes("now").props('aria-live="polite"')
                if self._control:
                    self._pause = self._button("Pause", "pause", self._pause_or_resume)
                    self._button("Stop", "stop", lambda: self._confirm("stop"))
                    self._button("Abort", "dangerous", lambda: self._confirm("abort"))
                self._toggle = (
                    ui.button(icon="contrast", on_click=self._switch_light)
                    .props('flat dense round size=sm aria-label="light or dark"')
                    .tooltip("light or dark (l)")
                )
            self._progress = ui.html("", sanitize=False).classes("w-full mt-1")

    def _button(self, text: str, icon: str, action: Any) -> Any:
        return ui.button(text, icon=icon, on_click=action).props("outline dense no-caps size=md")

    def _condition(self) -> None:
        with ui.element("div").classes("panel"):
            ui.label("light that the cell has had").classes("title")
            self._light = ui.html("", sanitize=False).classes("w-full")
            ui.label("instruments, last heard of").classes("title mt-2")
            self._health = ui.html("", sanitize=False).classes("w-full")

    async def _update(self) -> None:
        if not self._light_read:
            self._light_read = True
            if await ui.run_javascript(_READ_CHOICE, timeout=5.0):
                self._dark.set_value(False)
                self._structure = -1
        self._show_answers()
        state = self._store.state
        if state.revision == self._revision:
            return
        anew = state.structure != self._structure
        self._revision, self._structure = state.revision, state.structure
        theme = DARK if self._dark.value else LIGHT
        self._chart.roi = self._pictures.editor.selected
        if anew:
            self._table.content = table_html(state)
        self._pictures.show(state)
        self._show_texts(state)
        await self._chart.show(state, theme, anew=anew)

    def _show_texts(self, state: LiveState) -> None:
        place = state.trial or (max(state.results) if state.results else 0)
        self._headline.text = headline(state)
        self._phase.text = phase_text(state, place)
        self._now.text = rest_text(state)
        self._progress.content = progress_html(state)
        self._light.content = light_html(state)
        self._health.content = health_html(state)
        if self._control:
            paused = state.status.get("state") in ("paused", "pausing")
            self._pause.text = "Resume" if paused else "Pause"
            self._pause.props(f"icon={'play_arrow' if paused else 'pause'}")

    def _switch_light(self) -> None:
        self._dark.set_value(not self._dark.value)
        choice = "0" if self._dark.value else "1"
        ui.run_javascript(f"localStorage.setItem('blueslice-light', '{choice}')")
        self._again()

    def _again(self) -> None:
        self._revision = self._structure = -1

    def _on_key(self, event: events.KeyEventArguments) -> None:
        if not event.action.keydown or event.modifiers.ctrl or event.modifiers.alt:
            return
        key = str(event.key.name)
        if key == "o":
            self._chart.earlier = not self._chart.earlier
        elif key == "m":
            self._chart.means = not self._chart.means
        elif key == "l":
            self._switch_light()
        elif self._control and not self._pictures.key(key, shift=event.modifiers.shift):
            return
        self._again()

    def _ask(self, name: str, **arguments: Any) -> None:
        self._waiting.append(self._store.client.ask(name, **arguments))

    def _use_rois(self, rois: list[dict[str, Any]], trial: int | None) -> None:
        self._ask("use_rois", rois=rois, trial=trial)

    def _pause_or_resume(self) -> None:
        paused = self._store.state.status.get("state") in ("paused", "pausing")
        self._ask("resume" if paused else "pause")

    def _confirm(self, what: str) -> None:
        told = {
            "stop": "Stop the run? The trials so far are kept; the run counts as complete.",
            "abort": "Abort the run? The trials so far are kept; the run is marked as aborted.",
        }
        with ui.dialog(value=True) as dialog, ui.card():
            ui.label(told[what])
            with ui.row():
                yes = self._button(what.capitalize(), "check", lambda: act())
                self._button("No", "close", dialog.close).props("autofocus")
        yes.mark(f"yes-{what}")

        def act() -> None:
            dialog.close()
            self._ask(what)

    def _show_answers(self) -> None:
        """Say what became of what was asked for."""
        for answer in [one for one in self._waiting if one.done()]:
            self._waiting.remove(answer)
            error = answer.exception()
            if error is None:
                ui.notify(answer.result(), position="top")
            else:
                self._pictures.refused()
                ui.notify(str(error), position="top", type="negative", timeout=8000)
