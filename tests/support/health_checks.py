"""Asking a process how it is doing, over HTTP."""

import asyncio
import re
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple, Protocol

from support.waiting import eventually


class Told(NamedTuple):
    """An answer; the status is 0 if there was none."""

    status: int
    content_type: str
    body: str


class Logs(Protocol):
    """A process whose log can be read."""

    @property
    def log(self) -> str: ...


async def port_of(process: Logs) -> int:
    """The port on which it says that it answers."""
    found = await eventually(lambda: re.search(r"answering health checks.*port=(\d+)", process.log))
    assert isinstance(found, re.Match)
    return int(found[1])


def ask(port: int, path: str, method: str = "GET") -> Told:
    """What is answered within 20 s."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Told(response.status, response.headers["Content-Type"] or "", response.read().decode())
    except (OSError, HTTPException):
        return Told(0, "", "")
    finally:
        connection.close()


async def get(port: int, path: str, method: str = "GET") -> Told:
    """The same, while the event loop goes on."""
    return await asyncio.to_thread(ask, port, path, method)


async def is_ready(port: int) -> bool:
    """Whether it says that it consumes."""
    return (await get(port, "/readyz")).status == 200
