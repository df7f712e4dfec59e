"""What a queue of BullMQ's left in the broker."""

from collections import Counter
from typing import NamedTuple

from support.invariants import QueueView, broken_rules
from support.keyspace import snapshot_of
from toril.bull.thread_connection import ThreadConnection

QUEUE, PREFIX = "chaos", "bull"
UNFINISHED = {"wait": "LLEN", "active": "LLEN", "paused": "LLEN", "delayed": "ZCARD", "prioritized": "ZCARD"}


class Leftovers(NamedTuple):
    """A queue once nobody works on it any more.

    Attributes:
        states: how many jobs are in each state.
        given_up: those that failed because they had lost their worker too often.
        failed: the reasons of all other failures.
        stalls: how often each job lost its lock, by its number.
        starts: how often each job was started, by its number.
        broken: the rules of BullMQ's keyspace that do not hold.
    """

    states: Counter[str]
    given_up: set[int]
    failed: list[str]
    stalls: dict[int, int]
    starts: dict[int, int]
    broken: list[str]


def unfinished(url: str) -> int:
    """How many jobs wait, run or are put off."""
    with ThreadConnection.open(url, client_name="chaos") as connection:
        return sum(connection.execute(count, _key(state)) for state, count in UNFINISHED.items())


def leftovers(url: str) -> Leftovers:
    """What the queue holds."""
    keyspace = snapshot_of(url, PREFIX)
    view = QueueView(keyspace, QUEUE)
    jobs = {_number(job_id): view.keys[job_id].content for job_id in view.jobs}
    reasons = {number: fields["failedReason"] for number, fields in jobs.items() if "failedReason" in fields}
    given_up = {number for number, reason in reasons.items() if "stalled more than" in reason}
    return Leftovers(
        states=Counter(state for states in view.places.values() for state in states),
        given_up=given_up,
        failed=[reason for number, reason in reasons.items() if number not in given_up],
        stalls={number: int(fields.get("stc", 0)) for number, fields in jobs.items()},
        starts={number: int(fields.get("ats", 0)) for number, fields in jobs.items()},
        broken=broken_rules(keyspace, QUEUE),
    )


def _key(state: str) -> str:
    return f"{PREFIX}:{QUEUE}:{state}"


def _number(job_id: str) -> int:
    return int(job_id.rpartition("-")[2])
