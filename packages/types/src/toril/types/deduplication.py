"""How jobs that mean the same become one."""

from dataclasses import dataclass

LONGEST_KEY = 500
LONGEST_TTL = 100 * 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Deduplicate:
    """A job holds a key; while it is held, further jobs with that key are not added.

        Deduplicate("report-7")                                      until that job has ended
        Deduplicate("report-7", ttl=5.0)                             throttle: one in 5 seconds at most
        Deduplicate("report-7", ttl=5.0, extend=True, replace=True)  debounce, for jobs added with delay=5.0
        Deduplicate("report-7", keep_last=True)                      one runs; the latest comes after it

    What the modes mean is BullMQ's; without a mode the key is free when its job ends, or is removed.

    Args:
        key: what the jobs have in common, 1 to 500 characters.
        ttl: the key is held so many seconds (0.001 or more), however long its job takes.
        extend: each further job starts `ttl` anew.
        replace: a further job takes the place of the one that holds the key, as long as that one is delayed.
        reschedule: a further job is dropped, but the one that holds the key waits for the further one's delay
            from now on, as long as it is delayed. BullMQ 6.7 and newer do so too.
        keep_last: of those that come while the holder runs, the latest is kept, and added when it has ended.

    Raises:
        ValueError: a value out of range, or modes that contradict each other.
    """

    key: str
    ttl: float | None = None
    extend: bool = False
    replace: bool = False
    reschedule: bool = False
    keep_last: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.key) <= LONGEST_KEY:
            raise ValueError(
                f"deduplication key is {self.key[:50]!r}; it must have 1 to {LONGEST_KEY} characters"
            )
        if self.key.encode("utf-8", "replace").decode() != self.key:
            raise ValueError(f"deduplication key is {self.key!r}; it contains half of a character")
        if self.ttl is not None and not 0.001 <= self.ttl <= LONGEST_TTL:
            raise ValueError(f"ttl is {self.ttl!r}; it must be seconds, from 0.001 to 100 years, or None")
        if self.extend and self.ttl is None:
            raise ValueError("extend=True needs a ttl: without one there is nothing to start anew")
        if self.keep_last and self.ttl is not None:
            raise ValueError("keep_last=True cannot have a ttl: the key is held until its job has ended")
        if self.replace and self.reschedule:
            raise ValueError("replace=True and reschedule=True contradict each other: choose one")
