"""The exposure ledger: light by wavelength and cell, summed over runs, and what it refuses."""

from datetime import datetime

import bluesky.plan_stubs as bps
import bluesky.preprocessors as bpp
import pytest

from blueslice.callbacks import find_journals, read_journal
from blueslice.errors import BadInputError
from blueslice.ledger import (
    CellExposure,
    ExposureBudget,
    RunExposure,
    add_light,
    list_cells,
    read_cell,
    run_exposure,
)
from blueslice.ledger_guard import planned_light_s
from blueslice.plans import blank, find_threshold, replay, two_pulse
from blueslice.rig import make_replay_rig, make_sim_rig
from blueslice.session import Session

LEDS = {"led_1": {"wavelength_nm": 520.0}, "led_2": {"wavelength_nm": 385.0}}
START = {"uid": "a", "time": 5.0, "cell": "c1", "plan_name": "two_pulse", "leds": LEDS}


def documents(start, *lights, stream="trials"):
    yield "start", start
    yield "descriptor", {"uid": "d", "name": stream}
    for one, two in lights:
        data = {"led_pair-led_1_light_s": one, "led_pair-led_2_light_s": two, "other": 7.0}
        yield "event", {"descriptor": "d", "data": data}


def test_a_run_is_summed_by_wavelength():
    exposure = run_exposure(documents(START, (0.09, 0.08), (0.09, 0.0)))
    expected = {385.0: pytest.approx(0.08), 520.0: pytest.approx(0.18)}
    assert exposure is not None
    assert (exposure.run, exposure.cell, exposure.plan) == ("a", "c1", "two_pulse")
    assert (exposure.trials, exposure.light_s) == (2, expected)
    assert exposure.total_s == pytest.approx(0.26)


@pytest.mark.parametrize(
    "start",
    [
        {**START, "raw_run": "b"},
        {**START, "cell": ""},
        {**START, "cell": 3},
        {key: value for key, value in START.items() if key != "cell"},
        {key: value for key, value in START.items() if key != "leds"},
    ],
)
def test_a_run_that_lit_no_cell_is_not_in_it(start):
    assert run_exposure(documents(start, (1.0, 1.0))) is None
    assert run_exposure([]) is None


def test_only_trials_are_light():
    exposure = run_exposure(documents(START, (1.0, 1.0), stream="checks"))
    assert exposure is not None
    assert exposure.total_s == 0


def test_a_cell_is_the_sum_of_its_runs():
    runs = tuple(
        RunExposure(run=uid, cell="c1", time=1.0, trials=2, light_s={385: light_s, nm: 0.5})
        for uid, light_s, nm in (("a", 0.1, 520), ("b", 0.2, 460))
    )
    cell = CellExposure(cell="c1", runs=runs)
    assert cell.light_s == {385.0: pytest.approx(0.3), 460.0: 0.5, 520.0: 0.5}
    assert list(cell.light_s) == [385.0, 460.0, 520.0]
    assert (cell.trials, cell.total_s) == (4, pytest.approx(1.3))
    assert add_light([]) == {}


def open_session(directory, **options):
    """A session with a rig of its own: a device belongs to one event loop."""
    rig = make_sim_rig(5, data_directory=directory)
    return Session(rig, directory, catalogue=False, **options)


def warnings(caplog):
    """What is logged of the light; not of an ROI that a blank run cannot have."""
    return [r.getMessage() for r in caplog.records if r.name.startswith("blueslice.ledger")]


def starts(directory):
    documents = [next(iter(read_journal(path))) for path in find_journals(directory.journal)]
    return [start for _, start in documents if "raw_run" not in start]


def test_a_cell_keeps_its_light_over_sessions(directory):
    for trials in (1, 2):
        with open_session(directory, cell="c1") as session:
            session.RE(two_pulse(session.rig, trials=trials))
            session.RE(find_threshold(session.rig, from_uA=20, to_uA=20, confirm=0))  # in the dark
    cell = read_cell(directory.journal, "c1")
    assert [run.trials for run in cell.runs] == [1, 2]
    assert cell.light_s == pytest.approx({385.0: 0.27, 520.0: 0.27})
    assert read_cell(directory.journal, "c2") == CellExposure(cell="c2")


def test_each_session_has_a_new_cell_unless_told(directory):
    for second in (1, 2):
        now = datetime(2026, 11, 23, 14, 15, second)
        with open_session(directory, now=lambda now=now: now) as session:
            session.RE(blank(session.rig))
            assert session.cell == f"2026-11-23-14150{second}"
            session.new_cell("other")
            assert session.exposure.trials == second - 1
            session.RE(blank(session.rig))
            assert session.exposure.trials == second
    cells = list_cells(directory.journal)
    assert {cell.cell: cell.trials for cell in cells} == {
        "2026-11-23-141501": 1,
        "2026-11-23-141502": 1,
        "other": 2,
    }
    assert cells[-1].cell == "other"  # lit last


def test_a_run_beyond_the_budget_is_refused_before_any_light(directory):
    with open_session(directory, cell="c1") as session:
        with pytest.raises(BadInputError) as refused:
            session.RE(two_pulse(session.rig, trials=12))
        assert str(refused.value).startswith("cell 'c1' has had 0 s of light and this would add ")
        assert "2.16 s, more than its budget of 2 s; take fewer trials" in str(refused.value)
        assert starts(directory) == []
        assert not any(directory.raw.rglob("*.h5"))
        # 11 trials of 0.18 s are within it, and no more after them.
        session.RE(two_pulse(session.rig, trials=11))
        with pytest.raises(BadInputError, match=r"has had 1\.98 s of light and this would add 0\."):
            session.RE(blank(session.rig))
        session.allow_exposure()
        session.RE(blank(session.rig))
        session.new_cell("c2")
        with pytest.raises(BadInputError, match="cell 'c2'"):
            session.RE(two_pulse(session.rig, trials=12))
    assert read_cell(directory.journal, "c1").trials == 12


