"""All numbers of the paper, figure by figure."""

from typing import Any

from blueslice.errors import BadInputError
from blueslice.paper.numbers import PaperNumber

__all__ = ["NUMBERS", "number", "numbers_of"]

# So many SDs lie between the ends of nine values (Tippett 1925): 41-85 % tell an SD of 14.8.
_COMPOSITION = "a composition: nothing in a recording to measure it by"


def _one(
    figure: int | str,
    name: str,
    what: str,
    unit: str = "",
    paper: float | None = None,
    sd: float | None = None,
    bounds: tuple[float, float] | None = None,
    **further: Any,
) -> PaperNumber:
    low, high = bounds or (None, None)
    return PaperNumber(
        id=name, figure=str(figure), what=what, unit=unit, paper=paper, paper_sd=sd, low=low,
        high=high, **further,
    )  # fmt: skip


def _exactly(name: str, what: str, unit: str, paper: float, **further: Any) -> PaperNumber:
    near = (paper * 0.999, paper * 1.001)
    return _one("Methods", name, what, unit, paper, None, near, **further)


def _words(
    figure: int | str, name: str, what: str, unit: str, says: str, low: float, high: float,
    paper: float | None = None,
) -> PaperNumber:  # fmt: skip
    return _one(figure, name, what, unit, paper, None, (low, high), says=says)


def _p(figure: int, name: str, what: str, paper: float) -> PaperNumber:
    """Take a p value: ours is inside when it lies on the same side of 0.05."""
    bounds = (0.0, 0.05) if paper < 0.05 else (0.05, 1.0)
    return _one(figure, name, what, "p", paper, None, bounds, says="same side of 0.05")


_METHODS = (
    _exactly("camera-pixels", "camera: pixels along a side", "pixels", 80),
    _exactly("camera-frame-rate", "camera: frames", "Hz", 500),
    _exactly("camera-channel-rate", "frames of one LED", "Hz", 250),
    _exactly("camera-pixel-um", "camera: pixel in the slice", "um", 0.4),
    _exactly("trial-duration", "trial", "ms", 200),
    _words("Methods", "trial-count", "trials per site", "trials", "5-10", 5, 10),
    _exactly("led-1", "ANG-2's LED", "nm", 520),
    _exactly("led-2", "bis-fura-2's LED", "nm", 385),
    _one("Methods", "indicator-mix", "bis-fura-2 in the pipette", "uM", 300, missing=_COMPOSITION),
    _exactly("stimulus-width", "stimulus: pulse", "us", 200),
    _words("Methods", "stimulus-interval", "stimulus: pulses apart", "ms", "10 or 12", 9.9, 12.1),
    _words(
        "Methods",
        "patch-holding",
        "hyperpolarisation, if needed: of NMDA spikes",
        "mV",
        "about -10 mV",
        -15,
        -5,
        -10.0,
    ),
    _one("Methods", "bath-sodium", "bath: NaCl", "mM", 124, missing=_COMPOSITION),
    _one("Methods", "pipette-gluconate", "pipette: K-gluconate", "mM", 130, missing=_COMPOSITION),
    _one(
        "Methods",
        "control-software",
        "NeuroPlex sets camera and LEDs, triggers a Master-8",
        missing="no number: here it is blueslice",
    ),
    _one(
        "Methods",
        "analysis-software",
        "SCANDATA splits, corrects and registers",
        missing="no number: here it is blueslice.analysis",
    ),
)

_AREAS = (
    _one(1, "area-sodium-rise", "larger areas: sodium rise 10-90 %", "ms", 12.0, 5.7),
    _one(1, "area-calcium-rise", "larger areas: calcium rise 10-90 %", "ms", 17.6, 8.1),
    _words(1, "area-decay-below-50", "larger areas: sodium half-decays below 50 ms", "%",
           "mostly", 50, 100),
    _words(1, "area-decay-middle", "larger areas: middle sodium half-decay", "ms",
           "peak of the histogram near 15", 10, 30, 15.0),
    _words(1, "area-onset", "larger areas: onset of sodium after one stimulus", "ms",
           "within one frame of 4 ms", -4, 4),
    _one(1, "spike-sodium-rise", "single spike near the soma: sodium rise", "ms", 2.85, 1.0),
    _one(1, "spike-calcium-rise", "single spike near the soma: calcium rise", "ms", 4.6, 0.5),
)  # fmt: skip

