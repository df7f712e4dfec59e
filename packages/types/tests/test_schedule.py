"""Schedules, as they are declared."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from toril.types import InvalidSchedule, Schedule
from toril.types.schedule import zone

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ("pattern", {}),
        ("pattern", {"pattern": "0 3 * * *", "interval": 5.0}),
        ("pattern", {"pattern": "0 3 * *"}),
        ("pattern", {"pattern": "0 0 0 3 * * *"}),
        ("pattern", {"pattern": ""}),
        ("pattern", {"pattern": f"{'0,' * 600}0 3 * * *"}),
        ("tz", {"pattern": "0 3 * * *", "tz": "Europe/Atlantis"}),
        ("tz", {"pattern": "0 3 * * *", "tz": "../etc"}),
        ("tz", {"pattern": "0 3 * * *", "tz": ""}),
        ("tz", {"interval": 5.0, "tz": "UTC"}),
        ("interval", {"interval": 0.0}),
        ("interval", {"interval": 0.0001}),
        ("interval", {"interval": float("inf")}),
        ("interval", {"interval": float("nan")}),
        ("offset", {"interval": 5.0, "offset": 5.0}),
        ("offset", {"interval": 5.0, "offset": -1.0}),
        ("offset", {"pattern": "0 3 * * *", "offset": 1.0}),
        ("start", {"interval": 5.0, "start": datetime(2026, 6, 1)}),
        ("end", {"interval": 5.0, "end": datetime(2026, 6, 1)}),
        ("end", {"interval": 5.0, "start": NOON, "end": NOON}),
        ("limit", {"interval": 5.0, "limit": 0}),
    ],
)
def test_a_value_out_of_range_is_refused_and_named(field: str, fault: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        Schedule(**fault)
    assert refusal.value.field == field
    assert str(refusal.value).startswith(f"schedule {field}=")


def test_a_cron_pattern_is_of_utc_unless_it_says_otherwise() -> None:
    assert Schedule.cron("0 3 * * *").tz == "UTC"
    assert Schedule.cron("@daily", tz="Asia/Kolkata").tz == "Asia/Kolkata"


def test_a_time_zone_is_known_whatever_the_case_of_its_letters() -> None:
    assert str(zone("utc")).lower() == "utc"
    assert str(zone("europe/berlin")) == "Europe/Berlin"


def test_schedules_that_say_the_same_are_the_same() -> None:
    start, end = NOON, NOON + timedelta(days=1)
    one = Schedule.every(30, offset=5, start=start, end=end, limit=9)
    assert one == Schedule.every(30.0, offset=5.0, start=start, end=end, limit=9)
    assert one != Schedule.every(30.0)
