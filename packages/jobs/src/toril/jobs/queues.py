"""A queue: a name, and what its contracts inherit."""

from dataclasses import dataclass

from toril.jobs.errors import InvalidPolicy
from toril.jobs.policy import Keep, Retry, check_policy, is_name


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue by its name, with defaults for the contracts that do not say otherwise.

    Args:
        name: not empty and without ":", which separates the parts of a Redis key.
        retry: how often a job is tried; None is once.
        timeout: how long an attempt may take, in seconds; None is as long as it takes.
        keep_completed, keep_failed: how long finished jobs stay; None leaves that to the worker.
        size_limit, log_limit, stack_trace_limit: as for a contract; see `Declaration`.

    Raises:
        InvalidPolicy: a value out of range.
    """

    name: str
    retry: Retry | None = None
    timeout: float | None = None
    keep_completed: Keep | None = None
    keep_failed: Keep | None = None
    size_limit: int | None = None
    log_limit: int | None = None
    stack_trace_limit: int | None = None

    def __post_init__(self) -> None:
        if not is_name(self.name) or ":" in self.name:
            raise InvalidPolicy("queue", self.name, "a name, not empty and without ':'")
        check_policy(self.defaults())

    def defaults(self) -> dict[str, object]:
        """What contracts inherit, by keyword; without what this queue leaves open."""
        settings = {
            "retry": self.retry,
            "timeout": self.timeout,
            "keep_completed": self.keep_completed,
            "keep_failed": self.keep_failed,
            "size_limit": self.size_limit,
            "log_limit": self.log_limit,
            "stack_trace_limit": self.stack_trace_limit,
        }
        return {setting: value for setting, value in settings.items() if value is not None}
