"""Equal trials in a row are one line."""

import pytest

from blueslice.commands._timeline_rows import timeline_rows
from blueslice.protocols import RehearsedSolution, RehearsedTrial, RehearsedWait
from blueslice.trial import Trial

TRIAL = Trial(frame_count=10)
BLANK = TRIAL.with_blank()


def rows_of(*kinds):
    """Make rows of trials (T, blank B, sweep S), rests (their length) and solutions (a text)."""
    events, now_s, number = [], 0.0, 0
    for kind in kinds:
        if kind in ("T", "B", "S"):
            number += kind != "S"
            trial = {"T": TRIAL, "B": BLANK, "S": TRIAL}[kind]
            kept = number if kind != "S" else 0
            events.append(RehearsedTrial(begins_s=now_s, trial=trial, number=kept))
            now_s += trial.duration_s
        elif isinstance(kind, str):
            events.append(RehearsedSolution(begins_s=now_s, solution=kind))
        else:
            events.append(RehearsedWait(begins_s=now_s, length_s=kind))
            now_s += kind
    return [
        (type(row.first).__name__[len("Rehearsed") :], row.count, row.trials, row.rest_s)
        for row in timeline_rows(events)
    ]


@pytest.mark.parametrize(
    ("kinds", "rows"),
    [
        ((), []),
        (("T",), [("Trial", 1, 1, 0)]),
        (("T", "T", "T"), [("Trial", 3, 3, 0)]),
        (("T", 5, "T", 5, "T"), [("Trial", 3, 3, 5)]),
        (("T", 5, "T", 6, "T"), [("Trial", 2, 2, 5), ("Wait", 1, 0, 0), ("Trial", 1, 1, 0)]),
        (("T", 5, "B"), [("Trial", 1, 1, 0), ("Wait", 1, 0, 0), ("Trial", 1, 1, 0)]),
        ((5, "T"), [("Wait", 1, 0, 0), ("Trial", 1, 1, 0)]),
        (("T", "ACSF", "T"), [("Trial", 1, 1, 0), ("Solution", 1, 0, 0), ("Trial", 1, 1, 0)]),
        (("S", 5, "T"), [("Trial", 1, 0, 0), ("Wait", 1, 0, 0), ("Trial", 1, 1, 0)]),
        (("T", 5), [("Trial", 1, 1, 0), ("Wait", 1, 0, 0)]),
    ],
)
def test_rows(kinds, rows):
    assert rows_of(*kinds) == rows
