"""Events of one's own in a queue's stream, beside those of its jobs."""

from collections.abc import Mapping

from toril.bull.codec import encode_text, text
from toril.bull.codec.fields import JOB_ID
from toril.bull.connection import Connection
from toril.bull.errors import InvalidEvent
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load
from toril.types import EventKind

MOST_FIELDS = 100
MOST_BYTES = 65_536
# Node emits an event under its name: without a listener an "error" would end the process that reads it.
_TAKEN = {kind.value for kind in EventKind} | {"error"}
_OURS = ("event", JOB_ID)


async def publish_event(
    connection: Connection,
    keys: QueueKeys,
    name: str,
    fields: Mapping[str, str] | None = None,
    *,
    job_id: str | None = None,
) -> str:
    """Adds an event to the queue's stream, which stays as long as the queue says; answers with its id.

    Args:
        name: a word of one's own; a feed tells it as `JobEvent.name`, Node emits it.
        fields: what the event says, at most 100 fields and 64 KiB.
        job_id: the job that it is about, if it is about one.

    Raises:
        InvalidEvent: the name is empty or BullMQ's own, or the fields are too many or too large.
        BrokerUnavailable: Redis did not answer; the event may have been added.
    """
    told = dict(fields or {})
    _check(name, told)
    if job_id is not None:
        told[JOB_ID] = job_id
    arguments = [name, *(word for pair in told.items() for word in pair)]
    encoded = [encode_text(argument) for argument in arguments]
    if sum(map(len, encoded)) > MOST_BYTES:
        raise InvalidEvent(name, f"it has more than {MOST_BYTES:,} bytes; store them, and say where")
    return text(await connection.run(load("steering/publish_event"), [keys.meta], encoded))


def _check(name: str, fields: Mapping[str, str]) -> None:
    if not name:
        raise InvalidEvent(name, "it needs a name")
    if name in _TAKEN:
        raise InvalidEvent(name, "BullMQ gives this name a meaning of its own")
    if len(fields) > MOST_FIELDS:
        raise InvalidEvent(name, f"it has more than {MOST_FIELDS} fields")
    for taken in _OURS:
        if taken in fields:
            raise InvalidEvent(name, f"the field {taken!r} says what the event is, and about which job")