_SPINES = (
    _words(2, "pair-second", "successes that began on the second pulse", "%", "58 of 26 trials",
           48.3, 67.7, 58.0),
    _one(3, "example-sodium-peak", "sodium's peak after the stimulus that evoked it", "ms", 10.0,
         2.7, says="one spine, 10 ms; SD of Fig 4's rise"),
    _one(3, "example-calcium-peak", "calcium's peak after the stimulus that evoked it", "ms", 26.0,
         4.9, says="one spine, 26 ms; SD of Fig 4's time to peak"),
    _one(3, "example-half-decay", "sodium's half-decay, against one spine's", "ms", 13.0, 4.5,
         says="one spine, 13 ms; SD of Fig 4's half-decay"),
    _words(3, "dendrite-smaller", "sodium in the dendrite against the head", "%", "smaller", 0, 90),
    _words(3, "dendrite-later", "sodium's peak in the dendrite after the head's", "ms", "later",
           0.5, 100),
    _words(3, "dendrite-slower", "sodium left after 40 ms: dendrite less head", "% of peak",
           "slower", 1, 100),
    _words(3, "dendrite-calcium", "calcium in the dendrite against the head", "%", "none", -15, 15),
    _one(4, "sodium-rise", "sodium rise 10-90 %", "ms", 8.6, 2.7),
    _one(4, "sodium-half-decay", "sodium half-decay", "ms", 16.6, 4.5,
         says="Fig 3's example 13"),
    _one(4, "calcium-peak-time", "calcium time to peak", "ms", 19.6, 4.9),
    _one(4, "sodium-width", "sodium: width at half maximum", "um", 1.3, 0.2),
    _one(4, "calcium-width", "calcium: width at half maximum", "um", 1.3, 0.4),
    _one(4, "sodium-dff", "peak ANG-2 dF/F, raw", "%", 8.7, 3.0, says="range 6.4-15.6"),
    _words(4, "background", "background under a spine", "% of the spine's light", "41-85", 41, 85),
    _one(4, "sodium-dff-removed", "peak ANG-2 dF/F, background removed", "%", 24.1, 10.3,
         says="range 12-45"),
    _one(4, "sodium-change", "peak [Na] change, by 10 % = 2.3 mM", "mM", 5.7, 2.4),
)  # fmt: skip

_CALIBRATION = (
    _one(5, "kd-sbfi", "Kd of SBFI", "mM", 24.5, 6.8),
    _one(5, "kd-ang2", "Kd of ANG-2", "mM", 84.2, 8.3),
    _words(5, "range-ang2", "(Fmax-Fmin)/Fmin of ANG-2", "", "3.7; 10 % either way", 3.33, 4.07,
           3.7),
    _words(5, "range-sbfi", "(Fmax-Fmin)/Fmin of SBFI", "", "0.56; 10 % either way", 0.504, 0.616,
           0.56),
    _words(5, "calibration-background", "background at the base of the dendrite", "% of peak",
           "about 25", 15, 35, 25.0),
    _one(5, "rule-ang2", "10 % of ANG-2, from 4 mM at rest", "mM", 2.3,
         inconsistent="by the formula 2.3 from rest 0, 3.0 from 4 mM, 4.1 from 10 mM"),
    _one(5, "rule-sbfi", "10 % of SBFI, from 0 mM at rest", "mM", 4.6,
         inconsistent="by the formula 4.4 with Kd 24.5, 4.6 with 26"),
)  # fmt: skip

