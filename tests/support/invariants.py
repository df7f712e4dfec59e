"""What holds in every queue whenever no script runs (bullmq-protocol §10.12), whoever worked on it."""

from collections.abc import Iterable
from itertools import chain

from redis import Redis

from support.keyspace import Snapshot, Stored, snapshot, snapshot_of
from toril.bull.keys import QueueKeys

STATES = ("wait", "paused", "active", "prioritized", "delayed", "waiting-children", "completed", "failed")
COUNTED = ("completed", "failed")
KINDS = {
    **dict.fromkeys(("wait", "paused", "active"), "list"),
    **dict.fromkeys(("prioritized", "delayed", "waiting-children", *COUNTED), "zset"),
    **dict.fromkeys(("id", "pc", "stalled-check", "limiter"), "string"),
    **dict.fromkeys(("marker", "repeat"), "zset"),
    **{f"metrics:{state}": "hash" for state in COUNTED},
    **{f"metrics:{state}:data": "list" for state in COUNTED},
    "stalled": "set",
    "meta": "hash",
    "meta:outbox": "zset",
    "events": "stream",
}
KINDS_OF_PARTS = {
    "lock": "string",
    "logs": "list",
    "dependencies": "set",
    "processed": "hash",
    "failed": "hash",
    "unsuccessful": "zset",
}


def check_invariants(client: Redis, keys: QueueKeys) -> list[str]:
    """One line for each rule that this queue breaks."""
    return broken_rules(snapshot(client, keys.prefix), keys.queue)


def broken_rules(keyspace: Snapshot, queue: str) -> list[str]:
    """As `check_invariants`, for the queue of that name in a snapshot."""
    view = QueueView(keyspace, queue)
    return sorted(chain.from_iterable(rule(view) for rule in RULES))


def check_all(url: str, prefix: str) -> list[str]:
    """As `check_invariants`, for all queues of a broker under a prefix."""
    keyspace = snapshot_of(url, prefix)
    return [f"{queue}: {line}" for queue in _queues(keyspace) for line in broken_rules(keyspace, queue)]


def queues_under(url: str, prefix: str) -> list[str]:
    """The names of all queues of a broker under a prefix."""
    return _queues(snapshot_of(url, prefix))


def _queues(keyspace: Snapshot) -> list[str]:
    return sorted(
        name[1 : -len(":meta")] for name in keyspace if name.endswith(":meta") and name.count(":") == 2
    )


class QueueView:
    """The keys of one queue, sorted by what they are. Names are without the queue's base.

    Attributes:
        keyspace: all keys of the snapshot, those of other queues too.
        keys: the queue's, as far as they are of the right kind.
        strange: those that are not, each in a line.
        jobs: the ids of the jobs.
        parts: what else belongs to a job, by the kind of part and the job's id.
        places: the states that each id is in; twice the same one if it is listed twice.
    """

    def __init__(self, keyspace: Snapshot, queue: str) -> None:
        base = f":{queue}:"
        names = {name.removeprefix(base): key for name, key in keyspace.items() if name.startswith(base)}
        schedules = {f"repeat:{schedule}" for schedule in _members(names.get("repeat"))}
        self.keyspace = keyspace
        self.keys: dict[str, Stored] = {}
        self.strange: list[str] = []
        self.jobs: set[str] = set()
        self.parts: dict[str, dict[str, Stored]] = {part: {} for part in KINDS_OF_PARTS}
        for name, key in names.items():
            if key.kind != _kind_of(name):
                self.strange.append(f"{name} is a {key.kind}")
                continue
            self.keys[name] = key
            owner, _, part = name.rpartition(":")
            if name in KINDS or name.startswith(("de:", "dn:")) or name in schedules:
                continue
            if owner and part in KINDS_OF_PARTS:
                self.parts[part][owner] = key
            else:
                self.jobs.add(name)
        self.places: dict[str, list[str]] = {}
        for state in STATES:
            for job_id in self.members(state):
                self.places.setdefault(job_id, []).append(state)

    def members(self, name: str) -> list[str]:
        """What a list, set or sorted set holds."""
        return _members(self.keys.get(name))

    def named(self, beginning: str) -> dict[str, Stored]:
        """The keys whose names begin so, by the rest of the name."""
        return {
            name.removeprefix(beginning): key for name, key in self.keys.items() if name.startswith(beginning)
        }


