"""When jobs of one kind are made by themselves, again and again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

SHORTEST_INTERVAL = 0.001
LONGEST_INTERVAL = 100 * 365 * 86_400.0
LONGEST_PATTERN = 1024
PATTERN_RULE = 'five fields ("0 3 * * *"), six with seconds in front, or a word ("@daily")'
ZONE_RULE = 'a name of the IANA database ("Europe/Berlin"); a system without one needs the package tzdata'


class InvalidSchedule(ValueError):
    """A schedule that cannot be kept.

    Attributes:
        field: the part of it that is at fault, by its name in `Schedule`.
    """

    def __init__(self, field: str, value: object, rule: str) -> None:
        super().__init__(field, value, rule)
        self.field = field
        self.value = value
        self.rule = rule

    def __str__(self) -> str:
        return f"schedule {self.field}={self.value!r}: {self.rule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a job runs again and again. Made by `Schedule.cron` or `Schedule.every`.

    Attributes:
        pattern, tz: a cron pattern and its time zone; a `tz` of None, which only Node writes, is the zone of
            whichever worker makes the next run.
        interval, offset: seconds from one run to the next, and from a whole multiple of it.
        start, end: no run before and after these times.
        limit: how many runs there are.

    Raises:
        InvalidSchedule: a value out of range, or neither or both of pattern and interval.
    """

    pattern: str | None = None
    tz: str | None = None
    interval: float | None = None
    offset: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    limit: int | None = None

    @classmethod
    def cron(
        cls,
        pattern: str,
        *,
        tz: str = "UTC",
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> Self:
        """Runs when a clock on the wall shows a time that matches.

        Args:
            pattern: minute, hour, day of month, month and day of week (`"0 3 * * *"`), with seconds in front
                if there are six; or a word: `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly` …
            tz: where the clock hangs, as the IANA database names it: `"Europe/Berlin"`.
            start, end: runs come after the one and no later than the other; both have a time zone.
            limit: how many runs there are.

        Raises:
            InvalidSchedule: a value out of range. What the pattern's fields say is read when it is set.
        """
        return cls(pattern=pattern, tz=tz, start=start, end=end, limit=limit)

    @classmethod
    def every(
        cls,
        interval: float,
        *,
        offset: float | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> Self:
        """Runs at a steady pace, beginning at once, or at `start`, or at the next multiple plus `offset`.

        Args:
            interval: seconds from one run to the next, in whole milliseconds.
            offset: seconds after each whole multiple of the interval since 1970, less than the interval.
            start, end: no run before and after these times, which have a time zone.
            limit: how many runs there are.

        Raises:
            InvalidSchedule: a value out of range.
        """
        return cls(interval=interval, offset=offset, start=start, end=end, limit=limit)

    def __post_init__(self) -> None:
        if (self.pattern is None) == (self.interval is None):
            raise InvalidSchedule("pattern", self.pattern, "give a cron pattern or an interval, one of them")
        if self.pattern is not None:
            self._check_pattern(self.pattern)
        if self.interval is not None:
            self._check_interval(self.interval)
        for field in ("start", "end"):
            _check_moment(field, getattr(self, field))
        if self.start and self.end and self.start >= self.end:
            raise InvalidSchedule("end", self.end, "a time after the start")
        if self.limit is not None and self.limit < 1:
            raise InvalidSchedule("limit", self.limit, "how many runs there are, 1 or more")

    def _check_pattern(self, pattern: str) -> None:
        if len(pattern) > LONGEST_PATTERN:
            raise InvalidSchedule("pattern", pattern[:50], f"a text of at most {LONGEST_PATTERN} characters")
        if not pattern.startswith("@") and len(pattern.split()) not in (5, 6):
            raise InvalidSchedule("pattern", pattern, PATTERN_RULE)
        if self.offset is not None:
            raise InvalidSchedule("offset", self.offset, "belongs to an interval, not to a cron pattern")
        if self.tz is not None:
            zone(self.tz)

    def _check_interval(self, interval: float) -> None:
        if not SHORTEST_INTERVAL <= interval <= LONGEST_INTERVAL:
            raise InvalidSchedule("interval", interval, "seconds, from 0.001 to 100 years")
        if self.tz is not None:
            raise InvalidSchedule("tz", self.tz, "belongs to a cron pattern, not to an interval")
        if self.offset is not None and not 0 <= self.offset < interval:
            raise InvalidSchedule("offset", self.offset, "seconds, 0 or more and less than the interval")


def zone(name: str) -> ZoneInfo:
    """A time zone by its name.

    Raises:
        InvalidSchedule: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # Node does not mind the case of the letters.
        alike = [known for known in available_timezones() if known.lower() == name.lower()]
        if not alike:
            raise InvalidSchedule("tz", name, ZONE_RULE) from error
        return ZoneInfo(alike[0])


def _check_moment(field: str, moment: datetime | None) -> None:
    if moment is not None and moment.utcoffset() is None:
        raise InvalidSchedule(field, moment, "a datetime with a time zone: datetime(..., tzinfo=UTC)")
