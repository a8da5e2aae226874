"""The light ledger that a rig carries: under any RunEngine, any plan, and after any end."""

import sqlite3

import bluesky.plan_stubs as bps
import pytest
from bluesky.utils import FailedStatus

from blueslice._exposure_budget import ExposureBudget
from blueslice._light_database import LightDatabase, light_database_of
from blueslice.devices import LedPair, UnkeptLedger
from blueslice.errors import BadInputError, StorageError
from blueslice.ledger import list_cells, read_cell
from blueslice.light_ledger import RigLedger
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig
from blueslice.session import Session
from blueslice.trial import Trial

TRIAL = Trial(frame_count=500)  # 1 s, of which 0.9 s of light
DARK = Trial(frame_count=20, excitation_order=(0,))


def by_hand(rig, times, trial=TRIAL):
    """A plan as somebody writes it at the prompt: it lights, and reads nothing."""
    yield from bps.open_run()
    for _ in range(times):
        yield from bps.prepare(rig.clock, trial, wait=True)
        yield from bps.prepare(rig.led_pair, trial, wait=True)
        yield from bps.kickoff(rig.clock, wait=True)
        yield from bps.complete(rig.clock, wait=True)
    yield from bps.close_run()


@pytest.fixture
def rig(directory):
    rig = make_sim_rig(3, data_directory=directory, rows=24, columns=24)
    rig.ledger.cell = "c1"
    return rig


def test_light_of_a_plan_by_hand_is_counted_and_refused(run_engine, rig, directory):
    with pytest.raises(FailedStatus) as refused:
        run_engine(by_hand(rig, 6))
    assert isinstance(refused.value.__cause__, BadInputError)
    assert str(refused.value.__cause__).startswith(
        "cell 'c1' has had 1.8 s of light and this would add 0.9 s, more than its budget of 2 s"
    )
    assert rig.ledger.used_s("c1") == pytest.approx(1.8)
    (cell,) = list_cells(directory.journal)
    assert (cell.cell, cell.trials) == ("c1", 0)
    assert cell.light_s == pytest.approx({385.0: 0.9, 520.0: 0.9})
    # Another process, another rig: the cell has had it.
    again = make_sim_rig(4, data_directory=directory)
    again.ledger.cell = "c1"
    assert again.ledger.used_s("c1") == pytest.approx(1.8)


def test_a_clock_that_is_started_again_lights_again_and_is_counted(run_engine, rig, directory):
    """The LEDs keep their program: only the clock is made ready, then for more frames."""

    def again():
        yield from bps.open_run()
        yield from bps.prepare(rig.led_pair, Trial(frame_count=100), wait=True)
        for frames in (100, 100, 500, 500):
            yield from bps.prepare(rig.clock, Trial(frame_count=frames), wait=True)
            yield from bps.kickoff(rig.clock, wait=True)
            yield from bps.complete(rig.clock, wait=True)

    with pytest.raises(FailedStatus) as refused:
        run_engine(again())
    assert str(refused.value.__cause__).startswith(
        "cell 'c1' has had 1.26 s of light and this would add 0.9 s"
    )
    assert rig.bench.lit_now() == 0
    assert read_cell(directory.journal, "c1").total_s == pytest.approx(1.26)


def test_a_session_knows_of_light_by_hand_and_refuses_it(rig, directory):
    with Session(rig, directory, catalogue=False, cell="c1") as session:
        with pytest.raises(BadInputError, match=r"has had 1\.8 s"):
            session.RE(by_hand(rig, 6))
        assert session.light()["used_s"] == pytest.approx(1.8)
        uid = session.start["uid"]
    (run,) = read_cell(directory.journal, "c1").runs
    assert (run.run, run.total_s) == (uid, pytest.approx(1.8))


def test_light_that_nobody_told_of_counts_as_planned(run_engine, rig, directory):
    """What is approved counts as given, until the LEDs or a stop say otherwise."""

    def prepared(rig):
        yield from bps.prepare(rig.led_pair, TRIAL, wait=True)

    run_engine(prepared(rig))
    assert rig.ledger.used_s("c1") == pytest.approx(0.9)
    assert read_cell(directory.journal, "c1").total_s == pytest.approx(0.9)

    def dark(rig):
        yield from bps.abs_set(rig.led_pair, "dark", wait=True)

    run_engine(dark(rig))
    assert rig.ledger.used_s("c1") == 0
    assert read_cell(directory.journal, "c1").total_s == 0


def test_a_dark_trial_needs_no_entry(run_engine, rig, directory):
    run_engine(by_hand(rig, 2, DARK))
    assert not light_database_of(directory.path).exists()


def test_a_run_and_light_by_hand_are_one_cells(run_engine, rig, directory):
    run_engine.md["cell"] = "c1"
    from blueslice.callbacks import Journal

    journal = Journal(directory.journal)
    token = run_engine.subscribe(journal)
    (uid,) = run_engine(two_pulse(rig, trials=2))
    run_engine.unsubscribe(token)
    journal.close()
    run_engine(by_hand(rig, 1))
    cell = read_cell(directory.journal, "c1")
    assert [(run.run, run.plan, run.trials) for run in cell.runs] == [
        (uid, "two_pulse", 2),
        ("", "", 0),
    ]
    assert [run.total_s for run in cell.runs] == pytest.approx([0.36, 0.9])
    # Without the ledger's file what the documents tell is left.
    rig.ledger.close()
    light_database_of(directory.path).unlink()
    assert read_cell(directory.journal, "c1").total_s == pytest.approx(0.36)


