"""Where Redis is, for a process that was not told."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from toril.bull.embedded import EmbeddedBroker, default_data_folder

URL_VARIABLE = "TORIL_REDIS_URL"


@contextmanager
def broker_url(url: str | None = None, *, data: Path | None = None) -> Generator[str]:
    """The URL given, else TORIL_REDIS_URL, else that of the embedded broker of the data folder.

    A broker that lives there already is joined; otherwise one is started, and stopped at the end.

    Args:
        data: the embedded broker's folder; by default TORIL_DATA, else `.toril` in the current folder.

    Raises:
        EmbeddedBrokerFailed: the broker did not start.
    """
    known = url or os.environ.get(URL_VARIABLE) or EmbeddedBroker.running(data or default_data_folder())
    if known:
        yield known
        return
    with EmbeddedBroker(data or default_data_folder()) as broker:
        yield broker.url
