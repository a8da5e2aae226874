"""The paper's numbers as data: complete, and marked as they should be."""

import math
import re
from pathlib import Path

import pytest

from blueslice.errors import BadInputError
from blueslice.paper import NUMBERS, PaperNumber, number

NUMBERS_FILE = Path(__file__).resolve().parents[2] / ".." / "shared" / "paper" / "numbers.md"
# Which numbers stand for each row of the tables, by the row's first cell.
ROWS = {
    "camera": ("camera-pixels", "camera-frame-rate", "camera-channel-rate", "camera-pixel-um"),
    "trial": ("trial-duration", "trial-count"),
    "LEDs, indicators": ("led-1", "led-2"),
    "usual mix": ("indicator-mix",),
    "stimulation": ("stimulus-width", "stimulus-interval"),
    "patch": ("patch-holding",),
    "bath": ("bath-sodium",),
    "pipette": ("pipette-gluconate",),
    "control": ("control-software",),
    "analysis": ("analysis-software",),
    "sodium rise 10-90 %": ("sodium-rise",),
    "sodium half-decay": ("sodium-half-decay", "example-half-decay"),
    "calcium time to peak": ("calcium-peak-time",),
    "width at half maximum": ("sodium-width", "calcium-width"),
    "peak ANG-2 dF/F, raw": ("sodium-dff",),
    "background under a spine": ("background",),
    "peak dF/F, background removed": ("sodium-dff-removed",),
    "peak [Na]i change": ("sodium-change",),
    "Fig 3, from the 2nd stimulus": (
        "example-sodium-peak",
        "example-calcium-peak",
        "dendrite-smaller",
        "dendrite-later",
        "dendrite-slower",
        "dendrite-calcium",
    ),
    "first or second pulse of a pair": ("pair-second",),
    "TTX 1 uM (n=3)": ("ttx-sodium", "ttx-calcium", "ttx-epsp"),
    "CNQX 5 uM (10 experiments, 3 washed out; 1 mM Mg)": (
        "cnqx-sodium",
        "cnqx-sodium-p",
        "cnqx-calcium",
        "cnqx-calcium-p",
        "cnqx-epsp",
        "washout-sodium",
        "washout-sodium-p",
        "washout-calcium",
        "washout-calcium-p",
    ),
    "CPP 10 uM (5; 1 mM Mg)": (
        "cpp-sodium",
        "cpp-sodium-p",
        "cpp-calcium",
        "cpp-calcium-p",
        "cpp-epsp",
    ),
    "CPP, bis-fura-2 and fluo-5F together": (
        "cpp-fluo",
        "cpp-fluo-p",
        "cpp-bisfura",
        "cpp-bisfura-p",
    ),
    "QX-314 1 mM in the pipette (2 mM Mg)": (
        "qx-sodium",
        "no-qx-sodium",
        "qx-ratio",
        "qx-p",
        "qx-spikes",
    ),
    "0 Mg": ("mg0-sodium", "mg0-late", "mg0-cnqx-sodium", "mg0-cnqx-p"),
    "spike on the EPSP (7 cells; 1 mM Mg)": (
        "epsp-spike-sodium",
        "epsp-spike-sodium-p",
        "epsp-spike-calcium",
        "epsp-spike-calcium-p",
    ),
    "NMDA spike / plateau (Fig 10A, B)": (
        "plateau-sodium",
        "plateau-calcium",
        "plateau-late",
        "plateau-cpp-late",
        "plateau-cpp-calcium",
    ),
    "10 back-propagating spikes (n=8)": (
        "train-dff",
        "train-dff-removed",
        "train-background",
        "spike-sodium",
        "spike-sodium-sbfi",
        "train-lasting",
    ),
}
BY_ID = {one.id: one for one in NUMBERS}


@pytest.fixture(scope="module")
def text() -> str:
    if not NUMBERS_FILE.exists():
        pytest.skip(f"the paper's numbers are not at {NUMBERS_FILE}")
    return NUMBERS_FILE.read_text(encoding="utf-8")


def test_ids_are_unique_and_every_table_row_names_some():
    assert len(BY_ID) == len(NUMBERS)
    assert {name for names in ROWS.values() for name in names} <= set(BY_ID)


def test_every_row_of_the_tables_is_looked_for(text):
    cells = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    rows = [cell for cell in cells if cell not in ("what", "measure", "condition", "---")]
    assert sorted(rows) == sorted(ROWS)


def test_every_mean_and_sd_of_the_text_is_among_them(text):
    told = {(float(mean), float(sd)) for mean, sd in re.findall(r"([\d.]+) \+- ([\d.]+)", text)}
    # In the text behind "against" and "rise" as elsewhere: 8.5 +- 1.5 (SEM) against 10.1 +- 1.6.
    known = {(one.paper, one.paper_sd) for one in NUMBERS}
    assert len(told) >= 15
    assert told <= known


def test_every_p_value_of_the_text_is_among_them(text):
    told = {float(p) for p in re.findall(r"\bp (0\.\d+)", text)}
    told |= {float(p) for p in re.findall(r"\(p 0\.\d+, (0\.\d+)\)", text)}
    known = {one.paper for one in NUMBERS if one.unit == "p"}
    assert len(told) >= 10
    assert told <= known


@pytest.mark.parametrize("name", ["rule-ang2", "rule-sbfi", "qx-p", "neck-resistance"])
def test_what_the_paper_contradicts_itself_on_is_never_met(name):
    one = number(name)
    assert one.inconsistent
    assert one.mark(one.paper) == "inconsistent"


MARKS = [
    ({"paper": 8.6, "paper_sd": 2.7}, 5.9, "inside"),
    ({"paper": 8.6, "paper_sd": 2.7}, 11.31, "outside"),
    ({"paper": 8.5, "paper_sd": 1.5, "low": 5.5, "high": 11.5}, 11.4, "inside"),
    ({"says": "almost abolished", "low": -5, "high": 10}, -5.1, "outside"),
    ({"paper": 0.93, "inconsistent": "because"}, 0.93, "inconsistent"),
    ({"paper": 8.6, "paper_sd": 2.7}, None, "missing"),
    ({"paper": 8.6, "paper_sd": 2.7}, math.nan, "missing"),
    ({"paper": 92.0, "inconsistent": "because"}, math.nan, "missing"),
]


@pytest.mark.parametrize(("told", "value", "mark"), MARKS)
def test_marks(told, value, mark):
    one = PaperNumber(id="some-number", figure="4", what="something", **told)
    assert one.mark(value) == mark


def test_an_unknown_number_is_refused():
    with pytest.raises(BadInputError, match="'sodium-ris' is unknown"):
        number("sodium-ris")


def test_every_number_can_be_marked_or_says_why_not():
    for one in NUMBERS:
        assert one.bounds is not None or one.inconsistent or one.missing, one.id
