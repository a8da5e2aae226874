"""Which failures of a plan are told: the first, and before it what may still be on."""

import pytest
from bluesky.utils import FailedStatus

from blueslice._failures import failures, remember_failures
from blueslice.errors import InstrumentError, StillOnError, StorageError
from blueslice.plans import two_pulse
from blueslice.rig import make_sim_rig


def chained(*causes):
    """Make the error of a plan that failed with the first and met the others while it ended."""
    error = None
    for cause in causes:
        after = FailedStatus("some status")
        after.__cause__, after.__context__ = cause, error
        error = after
    remember_failures(error)
    return error


LOST = StorageError("trial 3 is lost")
CLOSED = StorageError("the file could not be closed")
LIT = StillOnError("light of led_pair may still be on")
PULLED = InstrumentError("the cable was pulled")


@pytest.mark.parametrize(
    ("met", "told"),
    [
        ([LOST], [LOST]),
        ([LOST, CLOSED], [LOST]),
        ([PULLED, LIT], [LIT, PULLED]),
        ([PULLED, LIT, CLOSED], [LIT, PULLED]),
        ([LIT, CLOSED], [LIT]),
    ],
)
def test_the_first_is_told_and_before_it_what_may_still_be_on(met, told):
    assert failures(chained(*met)) == told


def test_an_error_that_is_no_status_is_itself():
    assert failures(PULLED) == [PULLED]
    unknown = FailedStatus("nobody knows why")
    assert failures(unknown) == [unknown]


def test_what_was_handled_outside_the_plan_is_no_part_of_it():
    earlier, now = chained(PULLED), chained(LOST, CLOSED)
    try:
        raise earlier
    except FailedStatus:
        with pytest.raises(FailedStatus) as failed:
            raise now  # noqa: B904 (that is what is tried)
    assert failed.value.__context__ is earlier
    assert failures(failed.value) == [LOST]


def test_a_file_that_fails_while_the_plan_ends_hides_nothing(run_engine, directory, monkeypatch):
    rig = make_sim_rig(1, data_directory=directory, rows=24, columns=24)

    def pulled(timeout_s):
        raise InstrumentError("the cable was pulled")

    recorder = rig.amplifier._recorder
    close = recorder.close

    async def close_and_fail():
        is_open = recorder._file is not None
        await close()
        if is_open:
            raise CLOSED

    def still_on():
        raise OSError("no answer")

    monkeypatch.setattr(rig.camera.backend, "read_frames", pulled)
    monkeypatch.setattr(recorder, "close", close_and_fail)
    with pytest.raises(FailedStatus) as failed:
        run_engine(two_pulse(rig, trials=1))
    assert failed.value.__cause__ is CLOSED
    assert [str(cause) for cause in failures(failed.value)] == ["the cable was pulled"]
    monkeypatch.setattr(rig.led_pair.backend, "off", still_on)
    with pytest.raises(FailedStatus) as failed:
        run_engine(two_pulse(rig, trials=1))
    assert "may still be on" in str(failures(failed.value)[0])