_CNQX = (
    _words(6, "ttx-sodium", "TTX 1 uM: sodium left", "%", "everything blocked", -10, 10),
    _words(6, "ttx-calcium", "TTX 1 uM: calcium left", "%", "everything blocked", -10, 10),
    _words(6, "ttx-epsp", "TTX 1 uM: EPSP left", "%", "everything blocked", -10, 10),
    _words(6, "cnqx-sodium", "CNQX 5 uM: sodium left", "%", "almost abolished", -5, 10),
    _words(6, "cnqx-calcium", "CNQX 5 uM: calcium left", "%", "most blocked", -5, 30),
    _words(6, "cnqx-epsp", "CNQX 5 uM: EPSP left", "%", "blocked", -5, 30),
    _p(6, "cnqx-sodium-p", "CNQX 5 uM: sodium, 10 cells", 0.0001),
    _p(6, "cnqx-calcium-p", "CNQX 5 uM: calcium, 10 cells", 0.001),
    _words(6, "washout-sodium", "CNQX washed out: sodium", "%", "restored", 50, 110),
    _words(6, "washout-calcium", "CNQX washed out: calcium", "%", "less so", 30, 110),
    _p(6, "washout-sodium-p", "CNQX washed out: sodium, 3 cells", 0.009),
    _p(6, "washout-calcium-p", "CNQX washed out: calcium, 3 cells", 0.4),
)

_CPP = (
    _words(7, "cpp-sodium", "CPP 10 uM: sodium left", "%", "down about 20 %", 70, 90, 80.0),
    _words(7, "cpp-calcium", "CPP 10 uM: calcium left", "%", "down about 90 %", 5, 20, 10.0),
    _words(7, "cpp-epsp", "CPP 10 uM: EPSP left", "%", "little changed", 80, 110),
    _p(7, "cpp-sodium-p", "CPP 10 uM: sodium, 5 cells", 0.007),
    _p(7, "cpp-calcium-p", "CPP 10 uM: calcium, 5 cells", 0.0002),
    _words(7, "cpp-fluo", "CPP, two calcium dyes: calcium left, by fluo-5F", "%",
           "the same fraction", 5, 20),
    _words(7, "cpp-bisfura", "CPP, two calcium dyes: calcium left, by bis-fura-2", "%",
           "the same fraction", 5, 20),
    _p(7, "cpp-fluo-p", "CPP, two calcium dyes: fluo-5F, 5 cells", 0.0006),
    _p(7, "cpp-bisfura-p", "CPP, two calcium dyes: bis-fura-2, 5 cells", 0.001),
)  # fmt: skip

_SPIKES = (
    _one(8, "train-dff", "ten spikes: peak ANG-2 dF/F, raw", "%", 1.53, 0.5),
    _one(8, "train-dff-removed", "ten spikes: dF/F, background removed", "%", 5.6, 1.6),
    _words(8, "train-background", "ten spikes: background at the dendrite", "%", "about 70", 60, 80,
           70.0),
    _words(8, "spike-sodium", "sodium per spike, by ANG-2", "mM", "0.13 (by SBFI 0.23)", 0.08, 0.18,
           0.13),
    _words(8, "spike-sodium-sbfi", "sodium per spike, by SBFI", "mM", "0.23", 0.08, 0.28, 0.23),
    _words(8, "train-lasting", "ten spikes: sodium left 150 ms later", "%",
           "the pump takes seconds", 80, 120),
    _one(8, "qx-sodium", "QX-314 1 mM: peak ANG-2 dF/F", "%", 8.5, 1.5, (5.5, 11.5),
         says="8.5 +- 1.5 (SEM); bounds 2 SEM"),
    _one(8, "no-qx-sodium", "without QX-314: peak ANG-2 dF/F", "%", 10.1, 1.6, (6.9, 13.3),
         says="10.1 +- 1.6 (SEM); bounds 2 SEM"),
    _words(8, "qx-ratio", "QX-314: sodium against without", "%", "comparable (84 %)", 60, 130,
           84.0),
    _one(8, "qx-p", "QX-314: with against without", "p", 0.93,
         inconsistent="these SEMs give p about 0.5, the legend says 0.93"),
    _words(8, "qx-spikes", "QX-314: cells that still spike", "%", "no spikes", 0, 0),
    _words(8, "epsp-spike-sodium", "spike on the EPSP: sodium", "%", "the same", 80, 120),
    _words(8, "epsp-spike-calcium", "spike on the EPSP: calcium", "%", "larger", 110, 1000),
    _p(8, "epsp-spike-sodium-p", "spike on the EPSP: sodium, 7 cells", 0.35),
    _p(8, "epsp-spike-calcium-p", "spike on the EPSP: calcium, 7 cells", 0.004),
)  # fmt: skip

