"""`toril database` and `toril outbox`, on a database of the test's own."""

import asyncio
import json
from pathlib import Path

import pytest

from support.command_line import Toril
from support.jobs import Paint
from support.outboxes import outbox_connection
from toril.database import outbox
from toril.database.outbox import OutboxTable


@pytest.fixture
def on_database(bare_toril: Toril, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Toril:
    """The command, told by the environment where the database is."""
    monkeypatch.setenv("TORIL_DATABASE_URL", database_url)
    return bare_toril


@pytest.fixture
def package(folder: Path) -> str:
    """An application's migrations in the current folder, with no Python in it."""
    (folder / "shop" / "migrations").mkdir(parents=True)
    (folder / "shop" / "migrations" / "0001_words.sql").write_text("CREATE TABLE words (word text)")
    return "shop.migrations"


async def commit_and_set_one_aside(url: str) -> str:
    """Two rows, one of which was set aside: its id."""
    async with outbox_connection(url) as connection:
        await outbox.enqueue(connection, Paint(colour="red"))
        await outbox.enqueue(connection, Paint(colour="green"))
        table = OutboxTable(connection)
        row, _ = await table.pending(10, 10**6)
        await table.set_aside(row.position, "no such colour")
        return row.id


def test_migrations_are_applied_once_and_their_status_is_told(on_database: Toril, package: str) -> None:
    pending = on_database("database", "status", package, "--json")
    assert [json.loads(line)["state"] for line in pending.stdout.splitlines()] == ["pending", "pending"]

    applied = on_database("database", "migrate", package)
    again = on_database("database", "migrate", package)
    status = on_database("database", "status", package)

    assert applied.stdout == (
        "PACKAGE\tAPPLIED\ntoril.database.sql\t0001_outbox.sql\nshop.migrations\t0001_words.sql\n"
    )
    assert (again.exit_code, again.stdout) == (0, "")
    assert "everything is applied already" in again.stderr
    assert [line.split("\t")[2] for line in status.stdout.splitlines()] == ["STATE", "applied", "applied"]


def test_a_file_that_was_changed_is_an_error(on_database: Toril, package: str, folder: Path) -> None:
    on_database("database", "migrate", package)
    (folder / "shop" / "migrations" / "0001_words.sql").write_text("CREATE TABLE words (word varchar)")

    refused = on_database("database", "migrate", package)

    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: 0001_words.sql of shop.migrations was applied")


@pytest.mark.parametrize("package", ["shop.nowhere", "no/package"])
def test_a_package_that_is_not_there_is_named(on_database: Toril, package: str) -> None:
    refused = on_database("database", "migrate", package)

    assert refused.exit_code == 2
    assert refused.stderr.startswith(f"error: {package}: ")


@pytest.mark.parametrize("command", [["database", "status"], ["outbox", "status"], ["outbox", "retry"]])
def test_where_no_database_runs_reading_says_what_to_do(
    bare_toril: Toril, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    monkeypatch.delenv("TORIL_DATABASE_URL", raising=False)

    refused = bare_toril(*command)

    assert refused.exit_code == 9
    assert "toril database run" in refused.stderr


def test_a_database_that_is_gone_is_an_error_without_its_password(bare_toril: Toril) -> None:
    url = "postgresql://ana:s3cret@127.0.0.1:1/shop"

    refused = bare_toril("outbox", "status", "--database-url", url, "--verbose")

    assert refused.exit_code == 9
    assert "PostgreSQL at 127.0.0.1:1/shop is not available" in refused.stderr
    assert "s3cret" not in refused.stderr


def test_a_database_without_an_outbox_says_what_to_do(on_database: Toril) -> None:
    refused = on_database("outbox", "status")

    assert refused.exit_code == 9
    assert "toril database migrate" in refused.stderr


def test_the_status_tells_what_waits_and_what_was_set_aside(on_database: Toril, database_url: str) -> None:
    row_id = asyncio.run(commit_and_set_one_aside(database_url))

    told = json.loads(on_database("outbox", "status", "--json").stdout)
    shown = on_database("outbox", "status").stdout

    assert (told["waiting"], told["set_aside"], told["is_led"]) == (1, 1, False)
    assert told["oldest"] > 0
    assert [(row["id"], row["reason"]) for row in told["rows_set_aside"]] == [(row_id, "no such colour")]
    assert f"{row_id}\tpaint" in shown
    assert "relay      none" in shown


def test_rows_that_were_set_aside_can_be_relayed_again(on_database: Toril, database_url: str) -> None:
    row_id = asyncio.run(commit_and_set_one_aside(database_url))

    assert on_database("outbox", "retry", "no-such-row").stdout == "0 rows are to be relayed again\n"
    assert on_database("outbox", "retry", row_id).stdout == "1 rows are to be relayed again\n"
    assert json.loads(on_database("outbox", "status", "--json").stdout)["waiting"] == 2
