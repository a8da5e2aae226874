"""The last run, from the catalogue: the page says of it what it said while it ran."""

import bluesky.plan_stubs as bps
import pytest

from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.view.live.last_run import last_run_messages
from blueslice.view.live.numbers import trial_rows
from blueslice.view.live.page_texts import phase_text
from blueslice.view.live.state import LiveState, apply, clamp_of


@pytest.mark.slow
def test_the_bath_and_the_clamp_are_those_of_the_catalogue(directory):
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)
    with Session(rig, directory) as session:
        session.RE(bps.mv(rig.perfusion, "ACSF + 5 uM CNQX"))
        session.RE(two_pulse(rig, trials=2, blanks=1))
    state = LiveState()
    for message in last_run_messages(directory):
        state = apply(state, message)
    assert [phase_text(state, place).split(" (")[0] for place in (1, 2)] == ["5 µM CNQX"] * 2
    assert phase_text(state, 1).endswith(" · blank")
    assert clamp_of(state) == "current"
    assert [row["drug"] for row in trial_rows(state, 9)] == ["CNQX"] * 3
