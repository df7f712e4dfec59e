"""How often a job is tried, for how long, how long it is kept, and how large it may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType

from toril.jobs.errors import InvalidPolicy
from toril.types import Backoff, CustomBackoff, Deduplicate, Keep

__all__ = [
    "Backoff",
    "CustomBackoff",
    "Deduplicate",
    "Keep",
    "Retry",
    "check_policy",
    "custom",
    "exponential",
    "fixed",
    "is_count",
    "is_name",
]

# From here on JavaScript leaves whole numbers out.
EXACT_BELOW = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a job is tried, and the pause in between.

    Args:
        attempts: 1 or more, the first one included.
        backoff: the pause after a failed attempt; None tries again at once.

    Raises:
        InvalidPolicy: a value out of range.
    """

    attempts: int
    backoff: Backoff | CustomBackoff | None = None

    def __post_init__(self) -> None:
        if not is_count(self.attempts):
            raise InvalidPolicy("attempts", self.attempts, "a whole number, 1 or more")
        if not _is_none_or(Backoff | CustomBackoff, self.backoff):
            raise InvalidPolicy("backoff", self.backoff, "fixed(...), exponential(...), custom(...) or None")


def fixed(delay: float, jitter: float = 0.0) -> Backoff:
    """The same pause after each attempt.

    Args:
        delay: seconds.
        jitter: the share of each pause that is drawn at random, 0 to 1.

    Raises:
        ValueError: a value out of range.
    """
    return Backoff("fixed", delay, jitter)


def exponential(delay: float, jitter: float = 0.0) -> Backoff:
    """A pause that doubles with each attempt.

    Args:
        delay: seconds after the first attempt.
        jitter: the share of each pause that is drawn at random, 0 to 1.

    Raises:
        ValueError: a value out of range.
    """
    return Backoff("exponential", delay, jitter)


def custom(kind: str, delay: float = 0.0) -> CustomBackoff:
    """A pause that a strategy of the worker's decides: `@handlers.backoff(kind)`, in Node `backoffStrategy`.

    Args:
        kind: the strategy's name.
        delay: the pause at a worker of ours that has no such strategy, in seconds.

    Raises:
        ValueError: a value out of range.
    """
    return CustomBackoff(kind, delay)


def check_policy(settings: Mapping[str, object]) -> None:
    """Checks what a queue or a contract says of how its jobs are treated.

    Raises:
        InvalidPolicy: a value out of range, or of another type.
    """
    retry, timeout = settings.get("retry"), settings.get("timeout")
    if "retry" in settings and not isinstance(retry, Retry):
        raise InvalidPolicy("retry", retry, "Retry(attempts=...)")
    if timeout is not None and not _is_duration(timeout):
        raise InvalidPolicy("timeout", timeout, "seconds, more than 0, or None for as long as it takes")
    for setting in ("keep_completed", "keep_failed"):
        if not _is_none_or(Keep, settings.get(setting)):
            raise InvalidPolicy(setting, settings[setting], "Keep(count=..., age=...) or None")
    for setting, least in (("size_limit", 1), ("log_limit", 1), ("stack_trace_limit", 0)):
        limit = settings.get(setting)
        if limit is not None and not _is_whole(limit, least):
            raise InvalidPolicy(setting, limit, f"a whole number, {least} or more, or None for no limit")


# These take objects: a policy is also checked where no type checker has seen it.


def is_name(value: object) -> bool:
    """Whether it is a text that is not empty."""
    return isinstance(value, str) and value != ""


def is_count(value: object) -> bool:
    """Whether it is a whole number, 1 or more."""
    return _is_whole(value, 1)


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < EXACT_BELOW


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _is_none_or(kind: type | UnionType, value: object) -> bool:
    return value is None or isinstance(value, kind)
