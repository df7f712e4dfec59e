"""The official calls that add a job (bullmq-protocol §3.4, §4.1)."""

from typing import NamedTuple

from differential.options import Options
from differential.scripts import NPM, Call, pack, under

from toril.bull.keys import QueueKeys

KEYS = {
    "addStandardJob-9": "wait paused meta id completed delayed active events marker",
    "addDelayedJob-6": "marker meta id delayed completed events",
    "addPrioritizedJob-9": "marker meta id prioritized delayed completed active events pc",
    "addParentJob-6": "meta id delayed waiting-children completed events",
}


class Parent(NamedTuple):
    """Whose child a job is: `queue` is None for its own; `flag` is None, fpof, cpof, idof or rdof."""

    id: str
    queue: str | None = None
    flag: str | None = None


def add_call(
    keys: QueueKeys,
    now: int,
    name: str,
    data: bytes,
    options: Options,
    *,
    job_id: str | None = None,
    parent: Parent | None = None,
    waits_for_children: bool = False,
    in_flow: bool = False,
) -> Call:
    """The call that adds one job.

    Args:
        now: milliseconds since the epoch; options with a timestamp of their own have that instead.
        options: BullMQ's own.
        waits_for_children: makes it a parent, which runs when its children are through.
        in_flow: it is one of several that are added together, by the scripts of BullMQ 6.
    """
    options = {option: value for option, value in options.items() if value is not None}
    script = _script(options, waits_for_children)
    deduplication = options.get("de")
    arguments = [
        keys.base,
        job_id or "",
        name,
        options.get("timestamp", now),
        *_parent_arguments(keys, parent),
        None,
        f"{keys.base}de:{deduplication['id']}" if deduplication else None,
        1 if in_flow else None,
    ]
    is_newer = in_flow or (deduplication or {}).get("reschedule")
    name = f"{NPM}{script}" if is_newer else script
    return Call(name, under(keys.base, KEYS[script]), [pack(arguments), data, pack(options)])


def _script(options: Options, waits_for_children: bool) -> str:
    if waits_for_children:
        return "addParentJob-6"
    if options.get("delay"):
        return "addDelayedJob-6"
    if options.get("priority"):
        return "addPrioritizedJob-9"
    return "addStandardJob-9"


def _parent_arguments(
    keys: QueueKeys, parent: Parent | None
) -> tuple[str | None, str | None, Options | None]:
    """The parent's key, the key of its dependencies, and the child's own note of it."""
    if parent is None:
        return None, None, None
    queue = QueueKeys(parent.queue or keys.queue, prefix=keys.prefix)
    flags = {parent.flag: True} if parent.flag else {}
    key = queue.job(parent.id)
    return key, f"{key}:dependencies", {"id": parent.id, "queueKey": queue.qualified, **flags}
