"""``blueslice show RUN``: figures of a run, as files."""

import argparse
import json
import math
import warnings
from collections.abc import Sequence
from pathlib import Path

from blueslice.analysis import Roi
from blueslice.broker import open_catalogue
from blueslice.commands._chosen_directory import chosen_directory
from blueslice.commands._named_run import named_run
from blueslice.commands._one_line_log import one_line_logs
from blueslice.commands._plain_console import plain_console
from blueslice.commands._rois import read_rois
from blueslice.errors import BadInputError
from blueslice.recordings.export import RunData, open_run_data
from blueslice.view.figures import RunTrials, draw_run, kinds_of, save_figure

__all__ = ["run"]


def run(options: argparse.Namespace) -> None:
    """Draw the figures that are asked for, or all that the run can show.

    Raises
    ------
    BadInputError
        When there is no such run, trial or ROI, or the run cannot show a kind asked for by name.
    """
    pixel_um = options.pixel_um
    if pixel_um is not None and not (math.isfinite(pixel_um) and pixel_um > 0):
        raise BadInputError(f"--pixel-um = {pixel_um:g}: give a pixel's edge in um, above 0")
    with warnings.catch_warnings(), one_line_logs():
        # Of what Tiled imports; a person who looks at a run can do nothing about it.
        warnings.simplefilter("ignore")
        catalogue = open_catalogue(chosen_directory(options)).v3
        start = named_run(catalogue, options.uid)
        with open_run_data(catalogue, start["uid"]) as data:
            written = _draw(data, options)
    if options.json:
        print(json.dumps([str(path.absolute()) for path in written]))  # noqa: T201
        return
    console = plain_console()
    for path in written:
        console.print(str(path), soft_wrap=True)


def _draw(data: RunData, options: argparse.Namespace) -> list[Path]:
    trials = RunTrials.of(
        data,
        rois=_chosen_rois(data, options.roi),
        trial=options.trial,
        pixel_um=options.pixel_um,
    )
    # All are drawn before the first is written: a kind that is refused leaves no others behind.
    drawn = {
        f"{data.uid[:8]}-{kind}{suffix}.{options.format}": figure
        for kind in options.kind or kinds_of(trials)
        for suffix, figure in draw_run(trials, kind)
    }
    return [save_figure(figure, options.out / name) for name, figure in drawn.items()]


def _chosen_rois(data: RunData, texts: Sequence[str]) -> list[Roi]:
    """Return the ROIs that are named: of the run's own by their name, others by their place."""
    own = {}
    if data.derived is not None:
        own = {roi["name"]: roi for roi in data.derived.start.get("rois", [])}
    chosen: list[Roi] = []
    for text in texts:
        if text in own:
            chosen.append(Roi.from_document(own[text]))
        elif "," in text or text.lower().endswith(".npy"):
            chosen += read_rois([text])
        else:
            raise BadInputError(
                f"--roi {text}: the run's ROIs are {', '.join(own) or 'none'}; name one of them, "
                "or give y,x,height,width in pixels"
            )
    return chosen
