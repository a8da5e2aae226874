"""What the page says of the bath: what the trial's entry tells, before what is planned."""

import math

import pytest

from blueslice.view.live.page_texts import phase_text
from blueslice.view.live.state import LiveState

PLANNED = {"number": [1], "phase": ["CNQX wash-in"], "solution": ["ACSF + 5 uM CNQX"]}
PLANNED |= {"drug": ["CNQX"], "concentration_uM": [5.0]}
UNKNOWN = {"trial-drug": "unknown", "trial-solution": "unknown"}
TOLD = {"trial-drug": "CNQX", "trial-solution": "ACSF + 5 uM CNQX", "trial-concentration_uM": 5.0}


@pytest.mark.parametrize(
    ("table", "entry", "text"),
    [
        # While the trial is taken nobody has been asked.
        ({}, {}, ""),
        ({"number": [1], "phase": ["hold"]}, {}, "hold"),
        ({}, UNKNOWN, "bath unknown"),
        ({"number": [1], "phase": ["hold"]}, UNKNOWN, "hold · bath unknown"),
        ({}, {"trial-solution": "ACSF", "trial-drug": ""}, "ACSF"),
        ({}, {"trial-solution": "bottle 2"}, "bottle 2"),
        ({}, {"trial-drug": "CNQX", "trial-concentration_uM": math.nan}, "CNQX"),
        ({}, {**TOLD, "perfusion-arrived": 0.634}, "5 µM CNQX (63% arrived)"),
        ({}, {**TOLD, "perfusion-arrived": 0.99}, "5 µM CNQX"),
        ({}, {**TOLD, "perfusion-arrived": math.nan}, "5 µM CNQX"),
        (PLANNED, {}, "CNQX wash-in · 5 µM CNQX"),
        # Somebody has turned the valve.
        (PLANNED, {"trial-drug": "", "trial-solution": "ACSF"}, "CNQX wash-in · ACSF"),
    ],
)
def test_what_is_in_the_bath(table, entry, text):
    run = {"uid": "u", "trials": 1, "trial_table": table}
    state = LiveState(run=run, events={1: {"trial-number": 1, **entry}} if entry else {})
    assert phase_text(state, 1) == text
