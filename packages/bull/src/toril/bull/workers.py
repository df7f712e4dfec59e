"""Which workers are connected to a queue, by the names of their connections (bullmq-protocol §1)."""

import base64
from dataclasses import dataclass

from toril.bull.codec import text
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys


@dataclass(frozen=True, slots=True)
class WorkerPresence:
    """A worker's connection, as the server sees it. `name` is None for a worker without one."""

    name: str | None
    address: str
    age: float


def worker_client_name(keys: QueueKeys, worker_name: str | None) -> str:
    """The name of a worker's one blocking connection, by which BullMQ counts workers."""
    plain = _plain_client_name(keys)
    return plain if worker_name is None else f"{plain}:w:{worker_name}"


async def find_workers(connection: Connection, keys: QueueKeys) -> list[WorkerPresence]:
    """The workers connected to a queue now, Node's and ours.

    Raises:
        BrokerUnavailable: Redis did not answer.
    """
    plain = _plain_client_name(keys)
    found: list[WorkerPresence] = []
    # Of a cluster, they all wait at the server that holds the queue; some clients connect to others too.
    node = await connection.node(keys.meta)
    for line in text(await node.execute("CLIENT", "LIST")).splitlines():
        fields = {name: value for name, _, value in (field.partition("=") for field in line.split(" "))}
        name = fields.get("name", "")
        if name == plain or name.startswith(f"{plain}:w:"):
            worker = name.removeprefix(plain).removeprefix(":w:")
            found.append(WorkerPresence(worker or None, fields.get("addr", ""), float(fields.get("age", 0))))
    return found


def event_client_name(keys: QueueKeys) -> str:
    """The name of a connection that follows a queue's events."""
    return f"{_plain_client_name(keys)}:qe"


def _plain_client_name(keys: QueueKeys) -> str:
    return f"{keys.prefix}:{base64.b64encode(keys.queue.encode()).decode()}"
