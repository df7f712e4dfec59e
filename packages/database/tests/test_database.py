"""The pool: bounded, and clear about what is wrong."""

from pathlib import Path

import psycopg
import pytest

from toril.database import Database, DatabaseUnavailable, EmbeddedPostgres, InvalidDatabaseURL

SECRET = "s3cret"  # noqa: S105 - of nobody


async def test_a_transaction_is_committed_at_its_end_and_rolled_back_by_an_error(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    with pytest.raises(psycopg.errors.DivisionByZero):
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO kept VALUES (2), (1 / 0)")
    async with database.transaction() as connection:
        assert await (await connection.execute("SELECT number FROM kept")).fetchall() == [(1,)]


async def test_nobody_waits_for_a_connection_longer_than_the_timeout(database_url: str) -> None:
    async with Database.connect(database_url, max_connections=1, timeout=0.1) as database:
        async with database.transaction():
            with pytest.raises(DatabaseUnavailable, match="no connection is free"):
                async with database.transaction():
                    pass


async def test_a_server_that_is_not_there_is_an_error_without_the_password() -> None:
    url = f"postgresql://ana:{SECRET}@127.0.0.1:1/shop"
    with pytest.raises(DatabaseUnavailable, match=r"127.0.0.1:1/shop is not available.*refused") as refusal:
        async with Database.connect(url):
            pass
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    "url", [f"mysql://ana:{SECRET}@host/shop", f"postgresql://ana:{SECRET}@host/shop?no_such_option=1"]
)
async def test_a_url_that_is_none_is_an_error_without_the_password(url: str) -> None:
    with pytest.raises(InvalidDatabaseURL) as refusal:
        async with Database.connect(url):
            pass
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None


async def test_a_database_that_was_not_opened_says_so(database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="not open"):
        async with Database.connect(database_url).transaction():
            pass


async def test_the_pool_comes_back_after_the_server_was_killed_and_restarted(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        async with Database.connect(server.url, timeout=20.0) as database:
            async with database.transaction():
                pass
            server.stop()
            server.start()
            async with database.transaction() as connection:
                await connection.execute("SELECT 1")
