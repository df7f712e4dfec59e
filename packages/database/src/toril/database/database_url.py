"""Where PostgreSQL is, for a process that was not told."""

import os
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from toril.database.embedded import EmbeddedPostgres
from toril.database.errors import EmbeddedPostgresFailed
from toril.embedded import default_data_folder, joined_or_started

URL_VARIABLE = "TORIL_DATABASE_URL"


@contextmanager
def database_url(url: str | None = None, *, data: Path | None = None) -> Generator[str]:
    """The URL given, else TORIL_DATABASE_URL, else that of the embedded PostgreSQL of the data folder.

    One that lives there already is joined; otherwise one is started, and stopped at the end.

    Args:
        data: the embedded PostgreSQL's folder; by default TORIL_DATA, else `.toril` in the current folder.

    Raises:
        EmbeddedPostgresFailed: it did not start.
    """
    with ExitStack() as stack:
        yield url or os.environ.get(URL_VARIABLE) or _embedded_url(data or default_data_folder(), stack)


def _embedded_url(data: Path, stack: ExitStack) -> str:
    return joined_or_started(
        lambda: EmbeddedPostgres.running(data),
        lambda: stack.enter_context(EmbeddedPostgres(data)).url,
        EmbeddedPostgresFailed,
    )
