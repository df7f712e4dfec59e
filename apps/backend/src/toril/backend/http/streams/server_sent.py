"""Events as a browser's EventSource reads them."""

import re

from pydantic import BaseModel

HEARTBEAT = b": nothing new\n\n"
RECONNECT_AFTER = b"retry: 2000\n\n"
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)


def server_sent(name: str, data: BaseModel, *, event_id: str | None = None) -> bytes:
    """One event. A name that could not stand on a line of its own is told as `unknown`."""
    lines = [] if event_id is None else [f"id: {event_id}"]
    lines.append(f"event: {name if _NAME.fullmatch(name) else 'unknown'}")
    # JSON holds no line end, so that it is one line.
    lines.append(f"data: {data.model_dump_json(exclude_none=True)}")
    return "\n".join((*lines, "", "")).encode()


def set_id(event_id: str) -> bytes:
    """No event, but after it a client that comes back says this id."""
    return f"id: {event_id}\n\n".encode()
