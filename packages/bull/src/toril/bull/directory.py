"""Which queues there are."""

import re
import time
from typing import NamedTuple

from toril.bull.codec import text
from toril.bull.connection import Connection
from toril.bull.keys import DEFAULT_PREFIX

KEYS_A_CALL = 2_000
_GLOB = re.compile(r"([*?\[\]\\^])")


def literally(words: str) -> str:
    """A glob pattern that matches these words alone."""
    return _GLOB.sub(r"\\\1", words)


class QueueNames(NamedTuple):
    """The names, sorted. Not `complete`: there were too many keys to look at all of them."""

    names: list[str]
    complete: bool


async def find_queues(
    connection: Connection, *, prefix: str = DEFAULT_PREFIX, most: int = 1_000, within: float = 10.0
) -> QueueNames:
    """The queues below a prefix, found by their keys: `meta`, which BullMQ's queues have, or `id`, which also
    the queues of its forerunners have.

    Args:
        most: look no further when so many are found.
        within: or when so many seconds are over: the whole key space is walked, a few thousand keys a call,
            on every server of a cluster.

    Raises:
        BrokerUnavailable: Redis did not answer.
    """
    deadline = time.monotonic() + within
    pattern = literally(prefix) + ":*:[mi][ed]*"
    found: set[str] = set()
    for node in await connection.nodes():
        cursor: bytes | int = 0
        ended = False
        while not ended:
            if len(found) >= most or time.monotonic() > deadline:
                return QueueNames(sorted(found)[:most], complete=False)
            cursor, keys = await node.execute("SCAN", cursor, "MATCH", pattern, "COUNT", KEYS_A_CALL)
            ended = int(cursor) == 0
            for key in keys:
                queue, _, last = text(key).removeprefix(f"{prefix}:").rpartition(":")
                # A ":" belongs to no queue's name: such a key is a job's or a schedule's.
                if queue and ":" not in queue and last in ("meta", "id"):
                    found.add(queue)
    return QueueNames(sorted(found)[:most], complete=len(found) <= most)