def test_the_light_of_an_earlier_session_counts(directory):
    budget = ExposureBudget(light_s=0.5)
    with open_session(directory, cell="c1", exposure_budget=budget) as session:
        session.RE(two_pulse(session.rig, trials=2))
    with open_session(directory, cell="c1", exposure_budget=budget) as session:
        with pytest.raises(BadInputError, match=r"has had 0\.36 s"):
            session.RE(blank(session.rig))
        # The cell that the run names is the one that counts.
        with pytest.raises(BadInputError, match="cell 'c2'"):
            session.RE(two_pulse(session.rig, trials=3, md={"cell": "c2"}))
        session.RE(two_pulse(session.rig, trials=2), cell="c2")
        with pytest.raises(BadInputError, match=r"cell 'c2' has had 0\.36 s"):
            session.RE(blank(session.rig, md={"cell": "c2"}))
        with pytest.raises(BadInputError, match="cell = '': give the cell a name"):
            session.RE(blank(session.rig), cell="")


def test_trials_that_the_metadata_do_not_tell_are_checked_one_by_one(directory):
    """A plan that says nothing, or less than it does, gets no light beyond the budget either."""

    def untold(rig, trials, md):
        def without(message):
            if message.command == "open_run":
                kept = {k: v for k, v in message.kwargs.items() if k != "trials"}
                message = message._replace(kwargs={**kept, **md})
            return message

        return bpp.msg_mutator(two_pulse(rig, trials=trials), without)

    for cell, md in (("c1", {}), ("c2", {"trials": 1})):
        budget = ExposureBudget(light_s=0.5)
        with open_session(directory, cell=cell, exposure_budget=budget) as session:
            with pytest.raises(BadInputError, match=r"has had 0\.36 s of light and this would"):
                session.RE(untold(session.rig, 5, md))
            assert session.rig.bench.lit_now() == 0
            assert session.RE.state == "idle"
            session.new_cell("other")
            session.RE(two_pulse(session.rig, trials=1))
        assert read_cell(directory.journal, cell).trials == 2


def test_it_warns_when_little_is_left(directory, caplog):
    with open_session(directory, cell="c1") as session:
        session.RE(two_pulse(session.rig, trials=8))
        assert warnings(caplog) == []
        session.RE(blank(session.rig))
    assert warnings(caplog) == [
        "cell 'c1' will have had 1.62 s of light after this, its budget is 2 s"
    ]


def test_a_replay_lights_no_cell(recordings, directory):
    files = sorted(recordings.rglob("*.da"))[:1]
    if not files:
        pytest.skip("there is no recording among them")
    rig = make_replay_rig(files, data_directory=directory)
    budget = ExposureBudget(light_s=0.001)
    with pytest.raises(BadInputError, match="lights no cell; leave it out"):
        Session(rig, directory, cell="c1")
    with Session(rig, directory, catalogue=False, exposure_budget=budget) as session:
        assert session.cell == ""
        with pytest.raises(BadInputError, match="lights no cell"):
            session.new_cell()
        session.allow_exposure()
        session.RE(replay(session.rig))
    assert list_cells(directory.journal) == []


def test_a_cell_needs_a_name(directory):
    with pytest.raises(BadInputError, match="cell = ' ': give the cell a name"):
        open_session(directory, cell=" ")
    with open_session(directory) as session, pytest.raises(BadInputError, match="a name"):
        session.new_cell("")


def test_a_journal_that_is_damaged_is_told(directory, caplog):
    with open_session(directory, cell="c1") as session:
        session.RE(blank(session.rig))
        session.RE(blank(session.rig))
    paths = [p for p in find_journals(directory.journal) if "raw_run" not in p.read_text()]
    paths[0].write_bytes(b"\x00not a journal\n")
    lines = paths[1].read_bytes().splitlines(keepends=True)
    paths[1].write_bytes(b"".join([lines[0], b"torn\n", *lines[1:]]))
    assert read_cell(directory.journal, "c1").trials == 0
    messages = warnings(caplog)
    assert len(messages) == 2
    assert all("not in the exposure ledger" in message for message in messages)


def test_other_plans_are_let_through(directory):
    def other(rig):
        yield from bps.null()
        return (yield from bps.rd(rig.rest.experiment_time_s, default_value=None))

    with open_session(directory) as session:
        assert session.RE(other(session.rig)) == ()


@pytest.mark.parametrize("md", [{}, {"trials": 3}, {"trials": 3, "trial": {"frame_count": -1}}])
def test_metadata_that_tell_no_light(md):
    assert planned_light_s(md) == 0.0


def test_light_of_trials_that_were_cut_off_counts_and_what_is_given_again_counts_once():
    leds, key = {"led_1": {"wavelength_nm": 380}}, "led_pair-led_1_light_s"
    documents = [
        ("start", {"uid": "r", "cell": "c1", "time": 1.0, "leds": leds}),
        ("descriptor", {"uid": "t", "name": "trials"}),
        ("descriptor", {"uid": "o", "name": "cut_off"}),
        ("descriptor", {"uid": "b", "name": "baseline"}),
        *(
            ("event", {"descriptor": uid, "seq_num": number, "data": {key: light}})
            for uid, number, light in [("t", 1, 0.1), ("o", 1, 0.02), ("t", 1, 0.1), ("b", 1, 5.0)]
        ),
    ]
    exposure = run_exposure(documents)
    assert exposure.trials == 1
    assert exposure.light_s == pytest.approx({380.0: 0.12})
