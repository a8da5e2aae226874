"""When a run was taken by the laboratory's clock, also where a document tells nonsense."""

import math
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import bluesky.plan_stubs as bps
import pytest

from blueslice._engine import close_run_engine, make_run_engine
from blueslice._lab_time import lab_time, utc_offset_s

NEW_YORK = ZoneInfo("America/New_York")
AT_S = 1_485_534_819.0  # 2017-01-27 16:33:39 UTC


@pytest.mark.parametrize(
    ("offset_s", "shown"),
    [
        (0.0, "2017-01-27T16:33:39+00:00"),
        (-18_000.0, "2017-01-27T11:33:39-05:00"),
        (32_400, "2017-01-28T01:33:39+09:00"),
        (20_700.0, "2017-01-27T22:18:39+05:45"),
    ],
)
def test_the_time_is_that_of_the_laboratory(offset_s, shown):
    assert lab_time({"time": AT_S, "utc_offset_s": offset_s}).isoformat() == shown


def test_without_an_offset_the_clock_of_this_computer_counts():
    assert lab_time({"time": AT_S}) == datetime.fromtimestamp(AT_S).astimezone()


@pytest.mark.parametrize(
    "start",
    [
        *({"time": time} for time in (1e20, -1e20, math.nan, math.inf, 2**80, "noon", None, [])),
        {},
        {"time": AT_S, "utc_offset_s": 1e9},
        {"time": AT_S, "utc_offset_s": "east"},
        {"time": 253_402_300_799.0, "utc_offset_s": 3600.0},
    ],
)
def test_what_is_no_date_is_none(start):
    assert lab_time(start) is None


@pytest.mark.parametrize(
    ("moment", "offset_s"),
    [
        (datetime(2017, 1, 27, tzinfo=NEW_YORK), -18_000.0),
        (datetime(2017, 7, 27, tzinfo=NEW_YORK), -14_400.0),
        (datetime(2017, 7, 27, tzinfo=timezone(timedelta(hours=9))), 32_400.0),
    ],
)
def test_the_offset_of_a_moment(moment, offset_s):
    assert utc_offset_s(moment) == offset_s


def test_a_moment_without_zone_is_of_this_computer():
    moment = datetime(2017, 7, 27)
    assert utc_offset_s(moment) == moment.astimezone().utcoffset().total_seconds()


def run_of_nothing():
    yield from bps.open_run()
    yield from bps.close_run()


def test_each_run_is_told_the_clock_when_it_begins():
    """A session goes on while summer time ends."""
    moments = iter([datetime(2017, 11, 5, hour, tzinfo=NEW_YORK) for hour in (1, 4, 4)])
    engine = make_run_engine(context_managers=[], now=lambda: next(moments))
    told = []
    engine.subscribe(lambda _, start: told.append(start["utc_offset_s"]), "start")
    try:
        engine(run_of_nothing())
        engine(run_of_nothing())
        engine(run_of_nothing(), utc_offset_s=3600.0)
    finally:
        close_run_engine(engine)
    assert told == [-14_400.0, -18_000.0, 3600.0]
