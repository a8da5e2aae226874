"""The timing diagram: camera, LEDs and stimulus of a trial."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from blueslice.trial import LEDS, Trial
from blueslice.view.figures._style import (
    CONTROL,
    DRUG,
    GREY,
    SMALL_PT,
    TWO_COLUMNS_MM,
    new_figure,
    note,
    styled,
)

__all__ = ["draw_timing"]

_ENLARGED_FRAMES = 16
_HEIGHT = 0.6
# More bars than this are one: they could not be told apart.
_MOST_BARS = 2000


@styled
def draw_timing(
    trial: Trial, led_names: Mapping[int, str], led_colours: Mapping[int, str], foot: str = ""
) -> Figure:
    """Draw a whole trial, and enlarged the frames about its first stimulus.

    Parameters
    ----------
    trial : Trial
        As planned.
    led_names, led_colours : mapping of int to str
        By LED number, for its row.
    foot : str
        For the figure's foot.
    """
    figure = new_figure(TWO_COLUMNS_MM, 78)
    whole, enlarged = np.asarray(figure.subplots(2, 1))
    first = _first_enlarged(trial)
    last = min(first + _ENLARGED_FRAMES, trial.frame_count)
    ms = 1e3 * trial.frame_interval_s
    for axes, start, stop in ((whole, 0, trial.frame_count), (enlarged, first, last)):
        _draw_rows(axes, trial, led_names, led_colours, start, stop)
    whole.set_title(f"whole trial: {trial.frame_count} frames at {trial.frame_rate_Hz:g} Hz, "
                    f"each exposed for {1e3 * trial.exposure_s:g} ms", loc="left")  # fmt: skip
    enlarged.set_title(f"enlarged: frames {first} to {last - 1}", loc="left")
    if last - first < trial.frame_count:
        whole.axvspan(first * ms, last * ms, color=GREY, alpha=0.2, lw=0)
    enlarged.set_xlabel("time from the start of the first frame (ms)")
    note(figure, foot)
    return figure


def _first_enlarged(trial: Trial) -> int:
    onset_s = trial.first_pulse_onset_s or 0.0
    # The stimulus a quarter from the left.
    wanted = int(onset_s * trial.frame_rate_Hz + 1e-6) - _ENLARGED_FRAMES // 4
    return max(0, min(wanted, trial.frame_count - _ENLARGED_FRAMES))


def _draw_rows(
    axes: Any,
    trial: Trial,
    names: Mapping[int, str],
    colours: Mapping[int, str],
    start: int,
    stop: int,
) -> None:
    frames = np.arange(start, stop)
    excitation = trial.excitation[start:stop]
    rows = [("camera exposure", frames, CONTROL)]
    rows += [(names.get(n, f"LED {n}"), frames[excitation == n], colours.get(n, GREY))
             for n in LEDS]  # fmt: skip
    for row, (_, of_row, colour) in enumerate(rows):
        axes.broken_barh(_bars_ms(trial, of_row), (-row - _HEIGHT / 2, _HEIGHT), color=colour, lw=0)
    end = -len(rows)
    from_ms, to_ms = 1e3 * start / trial.frame_rate_Hz, 1e3 * stop / trial.frame_rate_Hz
    shown = [p for p in trial.pulses if from_ms <= 1e3 * p.onset_s < to_ms]
    for pulse in shown:
        bar = axes.broken_barh([(1e3 * pulse.onset_s, 1e3 * pulse.width_s)],
                               (end - _HEIGHT / 2, _HEIGHT), lw=0.8, gid="pulse",
                               color=DRUG if pulse.target == "soma" else CONTROL)  # fmt: skip
        if trial.blank:
            bar.set_facecolor("none")
    if len(shown) <= 4:
        for pulse in shown:
            amplitude = pulse.amplitude_text.replace("uA", "µA")
            text = f" {1e3 * pulse.onset_s:g} ms, {amplitude}"
            # Close ones are told once more below, in the enlarged panel.
            if stop - start <= _ENLARGED_FRAMES:
                axes.text(1e3 * pulse.onset_s, end - 0.9, text, fontsize=SMALL_PT, ha="left",
                          va="center")  # fmt: skip
    stimulus = "stimulus (not given)" if trial.blank else "stimulus"
    axes.set_yticks([-k for k in range(len(rows) + 1)], [name for name, *_ in rows] + [stimulus])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set(xlim=(from_ms, to_ms), ylim=(end - 1.2, 0.6), xlabel="time (ms)")


def _bars_ms(trial: Trial, frames: Any) -> list[tuple[float, float]]:
    ms = 1e3 * trial.frame_interval_s
    if len(frames) > _MOST_BARS:
        return [(float(frames[0]) * ms, float(frames[-1] - frames[0] + 1) * ms)]
    return [(float(k) * ms, 1e3 * trial.exposure_s) for k in frames]
