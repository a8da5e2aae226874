"""The report: every figure redrawn and every number beside the paper's, in one HTML file."""

import base64
import html
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from blueslice._replace_file import written_beside
from blueslice.paper.numbers import Mark
from blueslice.paper.rows import Row
from blueslice.view.figures import figure_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Drawn", "Header", "write_report"]

_MARKS: Mapping[Mark, str] = {
    "inside": "ours lies within the paper's mean ± SD, or within the bounds its words were "
    "taken for",
    "outside": "ours lies elsewhere",
    "inconsistent": "the paper's own numbers disagree; both are shown",
    "missing": "nothing here measures it",
}

_STYLE = """
body { font: 16px/1.5 Georgia, 'Times New Roman', serif; color: #222; background: #fff;
       max-width: 62rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .3rem; }
h2 { font-size: 1.25rem; margin-top: 3rem; border-top: 1px solid #ccc; padding-top: 1rem; }
.lead, .legend { color: #333; } .legend { font-size: .95rem; }
.facts { color: #555; font-size: .9rem; }
img { width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font: 13.5px/1.35 system-ui, sans-serif;
        margin: .8rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #e4e4e4;
         vertical-align: top; }
th { border-bottom: 2px solid #888; font-weight: 600; }
td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }
.mark { white-space: nowrap; font-weight: 600; }
.inside { color: #00624a; } .outside { color: #a03c00; }
.inconsistent { color: #6b4a86; } .missing { color: #6a6a6a; }
.why { color: #555; font-size: 12.5px; }
nav a { margin-right: .9rem; white-space: nowrap; }
"""


@dataclass(frozen=True)
class Drawn:
    """One figure of the report.

    Attributes
    ----------
    figure : str
        Such as "6", or "Methods".
    title : str
        What it shows, in the paper's words as far as they are short.
    legend : str
        What was done here.
    picture : matplotlib figure or None
        None where nothing was measured, or nothing is to be drawn.
    rows : list of Row
        Its numbers.
    """

    figure: str
    title: str
    legend: str
    picture: "Figure | None"
    rows: Sequence[Row] = field(default_factory=list)


@dataclass(frozen=True)
class Header:
    """What the report says of itself.

    Attributes
    ----------
    seed : int
        Of all cells.
    versions : mapping of str to str
        Of blueslice and what it stands on.
    made : datetime
        When.
    seconds : float
        How long experiments and analysis took: not the catalogue, which goes on after the report,
        and not what an earlier command had done.
    cells, runs : int
        What was recorded.
    failed : sequence of str
        Cells that gave nothing, and why, one line each.
    data : str
        Where the recordings are.
    """

    seed: int
    versions: Mapping[str, str]
    made: datetime
    seconds: float
    cells: int
    runs: int
    failed: Sequence[str]
    data: str


def write_report(path: Path, header: Header, drawn: Sequence[Drawn]) -> None:
    """Write the report as one file that needs no other."""
    counts: Counter[Mark] = Counter(row.mark for one in drawn for row in one.rows)
    text = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<title>Miyazaki &amp; Ross 2017, on a simulated rig</title>",
        f"<style>{_STYLE}</style></head><body>",
        _head(header, counts),
        "<nav>",
        *(f'<a href="#figure-{one.figure}">{_name(one.figure)}</a>' for one in drawn),
        "</nav>",
        *(_section(one) for one in drawn),
        _failed(header.failed),
        "</body></html>",
    ]
    with written_beside(path) as unfinished:
        unfinished.write_text("\n".join(text), encoding="utf-8")


def _name(figure: str) -> str:
    return f"Figure {figure}" if figure.isdigit() else figure


def _head(header: Header, counts: Mapping[Mark, int]) -> str:
    versions = ", ".join(f"{name} {of}" for name, of in header.versions.items())
    marks = "".join(
        f'<li><span class="mark {mark}">{counts.get(mark, 0)} {mark}</span>: {what}</li>'
        for mark, what in _MARKS.items()
    )
    minutes, seconds = divmod(round(header.seconds), 60)
    return f"""
<h1>Miyazaki &amp; Ross 2017, on a simulated rig</h1>
<p class="lead">Sodium dynamics in pyramidal neuron dendritic spines (J Neurosci 37:9964), done
again: each protocol was run by the RunEngine on simulated cells, recorded to files and a
catalogue, and measured by the ordinary analysis, which sees nothing of what the simulation
knows. Every number that the paper gives stands beside ours, met or not.</p>
<p class="facts">Seed {header.seed}; {header.cells} cells, {header.runs} runs;
{html.escape(versions)}; {header.made:%Y-%m-%d %H:%M}, experiments and
analysis in {minutes} min {seconds} s (the catalogue may take longer). Recordings:
<code>{html.escape(header.data)}</code></p>
<ul class="facts">{marks}</ul>"""


def _section(one: Drawn) -> str:
    alt = html.escape(one.title, quote=True)
    picture = "" if one.picture is None else f'<img alt="{alt}" src="{_uri(one)}">'
    return f"""
<section id="figure-{one.figure}"><h2>{_name(one.figure)}. {html.escape(one.title)}</h2>
{picture}
<p class="legend">{html.escape(one.legend)}</p>
<div class="scroll"><table><thead><tr><th>what</th><th>paper</th><th>ours</th>
<th>95 % interval</th><th>n</th><th>mark</th></tr></thead><tbody>
{"".join(_row(row) for row in one.rows)}
</tbody></table></div></section>"""


def _row(row: Row) -> str:
    number, value = row.number, row.value
    unit = f" ({number.unit})" if number.unit else ""
    why = f'<div class="why">{html.escape(row.why)}</div>' if row.why else ""
    ours = "" if value is None or math.isnan(value.value) else _format(value.value)
    # What all cells share to rounding has no SD worth telling.
    if value is not None and value.sd > 1e-9 * abs(value.value):
        ours += f" ± {_format(value.sd)}"
    interval = ""
    if value is not None and math.isfinite(value.low):
        interval = f"{_format(value.low)} to {_format(value.high)}"
    count = "" if value is None or not value.n else str(value.n)
    return (
        f'<tr id="{number.id}"><td>{html.escape(number.what + unit)}{why}</td>'
        f'<td class="number">{html.escape(_paper(row))}</td><td class="number">{ours}</td>'
        f'<td class="number">{interval}</td><td class="number">{count}</td>'
        f'<td class="mark {row.mark}">{row.mark}</td></tr>\n'
    )


def _paper(row: Row) -> str:
    number = row.number
    told = "" if number.paper is None else f"{number.paper:g}"
    if number.paper_sd is not None:
        told += f" ± {number.paper_sd:g}"
    if number.says:
        told = f"{told} ({number.says})" if told else number.says
    return told


def _format(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.3g}"


def _failed(failed: Sequence[str]) -> str:
    if not failed:
        return ""
    lines = "".join(f"<li>{html.escape(line)}</li>" for line in failed)
    return f"<section><h2>Cells that gave nothing</h2><ul>{lines}</ul></section>"


def _uri(one: Drawn) -> str:
    """Return the figure as an address that holds it: SVG, so that it stays sharp."""
    if one.picture is None:
        return ""
    kept = figure_bytes(one.picture, "svg")
    return "data:image/svg+xml;base64," + base64.b64encode(kept).decode("ascii")
