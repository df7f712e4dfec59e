"""Cron patterns come due at the same times on Node and here, also where clocks change."""

from datetime import UTC, datetime, timedelta

import pytest

from support.node_client import NodeClient
from toril.bull.cron import CronPattern

pytestmark = pytest.mark.node

PATTERNS = [
    "* * * * *",
    "*/17 * * * *",
    "0 * * * *",
    "30 2 * * *",
    "0 3 * * *",
    "30 1 * * *",
    "0 */2 * * *",
    "15,45 0-5 * * *",
    "0 0 * * *",
    "59 23 * * *",
    "0 12 1 * *",
    "0 0 13 * fri",
    "0 0 */10 * mon",
    "0 8-18/3 * * mon-fri",
    "0 9 L * *",
    "0 9 * * 5L",
    "0 9 * * 1#2",
    "0 0 29 FEB *",
    "0 0 * * 7",
    "5/20 * * * *",
    "0 5-5/2 * * *",
    "*/15 * * * * *",
    "10 30 2 * * *",
    "0 0 0 1 1 *",
    "@hourly",
    "@daily",
    "@weekly",
    "@monthly",
    "@yearly",
]
ONLY_NODE_6 = ["@weekdays", "@weekends", "0 0 ? * mon", "@minutely"]
# A few hours before the clocks change, where they do, and a plain day.
BEGINNINGS = {
    "UTC": ["2026-06-01T12:34:56"],
    "Europe/Berlin": [
        "2026-03-28T22:00:00",
        "2026-10-24T22:00:00",
        "2026-03-29T00:30:00",
        "2026-10-25T00:30:00",
    ],
    "America/New_York": ["2026-03-08T03:00:00", "2026-11-01T03:00:00", "2026-03-08T06:30:00"],
    "Australia/Sydney": ["2026-04-04T10:00:00", "2026-10-03T10:00:00", "2026-10-03T15:30:00"],
    "Asia/Kolkata": ["2026-06-01T12:34:56"],
}


@pytest.mark.parametrize("zone", BEGINNINGS)
async def test_cron_patterns_come_due_at_the_same_times(node: NodeClient, zone: str) -> None:
    different: list[str] = []
    for pattern in PATTERNS + (ONLY_NODE_6 if node.major == "6" else []):
        for beginning in BEGINNINGS[zone]:
            after = datetime.fromisoformat(beginning).replace(tzinfo=UTC)
            expected = await node.call(
                "nextTimes", pattern=pattern, tz=zone, after=round(after.timestamp() * 1000), count=5
            )
            moment, found = after.timestamp(), list[int]()
            for _ in range(5):
                moment = CronPattern(pattern, zone).next_after(moment)
                assert moment is not None
                found.append(round(moment * 1000))
            if found != expected:
                different.append(f"{pattern} after {beginning}: node {_shown(expected)}, we {_shown(found)}")
    assert different == []


def _shown(times: list[int]) -> list[str]:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [f"{epoch + timedelta(milliseconds=time):%m-%dT%H:%M:%S}" for time in times]
