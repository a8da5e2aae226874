"""Pictures of what was measured, and of what is being measured."""

from blueslice.view.live_plot import LivePlot, live_plot

__all__ = ["LivePlot", "live_plot"]
