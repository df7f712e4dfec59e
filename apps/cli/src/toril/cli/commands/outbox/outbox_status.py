"""`toril outbox status`: what waits, for how long, and what could not be relayed."""

from typing import Any

from toril.cli.database_options import DatabaseUrl
from toril.cli.databases import reading_database
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Verbose
from toril.cli.output import ago, print_fields, print_json, print_table, span
from toril.cli.reporting import reported
from toril.database import OutboxMissing
from toril.database.outbox import OutboxStatus, OutboxTable, SetAside


@reported
def outbox_status(
    database_url: DatabaseUrl = None, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """Show how many rows wait to be relayed.

    Also for how long the oldest has waited, and which could not be relayed.
    """
    status, rows = run(_read(database_url))
    if as_json:
        print_json(_as_json(status, rows))
        return
    print_fields(
        {
            "waiting": str(status.waiting),
            "oldest": span(status.oldest) if status.waiting else "-",
            "set aside": str(status.set_aside),
            "relay": "at work" if status.is_led else "none",
        }
    )
    if rows:
        print_table(["row", "queue", "added", "reason"], [_row(row) for row in rows])


async def _read(url: str | None) -> tuple[OutboxStatus, list[SetAside]]:
    async with reading_database(url) as connection:
        table = OutboxTable(connection)
        if not await table.exists():
            raise OutboxMissing
        return await table.status(), await table.rows_set_aside()


def _as_json(status: OutboxStatus, rows: list[SetAside]) -> dict[str, Any]:
    counted = status._asdict() | {"oldest": round(status.oldest, 3)}
    return counted | {"rows_set_aside": [row.as_json() for row in rows]}


def _row(row: SetAside) -> list[str | int]:
    return [row.id, row.queue, ago(row.added_at), row.reason]