_MODEL = (
    _words(9, "model-peak", "model: peak sodium in the head", "mM", "about 5", 4.5, 5.5, 5.0),
    _words(9, "model-half-decay", "model: half-decay in the head", "ms", "15", 14, 16, 15.0),
    _words(9, "model-no-nmda", "model: half-decay less without NMDA", "ms", "2.4", 2.2, 2.6, 2.4),
    _words(9, "model-in-range", "model: half-decays in range, thin necks and small D aside", "%",
           "most of the models", 50, 100),
    _words(9, "model-thin-neck", "model: half-decay with a neck of 0.1 um", "ms", "out of range",
           21.1, 1000),
    _words(9, "model-small-d", "model: half-decay with D 0.15 um2/ms", "ms", "out of range", 21.1,
           1000),
    _words(9, "neck-resistance-small", "neck resistance, head 0.1 um3, tau 23 ms", "Mohm",
           "250 (248 by the formula)", 240, 260, 250.0),
    _one(9, "neck-resistance", "neck resistance, head 0.25 um3, tau 23 ms", "Mohm", 92.0,
         inconsistent="the formula gives 99"),
    _words(9, "neck-resistance-ours", "neck resistance from our half-decay, head 0.25 um3", "Mohm",
           "92-99 from its own", 70, 130, 92.0),
)  # fmt: skip

_PLATEAUS = (
    _words(10, "mg0-sodium", "0 Mg: sodium against 2 mM Mg", "%", "large", 120, 1000),
    _words(10, "mg0-late", "0 Mg: sodium after 60-120 ms against 2 mM Mg", "%", "long", 150, 1e4),
    _words(10, "mg0-cnqx-sodium", "0 Mg, CNQX: sodium left", "%", "weakly reduced", 60, 100),
    _p(10, "mg0-cnqx-p", "0 Mg, CNQX: sodium, 5 cells", 0.04),
    _words(10, "plateau-sodium", "NMDA spike: sodium against an EPSP's", "%", "large", 130, 2000),
    _words(10, "plateau-calcium", "NMDA spike: calcium against an EPSP's", "%", "large", 130, 2000),
    _words(10, "plateau-late", "NMDA spike: sodium after 60-120 ms against an EPSP's", "%", "long",
           200, 1e4),
    _words(10, "plateau-cpp-late", "NMDA spike, CPP: late sodium left", "%", "blocked", -10, 30),
    _words(10, "plateau-cpp-calcium", "NMDA spike, CPP: calcium left", "%", "blocked", -5, 30),
)  # fmt: skip

NUMBERS: tuple[PaperNumber, ...] = (
    _METHODS + _AREAS + _SPINES + _CALIBRATION + _CNQX + _CPP + _SPIKES + _MODEL + _PLATEAUS
)
"""Every number of the paper that is looked for, in the order of its figures."""

_BY_ID = {one.id: one for one in NUMBERS}


def number(name: str) -> PaperNumber:
    """Return a number by its id.

    Raises
    ------
    BadInputError
        When there is none.
    """
    if name not in _BY_ID:
        raise BadInputError(f"the paper's number {name!r} is unknown; see blueslice.paper.NUMBERS")
    return _BY_ID[name]


def numbers_of(figure: str) -> tuple[PaperNumber, ...]:
    """Return the numbers of one figure."""
    return tuple(one for one in NUMBERS if one.figure == figure)
