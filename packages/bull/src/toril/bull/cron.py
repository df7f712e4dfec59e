"""When a cron pattern comes due, as BullMQ on Node (cron-parser) understands it.

cronsim reads the fields and knows which times match. Here is what Node does beyond it: its words and left-out
fields, and what happens as clocks change. A time that a clock skips comes due as much later, one that it
shows twice comes due once, and a pattern for every hour of the day comes due in every hour that there is.
"""

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import dropwhile

from cronsim import CronSim, CronSimError

from toril.types.schedule import InvalidSchedule, zone

HOURS_A_DAY = 24
HOUR = 3600.0

_WORDS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
    "@minutely": "0 * * * * *",
    "@secondly": "* * * * * *",
    "@weekdays": "0 0 0 * * 1-5",
    "@weekends": "0 0 0 * * 0,6",
}
_LEFT_OUT = ("0", "*", "*", "*", "*", "*")
_RANGES = ("0-59", "0-59", "0-23", "1-31", "1-12", "0-7")
_LONE = re.compile(r"\b(\w+)-\1/\d+")
_ANY_DAY = datetime(2000, 1, 1)


class CronPattern:
    """A cron pattern in a time zone: five fields, six with seconds in front, or a word such as `@daily`.

    Args:
        zone_name: as the IANA database names it; None is this machine's own zone, as on Node.

    Attributes:
        fields: the six of them, as cronsim reads them.

    Raises:
        InvalidSchedule: the pattern cannot be read, or Node could not read it, or there is no such zone.
    """

    def __init__(self, pattern: str, zone_name: str | None) -> None:
        self._zone = None if zone_name is None else zone(zone_name)
        self.fields = _fields(pattern)
        try:
            self._every_hour = len(self._matches_after(_ANY_DAY).hours) == HOURS_A_DAY
        except CronSimError as fault:
            raise InvalidSchedule("pattern", pattern, str(fault)) from fault

    def next_after(self, moment: float) -> float | None:
        """When it comes due next, in epoch seconds; None if never, or not for fifty years.

        Args:
            moment: epoch seconds; the answer is later than that.
        """
        return self._in_every_hour(moment) if self._every_hour else self._at_given_hours(moment)

    def _at_given_hours(self, moment: float) -> float | None:
        start = self._wall(moment)
        an_hour_ago = self._wall(moment - HOUR)
        if start - an_hour_ago != timedelta(seconds=HOUR):
            # The clock has just been changed: some of what it skipped may still be to come.
            start = an_hour_ago
        due = (found.replace(tzinfo=self._zone).timestamp() for found in self._matches_after(start))
        return next(dropwhile(lambda each: each <= moment, due), None)

    def _in_every_hour(self, moment: float) -> float | None:
        at = math.floor(moment)
        wall = self._wall(at)
        while (found := next(self._matches_after(wall), None)) is not None:
            due = at + round((found - wall).total_seconds())
            if self._wall(due) == found:
                return due
            # The clock changes on the way: go on from the second before, as the changed clock would show it.
            changed = self._first_change(at, due, _ahead(wall, at))
            at, wall = changed - 1, self._wall(changed) - timedelta(seconds=1)
        return None

    def _matches_after(self, wall: datetime) -> CronSim:
        return CronSim(" ".join(self.fields), wall)

    def _wall(self, moment: float) -> datetime:
        """What the clock on the wall shows then."""
        return datetime.fromtimestamp(moment, self._zone).replace(tzinfo=None, fold=0)

    def _first_change(self, before: int, after: int, ahead: timedelta) -> int:
        """The second from which on the clock is no longer so far ahead, if it changes once in between."""
        while after - before > 1:
            middle = (before + after) // 2
            if _ahead(self._wall(middle), middle) == ahead:
                before = middle
            else:
                after = middle
        return after


def _ahead(wall: datetime, moment: int) -> timedelta:
    """How far a clock on the wall is ahead of UTC."""
    return wall - datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)


@lru_cache(maxsize=256)
def cron_pattern(pattern: str, zone_name: str | None) -> CronPattern:
    """As `CronPattern`; patterns are remembered."""
    return CronPattern(pattern, zone_name)


def check_pattern(pattern: str) -> None:
    """Checks a pattern of our own, so that no Node worker stumbles over it.

    Raises:
        InvalidSchedule: it cannot be read, or a list in it has a value twice: BullMQ 6 refuses that.
    """
    if _repeats_itself(cron_pattern(pattern, "UTC").fields):
        raise InvalidSchedule("pattern", pattern, "a list has a value twice, which Node refuses")


def _fields(pattern: str) -> list[str]:
    """The six fields as cronsim reads them.

    Raises:
        InvalidSchedule: there are too many, or cronsim would read what Node does not.
    """
    given = _WORDS.get(pattern, pattern).split()
    if not 0 < len(given) <= len(_LEFT_OUT):
        raise InvalidSchedule("pattern", pattern, "one to six fields")
    fields = [*_LEFT_OUT[: len(_LEFT_OUT) - len(given)], *given]
    day_of_month, day_of_week = fields[3].upper(), fields[5]
    if "W" in day_of_month:
        raise InvalidSchedule(
            "pattern", pattern, "Node knows no W for the weekday nearest to a day of the month"
        )
    if "#" in day_of_week and any(sign in day_of_week for sign in ",-/"):
        raise InvalidSchedule("pattern", pattern, "Node knows no list or range beside #")
    return [_restriction(field, full) for field, full in zip(fields, _RANGES, strict=True)]


def _restriction(field: str, full: str) -> str:
    # Where both day fields are restrictions, one of them is enough: to Node `*/2` is one, to cronsim not.
    if field in ("*", "?"):
        return "*"
    # To cronsim `3-3/2` is every second hour from 3 on; to Node it is 3.
    return _LONE.sub(r"\1", field.replace("*", full).replace("?", full))


def _repeats_itself(fields: list[str]) -> bool:
    """Whether a list in one of the fields has a value twice."""
    for at, field in enumerate(fields):
        parts = [_values([*fields[:at], part, *fields[at + 1 :]])[at] for part in field.split(",")]
        if len(set[object]().union(*parts)) < sum(map(len, parts)):
            return True
    return False


def _values(fields: list[str]) -> tuple[set[object], ...]:
    sim = CronSim(" ".join(fields), _ANY_DAY)
    weekdays = {day % 7 if isinstance(day, int) else day for day in sim.weekdays}
    return tuple(map(set[object], (sim.seconds, sim.minutes, sim.hours, sim.days, sim.months, weekdays)))
