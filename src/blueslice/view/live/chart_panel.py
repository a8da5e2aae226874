"""The chart on the page: drawn anew when a trial begins or ends, only grown in between."""

import contextlib
import json
from typing import Any

from nicegui import ui

from blueslice.view.live.chart_layout import CHART_HEIGHT_PX
from blueslice.view.live.charts import chart_option, chart_update
from blueslice.view.live.state import LiveState, shown_trial
from blueslice.view.live.theme import Theme

__all__ = ["ChartPanel"]

DRAWN_WITHIN_S = 2.0
# What is on the screen, and since when, can be asked of the page: tests and benchmarks do.
_SCRIPT = """
window.blueslice = {
  shown: [],
  // Done when it is on the screen: the next update waits for that.
  show(id, option, anew, tag) {
    return new Promise(done => {
      const draw = () => {
        const element = getElement(id);
        if (!element || !element.chart) { setTimeout(draw, 20); return; }
        // A quiet cell's noise is not to fill the panel: the voltage spans at least 6 mV.
        if (anew && option.yAxis.length > 3) {
          option.yAxis[3].min = v => Math.floor(Math.min(v.min, (v.min + v.max) / 2 - 3));
          option.yAxis[3].max = v => Math.ceil(Math.max(v.max, (v.min + v.max) / 2 + 3));
        }
        try {
          element.chart.setOption(option, anew ? {replaceMerge: ['series', 'title']} : {});
        } catch (error) {
          done(false);  // or the page would wait for it, and show nothing else
          throw error;
        }
        requestAnimationFrame(() => {
          if (tag) this.shown.push([...tag, Date.now()]);
          if (this.shown.length > 4000) this.shown.splice(0, 2000);
          done(true);
        });
      };
      draw();
    });
  },
  data(id, series) {
    const found = getElement(id).chart.getOption().series.filter(one => one.id === series);
    return found.length ? found[0].data : null;
  },
};
"""


class ChartPanel:
    """The chart, with its switches.

    Attributes
    ----------
    earlier, means : bool
        Whether earlier trials of the phase, and the phases' means, are shown.
    roi : str
        Whose they are.
    """

    def __init__(self) -> None:
        self.earlier = self.means = True
        self.roi = ""
        self._drawn: tuple[Any, ...] = ()
        ui.add_body_html(f"<script>{_SCRIPT}</script>")
        self._chart = ui.echart({"series": []}).classes("w-full").mark("chart")
        self._chart.style(f"height: {CHART_HEIGHT_PX}px")
        self._chart.props('role="img" aria-label="ΔF/F of both ions, LEDs and voltage over time"')

    async def show(self, state: LiveState, theme: Theme, *, anew: bool) -> None:
        """Bring the chart up to a state; done when the browser has drawn it.

        A browser that cannot draw as fast as frames come is thus given fewer updates, instead of
        a row of them that it is ever later with.
        """
        trial = shown_trial(state)
        rois = len(trial["rois"]) if trial else 0
        partial = state.partial is not None
        kind = (theme, self.earlier, self.means, self.roi, rois, partial, state.run.get("uid"))
        if anew or kind != self._drawn:
            self._drawn = kind
            option: dict[str, Any] = chart_option(
                state, theme, roi=self.roi, earlier=self.earlier, means=self.means
            )
            anew = True
        else:
            option = {"series": chart_update(state, theme)}
        tag = None
        if trial is not None:
            samples = sum(len(trace["time_s"]) for trace in trial["traces"])
            tag = [state.run.get("uid", ""), trial["trial"], samples]
        arguments = ", ".join(json.dumps(value) for value in (self._chart.id, option, anew, tag))
        # A page that is not looked at draws nothing.
        with contextlib.suppress(TimeoutError):
            await ui.run_javascript(f"blueslice.show({arguments})", timeout=DRAWN_WITHIN_S)