def _members(key: Stored | None) -> list[str]:
    if key is None:
        return []
    return [member for member, _ in key.content] if key.kind == "zset" else key.content


def _kind_of(name: str) -> str:
    if name.startswith("de:"):
        return "string"
    owner, _, part = name.rpartition(":")
    return KINDS.get(name) or (KINDS_OF_PARTS.get(part) if owner else None) or "hash"


def _a_job_is_in_one_state(view: QueueView) -> Iterable[str]:
    for job_id, states in view.places.items():
        if len(states) > 1:
            yield f"{job_id} is in {' and '.join(states)}"
        if job_id not in view.jobs:
            yield f"{job_id} is in {states[0]}, but has no hash"
    for job_id in view.jobs - view.places.keys():
        yield f"{job_id} has a hash, but is nowhere"


def _what_belongs_to_a_job_goes_with_it(view: QueueView) -> Iterable[str]:
    yield from view.strange
    for part, owners in view.parts.items():
        for job_id in owners.keys() - view.jobs:
            yield f"{job_id} has {part}, but no hash"


def _only_active_jobs_are_locked(view: QueueView) -> Iterable[str]:
    for job_id, lock in view.parts["lock"].items():
        if job_id not in view.members("active"):
            yield f"{job_id} is locked, but not active"
        if lock.ttl is None:
            yield f"{job_id} is locked for ever"
    # BullMQ leaves the id of a job there that was removed while it ran.
    for job_id in (view.jobs & set(view.members("stalled"))) - set(view.members("active")):
        yield f"{job_id} may have stalled, but is not active"


def _children_are_waited_for_as_long_as_they_are_pending(view: QueueView) -> Iterable[str]:
    for job_id, children in view.parts["dependencies"].items():
        for child in children.content:
            if child not in view.keyspace:
                yield f"{job_id} waits for {child}, which is gone"
    for job_id in view.members("waiting-children"):
        if job_id not in view.parts["dependencies"]:
            yield f"{job_id} waits for children, but has none"


def _deduplication_keys_lead_to_jobs(view: QueueView) -> Iterable[str]:
    for key, owner in view.named("de:").items():
        if owner.ttl is None and owner.content not in view.jobs:
            yield f"the deduplication key {key} is held by {owner.content}, which is gone"
    for key in view.named("dn:").keys() - view.named("de:").keys():
        yield f"a duplicate is kept for the deduplication key {key}, which is free"


def _schedules_are_written_down(view: QueueView) -> Iterable[str]:
    for schedule in view.members("repeat"):
        if f"repeat:{schedule}" not in view.keys:
            yield f"the schedule {schedule} has a next time, but no hash"


def _the_marker_wakes_somebody_for_something(view: QueueView) -> Iterable[str]:
    marker = dict(view.keys["marker"].content) if "marker" in view.keys else {}
    if unknown := marker.keys() - {"0", "1"}:
        yield f"marker holds {sorted(unknown)}"
    if marker.get("0", 0.0) != 0.0:
        yield f"marker '0' has the score {marker['0']}"
    if "1" in marker and marker["1"] <= 0:
        yield f"marker '1' has the score {marker['1']}"
    if "0" in marker and "meta" in view.keys and "paused" in view.keys["meta"].content:
        yield "marker '0' calls workers to a paused queue"


def _ids_are_counted(view: QueueView) -> Iterable[str]:
    last = int(view.keys["id"].content) if "id" in view.keys else 0
    for job_id in view.jobs:
        if job_id.isdecimal() and int(job_id) > last:
            yield f"{job_id} is beyond the last id, {last}"


RULES = (
    _a_job_is_in_one_state,
    _what_belongs_to_a_job_goes_with_it,
    _only_active_jobs_are_locked,
    _children_are_waited_for_as_long_as_they_are_pending,
    _deduplication_keys_lead_to_jobs,
    _schedules_are_written_down,
    _the_marker_wakes_somebody_for_something,
    _ids_are_counted,
)
