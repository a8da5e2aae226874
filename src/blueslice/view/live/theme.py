"""Colours of the live page, for a dark room and for light; safe for colour-blind readers."""

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "Theme", "page_css"]


@dataclass(frozen=True)
class Theme:
    """Colours by what they stand for; ions as in Okabe and Ito's palette.

    Attributes
    ----------
    ions : tuple of str
        Of the first and the second LED's ion.
    phases : tuple of str
        Of the means of phases, repeated.
    text, faint, line, mark, fault : str
        Of text, of what is less important, of axes, of the stimulus, of what went wrong.
    """

    ions: tuple[str, str]
    phases: tuple[str, ...]
    text: str
    faint: str
    line: str
    mark: str
    fault: str


DARK = Theme(
    ions=("#E69F00", "#56B4E9"),
    phases=("#E8E8E8", "#CC79A7", "#2BB78C", "#F0E442"),
    text="#D7DBDF",
    faint="#8E979F",
    line="#3A4046",
    mark="#B9BFC5",
    fault="#FF8A5B",
)
LIGHT = Theme(
    ions=("#C45500", "#0072B2"),
    phases=("#222222", "#A8447F", "#00785A", "#8A7A00"),
    text="#1C2126",
    faint="#5B646C",
    line="#C3C9CE",
    mark="#555D64",
    fault="#B53A00",
)

_CSS = """
body { font-size: 14px; --ground:#F6F7F8; --panel:#FFFFFF; --text:#1C2126; --faint:#5B646C;
  --edge:#D5DADE; --fault:#B53A00; --bar:#0072B2; }
body.body--dark { --ground:#0E1113; --panel:#171B1E; --text:#D7DBDF; --faint:#8E979F;
  --edge:#2A3035; --fault:#FF8A5B; --bar:#56B4E9; }
body, body.body--dark { background: var(--ground); color: var(--text); }
.nicegui-content { padding: 6px 10px; gap: 6px; width: 100%; max-width: 1800px; margin: auto; }
.panel { background: var(--panel); border: 1px solid var(--edge); border-radius: 6px;
  padding: 6px 10px; }
.page { display: grid; grid-template-columns: minmax(0, 1fr) 326px; gap: 6px; width: 100%; }
.stack { display: flex; flex-direction: column; gap: 6px; min-width: 0; }
.headline { font-size: 22px; font-weight: 600; line-height: 1.1; white-space: nowrap; }
.phase { font-size: 17px; font-weight: 500; white-space: nowrap; }
.now { font-size: 17px; font-variant-numeric: tabular-nums; margin-left: auto;
  white-space: nowrap; }
.faint { color: var(--faint); font-size: 12px; line-height: 1.35; }
.under { display: flex; justify-content: space-between; gap: 16px; }
.title { font-size: 12.5px; font-weight: 600; color: var(--faint); letter-spacing: .02em; }
.fault { color: var(--fault); }
.meter + .fault { font-size: 12px; line-height: 1.35; }
.meter { height: 7px; width: 100%; border-radius: 4px; background: var(--edge);
  overflow: hidden; position: relative; }
.meter > div { height: 100%; background: var(--bar); }
.meter.over > div { background: var(--fault); }
.pictures { display: grid; grid-template-columns: 1fr 1fr; gap: 4px 10px; }
.pictures img { image-rendering: pixelated; width: 100%; }
.picture { position: relative; background: #000; aspect-ratio: 1; overflow: hidden;
  border-radius: 3px; }
.picture .nicegui-interactive-image { width: 100%; display: block; }
.empty { position: absolute; inset: 0; display: flex; align-items: center;
  justify-content: center; color: #8E979F; font-size: 12px; text-align: center; padding: 8px; }
.scale { height: 5px; border-radius: 3px; margin-top: 3px; }
.numbers { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: 13px; }
.numbers th { text-align: left; font-weight: 600; color: var(--faint); font-size: 12px;
  padding: 1px 10px 3px 0; }
.numbers td { padding: 1px 10px 1px 0; white-space: nowrap; }
.numbers td.wide { white-space: normal; color: var(--fault); }
.numbers .number { text-align: right; }
.health { display: grid; grid-template-columns: 1fr 1fr; column-gap: 14px; font-size: 13px; }
.health div { display: flex; gap: 6px; align-items: baseline; white-space: nowrap;
  overflow: hidden; text-overflow: ellipsis; }
.health .fault { grid-column: 1 / -1; white-space: normal; }
button:focus-visible, [tabindex]:focus-visible { outline: 2px solid var(--bar) !important;
  outline-offset: 2px; }
kbd { border: 1px solid var(--edge); border-radius: 3px; padding: 0 4px; font-size: 11.5px; }
@media (max-width: 1100px) { .page { grid-template-columns: minmax(0, 1fr); } }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
"""


def page_css() -> str:
    """Return the page's style sheet."""
    return _CSS
