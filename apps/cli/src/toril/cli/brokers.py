"""Which broker a command talks to."""

import logging
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager

from toril.bull.broker_url import URL_VARIABLE, broker_url
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.cli.errors import NoBroker
from toril.embedded import default_data_folder

CLIENT_NAME = "toril-cli"

_log = logging.getLogger("toril.cli")


@contextmanager
def working_broker(url: str | None) -> Generator[str]:
    """The URL of the broker to work with, as `broker_url` finds it; an embedded one is told of."""
    if not _named(url):
        data = str(default_data_folder().absolute())
        _log.info("no URL is given: using the embedded broker", extra={"data": data})
    with broker_url(url) as known:
        yield known


@asynccontextmanager
async def reading(url: str | None) -> AsyncGenerator[Connection]:
    """A connection for a command that only reads: it starts no broker.

    Args:
        url: by default TORIL_REDIS_URL, else that of the broker which runs in the data folder.

    Raises:
        NoBroker: there is none.
        BrokerUnavailable: it does not answer.
    """
    async with await Connection.open(running_broker(url), client_name=CLIENT_NAME) as connection:
        yield connection


def running_broker(url: str | None) -> str:
    """The URL of the broker to read from; see `reading`.

    Raises:
        NoBroker: there is none.
    """
    data = default_data_folder()
    known = _named(url) or EmbeddedBroker.running(data)
    if known is None:
        raise NoBroker(str(data.absolute()))
    return known


def _named(url: str | None) -> str | None:
    return url or os.environ.get(URL_VARIABLE)
