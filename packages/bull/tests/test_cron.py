"""When cron patterns come due, above all when clocks change. Beside Node: tests/interop/test_cron.py."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toril.bull.cron import CronPattern, check_pattern
from toril.types import InvalidSchedule

BERLIN, NEW_YORK, SYDNEY, CAIRO = "Europe/Berlin", "America/New_York", "Australia/Sydney", "Africa/Cairo"


def due(pattern: str, zone: str, after: str, times: int = 3) -> list[str]:
    """The next times, as the clock on the wall shows them; `+01:00` tells one two o'clock from the other."""
    moment = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone)).timestamp()
    found: list[str] = []
    for _ in range(times):
        moment = CronPattern(pattern, zone).next_after(moment)
        assert moment is not None
        found.append(datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%m-%d %H:%M%z"))
    return found


@pytest.mark.parametrize(
    ("zone", "before", "expected"),
    [
        (BERLIN, "2026-03-28T12:00", ["03-29 03:30+0200", "03-30 02:30+0200"]),
        (NEW_YORK, "2026-03-07T12:00", ["03-08 03:30-0400", "03-09 02:30-0400"]),
        (SYDNEY, "2026-10-03T12:00", ["10-04 03:30+1100", "10-05 02:30+1100"]),
    ],
)
def test_a_time_that_the_clock_skips_in_spring_comes_due_as_much_later(
    zone: str, before: str, expected: list[str]
) -> None:
    assert due("30 2 * * *", zone, before, 2) == expected


@pytest.mark.parametrize(
    ("zone", "pattern", "before", "expected"),
    [
        (BERLIN, "30 2 * * *", "2026-10-24T12:00", ["10-25 02:30+0200", "10-26 02:30+0100"]),
        (NEW_YORK, "30 1 * * *", "2026-10-31T12:00", ["11-01 01:30-0400", "11-02 01:30-0500"]),
        (SYDNEY, "30 2 * * *", "2026-04-04T12:00", ["04-05 02:30+1100", "04-06 02:30+1000"]),
    ],
)
def test_a_time_that_the_clock_shows_twice_in_autumn_comes_due_once(
    zone: str, pattern: str, before: str, expected: list[str]
) -> None:
    assert due(pattern, zone, before, 2) == expected


def test_every_hour_is_every_hour_that_there_is() -> None:
    spring = due("15 * * * *", BERLIN, "2026-03-29T00:30", 3)
    assert spring == ["03-29 01:15+0100", "03-29 03:15+0200", "03-29 04:15+0200"]
    autumn = due("15 * * * *", BERLIN, "2026-10-25T01:30", 4)
    assert autumn == ["10-25 02:15+0200", "10-25 02:15+0100", "10-25 03:15+0100", "10-25 04:15+0100"]


def test_all_runs_of_the_hour_that_is_skipped_are_made_up_for() -> None:
    """On Node only the first of them is."""
    found = due("*/20 2 * * *", BERLIN, "2026-03-28T12:00", 4)
    assert found == ["03-29 03:00+0200", "03-29 03:20+0200", "03-29 03:40+0200", "03-30 02:00+0200"]


def test_a_run_at_midnight_is_not_lost_where_the_clock_skips_midnight() -> None:
    """On Node it is."""
    found = due("10 0 * * *", CAIRO, "2026-04-23T12:00", 2)
    assert found == ["04-24 01:10+0300", "04-25 00:10+0300"]


def test_both_days_are_restrictions_and_one_of_them_is_enough() -> None:
    assert due("0 0 13 * fri", "UTC", "2026-03-01T00:00", 3) == [
        "03-06 00:00+0000",
        "03-13 00:00+0000",
        "03-20 00:00+0000",
    ]
    assert due("0 0 */10 * mon", "UTC", "2026-03-01T00:00", 2) == ["03-02 00:00+0000", "03-09 00:00+0000"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("@daily", "03-02 00:00+0000"),
        ("@weekdays", "03-02 00:00+0000"),
        ("30 0 3 ? * ?", "03-01 03:00+0000"),
        ("0 12 L * *", "03-31 12:00+0000"),
        ("0 12 * * 5L", "03-27 12:00+0000"),
        ("0 12 * * 2#3", "03-17 12:00+0000"),
        ("0 0 29 FEB *", "02-29 00:00+0000"),
        ("0 5-5/2 * * *", "03-01 05:00+0000"),
    ],
)
def test_node_s_words_are_understood(pattern: str, expected: str) -> None:
    assert due(pattern, "UTC", "2026-03-01T01:00", 1) == [expected]


@pytest.mark.parametrize(
    "pattern",
    ["", "* * * * * * *", "60 * * * *", "0 0 30 2 *", "0 0 LW * *", "H * * * *", "a b c d e", "@never"],
)
def test_what_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        CronPattern(pattern, "UTC")
    assert refusal.value.field == "pattern"


def test_a_value_that_a_list_has_twice_is_read_but_not_accepted() -> None:
    assert due("0 3,3 * * *", "UTC", "2026-03-01T01:00", 1) == ["03-01 03:00+0000"]
    with pytest.raises(InvalidSchedule, match="twice"):
        check_pattern("0 3,1-4 * * *")


@given(
    st.sampled_from(
        ["* * * * *", "*/7 * * * *", "30 2 * * *", "*/20 1-3 * * *", "15 30 0,2 * * *", "0 0 * * sun"]
    ),
    st.sampled_from(
        [BERLIN, NEW_YORK, SYDNEY, CAIRO, "America/Santiago", "Australia/Lord_Howe", "UTC", None]
    ),
    st.integers(1_767_225_600_000, 1_830_297_600_000),
)
def test_the_next_time_is_always_later(pattern: str, zone: str | None, moment: int) -> None:
    found = CronPattern(pattern, zone).next_after(moment / 1000)
    assert found is not None
    assert found > moment / 1000
    again = CronPattern(pattern, zone).next_after(found)
    assert again is not None
    assert again > found
