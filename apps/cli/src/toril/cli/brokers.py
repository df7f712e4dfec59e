"""Which broker a command talks to."""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from toril.bull.broker_url import URL_VARIABLE
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker, default_data_folder
from toril.cli.errors import NoBroker

CLIENT_NAME = "toril-cli"


@asynccontextmanager
async def reading(url: str | None) -> AsyncGenerator[Connection]:
    """A connection for a command that only reads: it starts no broker.

    Args:
        url: by default TORIL_REDIS_URL, else that of the broker which runs in the data folder.

    Raises:
        NoBroker: there is none.
        BrokerUnavailable: it does not answer.
    """
    data = default_data_folder()
    known = url or os.environ.get(URL_VARIABLE) or EmbeddedBroker.running(data)
    if known is None:
        raise NoBroker(str(data.absolute()))
    async with await Connection.open(known, client_name=CLIENT_NAME) as connection:
        yield connection
