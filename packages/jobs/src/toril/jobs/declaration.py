"""What a class of jobs says of itself in its class statement, and what it inherits."""

from typing import Any

from pydantic import ConfigDict

from toril.jobs.errors import InvalidPolicy
from toril.jobs.places import refusal
from toril.jobs.policy import Keep, Retry, check_policy, is_count, is_name
from toril.jobs.queues import Queue
from toril.types import Schedule

_OWN = frozenset({"name", "version", "schedule"})


class Declaration(ConfigDict, total=False):
    """The keywords of a class statement, besides Pydantic's own.

    Attributes:
        queue: where its jobs go.
        name: the job's name in its queue: what stands on the wire, so it outlives the class's own name.
        retry: how often a job is tried; once, if neither the class nor the queue says so.
        timeout: how long an attempt may take, in seconds; None is as long as it takes.
        keep_completed, keep_failed: how long finished jobs stay; None leaves that to the worker.
        size_limit: how many bytes of JSON a payload may have; a larger one is refused where it is added.
        log_limit: how many lines of its log a job keeps, the newest; None leaves that to the worker.
        stack_trace_limit: of how many failed attempts a job keeps the stack trace, the newest; None is all.
        version: 1 or more; travels with each job.
        schedule: when such a job runs by itself, again and again, once its schedule has been applied; its
            payload must be one that can be made without arguments.
    """

    queue: Queue
    name: str
    retry: Retry
    timeout: float | None
    keep_completed: Keep | None
    keep_failed: Keep | None
    size_limit: int | None
    log_limit: int | None
    stack_trace_limit: int | None
    version: int
    schedule: Schedule | None


def check_declaration(job_type: type, declaration: Declaration) -> None:
    """Checks the keywords of one class statement.

    Raises:
        InvalidContract: one is unknown or out of range, or a queue is given without a name.
    """
    given: dict[str, Any] = {**declaration}
    unknown = given.keys() - Declaration.__annotations__.keys()
    if unknown:
        raise refusal(job_type, f"there is no keyword {', '.join(sorted(unknown))}")
    if "queue" in given and not isinstance(given["queue"], Queue):
        raise refusal(job_type, f'queue={given["queue"]!r} is not a Queue: write Queue("...")')
    if "queue" in given and "name" not in given:
        raise refusal(job_type, "it has a queue but no name: the name is what stands on the wire")
    if "name" in given and not is_name(given["name"]):
        raise refusal(job_type, f"name={given['name']!r} is not a name")
    if not is_count(given.get("version", 1)):
        raise refusal(job_type, f"version={given['version']!r} is not a whole number, 1 or more")
    if not isinstance(given.get("schedule"), Schedule | None):
        raise refusal(job_type, f"schedule={given['schedule']!r} is not a Schedule: write Schedule.cron(...)")
    try:
        check_policy(given)
    except InvalidPolicy as fault:
        raise refusal(job_type, str(fault)) from fault


def settings(job_type: type) -> dict[str, Any]:
    """The keywords that hold for a class: its own, then those of its bases, then its queue's defaults.

    Raises:
        InvalidContract: no queue is given.
    """
    found: dict[str, Any] = {}
    for base in reversed(job_type.__mro__):
        given: Declaration = vars(base).get("__declaration__", {})
        found |= {key: value for key, value in given.items() if base is job_type or key not in _OWN}
    if "queue" not in found:
        raise refusal(job_type, 'it has a name but no queue: give it queue=Queue("...")')
    queue: Queue = found["queue"]
    return queue.defaults() | found
