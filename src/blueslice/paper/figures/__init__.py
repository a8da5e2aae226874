"""The paper's figures, redrawn from what was measured here."""

from blueslice.paper.figures._registry import draw_figure, figure_title, legend_of

__all__ = ["draw_figure", "figure_title", "legend_of"]
