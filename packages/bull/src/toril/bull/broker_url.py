"""Where Redis is, for a process that was not told."""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import EmbeddedBrokerFailed
from toril.embedded import default_data_folder, joined_or_started

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
    with ExitStack() as stack:
        yield url or os.environ.get(URL_VARIABLE) or _embedded_url(data or default_data_folder(), stack)


def _embedded_url(data: Path, stack: ExitStack) -> str:
    return joined_or_started(
        lambda: EmbeddedBroker.running(data),
        lambda: stack.enter_context(EmbeddedBroker(data)).url,
        EmbeddedBrokerFailed,
    )