def test_the_cell_that_a_run_names_gets_its_light(run_engine, rig, directory):
    run_engine(two_pulse(rig, trials=1, md={"cell": "c7"}))
    assert rig.ledger.cell == "c7"
    assert read_cell(directory.journal, "c7").total_s == pytest.approx(0.18)


async def test_the_cells_light_is_a_device(rig):
    light = rig.led_pair.cell_light
    await rig.led_pair.connect()
    await light.set("c2")
    reading = {key: value["value"] for key, value in (await light.read()).items()}
    name = "led_pair-cell_light"
    assert reading == {f"{name}-cell": "c2", f"{name}-used_s": 0.0, f"{name}-is_kept": True}
    with pytest.raises(BadInputError, match="cell = ' ': give the cell a name"):
        await light.set(" ")


async def test_leds_of_no_rig_count_all_the_same_and_say_that_it_is_not_kept(rig, caplog):
    led_pair = LedPair(rig.led_pair.backend, name="own")
    await led_pair.connect()
    for _ in range(2):
        await led_pair.prepare(TRIAL)
        # Whatever else plays the trial.
        rig.bench.load_clock(TRIAL.frame_rate_Hz, TRIAL.frame_count)
        rig.bench.start()
    assert [r.getMessage() for r in caplog.records if "is not kept" in r.getMessage()] == [
        "the light of these LEDs is not kept: they belong to no rig with a data directory, so that "
        "no later session will know of it"
    ]
    with pytest.raises(BadInputError, match=r"more than its budget of 2 s"):
        await led_pair.prepare(TRIAL)
    reading = await led_pair.cell_light.read()
    assert reading["own-cell_light-is_kept"]["value"] is False
    assert reading["own-cell_light-used_s"]["value"] == pytest.approx(1.8)


def test_an_unkept_ledger_has_a_budget_of_its_own():
    ledger = UnkeptLedger(ExposureBudget(light_s=0.5))
    entry = ledger.approve({1: 0.4, 2: 0.0})
    with pytest.raises(BadInputError):
        ledger.approve({1: 0.2, 2: 0.0})
    ledger.settle(entry, {1: 0.1, 2: 0.0})
    ledger.approve({1: 0.2, 2: 0.0})
    assert ledger.used_s(ledger.cell) == pytest.approx(0.3)


def test_a_program_that_the_leds_refuse_gives_no_light(run_engine, rig, monkeypatch):
    def refuse(*_):
        raise OSError("no such channel")

    monkeypatch.setattr(rig.led_pair.backend, "program", refuse)
    with pytest.raises(FailedStatus):
        run_engine(by_hand(rig, 1))
    assert rig.ledger.used_s("c1") == 0


def test_entries_are_on_the_disk_before_the_light_and_corrections_follow(directory):
    path = light_database_of(directory.path)
    database = LightDatabase(path)
    entry = database.add("c1", "r", 5.0, {385.0: 0.1, 520.0: 0.2})

    def stored():
        return sqlite3.connect(path).execute("SELECT planned, given FROM light").fetchall()

    assert [given for _, given in stored()] == [None]
    database.correct(entry, {385.0: 0.05, 520.0: 0.2})
    assert [given for _, given in stored()] == [None]
    database.add("c1", "r", 6.0, {385.0: 0.1})
    assert [given is None for _, given in stored()] == [False, True]
    first, second = database.read()
    assert (first.light_s, first.is_measured) == ({385.0: 0.05, 520.0: 0.2}, True)
    assert (second.light_s, second.is_measured) == ({385.0: 0.1}, False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert database.read("c2") == []
    assert [one.time for one in database.read("c2", ["r"])] == [5.0, 6.0]
    database.close()


def test_a_ledger_that_cannot_be_written_refuses_the_light(directory):
    path = light_database_of(directory.create().path)
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    ledger = RigLedger(directory, {1: 385.0, 2: 520.0}, "c1")
    with pytest.raises(StorageError, match=r"the light ledger .*light\.db cannot be used") as told:
        ledger.approve({1: 0.1, 2: 0.1})
    assert "\n" not in str(told.value)
    assert "move it away" in str(told.value)


def test_two_leds_of_one_wavelength_are_summed(directory):
    ledger = RigLedger(directory, {1: 470.0, 2: 470.0}, "c1")
    ledger.approve({1: 0.1, 2: 0.2})
    assert read_cell(directory.journal, "c1").light_s == {470.0: pytest.approx(0.3)}


def test_a_new_cell_is_named_by_the_time_of_its_first_light(directory):
    ledger = RigLedger(directory, {1: 385.0, 2: 520.0}, now_s=lambda: 1.7e9)
    assert ledger.cell.startswith("2023-11-1")


def test_cells_of_one_second_are_told_apart(directory):
    names = []
    for _ in range(3):
        ledger = RigLedger(directory, {1: 385.0, 2: 520.0}, now_s=lambda: 1.7e9)
        ledger.approve({1: 0.5})
        names.append(ledger.cell)
        assert ledger.used_s(ledger.cell) == 0.5
        ledger.close()
    assert names == [names[0], f"{names[0]}-2", f"{names[0]}-3"]


def test_a_file_that_a_power_cut_left_empty_holds_no_light(directory):
    directory.create()
    light_database_of(directory.path).touch()
    ledger = RigLedger(directory, {1: 385.0}, "c1")
    assert ledger.used_s("c1") == 0.0
    ledger.approve({1: 0.5})
    ledger.close()
    assert read_cell(directory.journal, "c1").total_s == 0.5
