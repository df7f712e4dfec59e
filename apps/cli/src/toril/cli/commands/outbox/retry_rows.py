"""`toril outbox retry`: let rows be relayed that were set aside."""

from collections.abc import Sequence
from typing import Annotated

import typer

from toril.cli.database_options import DatabaseUrl
from toril.cli.databases import reading_database
from toril.cli.event_loop import run
from toril.cli.options import Verbose
from toril.cli.output import print_line
from toril.cli.reporting import reported
from toril.database import OutboxMissing
from toril.database.outbox import OutboxTable


@reported
def retry_rows(
    rows: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROW]…", show_default=False, help="Rows, as `status` names them; or all."),
    ] = None,
    database_url: DatabaseUrl = None,
    verbose: Verbose = False,
) -> None:
    """Have rows relayed that were set aside.

    Do so once what stood in their way is mended.
    """
    count = run(_retry(database_url, rows or None))
    print_line(f"{count} rows are to be relayed again")


async def _retry(url: str | None, rows: Sequence[str] | None) -> int:
    async with reading_database(url) as connection:
        table = OutboxTable(connection)
        if not await table.exists():
            raise OutboxMissing
        return await table.retry(rows)
