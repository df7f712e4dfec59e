"""Numbered SQL files: applied once, in order, whoever comes first; what was applied is history."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from toril.database import Database, InvalidMigrations, MigrationChanged, MigrationFailed
from toril.database.connecting import connect
from toril.database.migrations import MigrationState, migration_status

WORDS = {
    "0001_words.sql": "CREATE TABLE words (word text)",
    "0002_more.sql": "INSERT INTO words VALUES ('one')",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, str]], str]:
    """Makes a package of SQL files of an application."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(files: dict[str, str]) -> str:
        folder = tmp_path / "shop" / "migrations"
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text)
        for known in [name for name in sys.modules if name.split(".")[0] == "shop"]:
            del sys.modules[known]
        return "shop.migrations"

    return make


async def states(url: str, package: str) -> list[tuple[str, MigrationState]]:
    async with await connect(url, name="test") as connection:
        found = await migration_status(connection, package)
    return [(each.name, each.state) for each in found if each.package == package]


async def words(database: Database) -> list[str]:
    async with database.transaction() as connection:
        return [word for [word] in await (await connection.execute("SELECT word FROM words")).fetchall()]


async def test_they_are_applied_in_order_and_once(
    database: Database, database_url: str, package: Callable[[dict[str, str]], str]
) -> None:
    shop = package(WORDS)
    assert {state for _, state in await states(database_url, shop)} == {MigrationState.PENDING}
    assert [each.name for each in await database.migrate(shop)] == list(WORDS)
    assert await database.migrate(shop) == []
    assert await words(database) == ["one"]
    assert {state for _, state in await states(database_url, shop)} == {MigrationState.APPLIED}


async def test_many_at_the_same_time_apply_each_of_them_once(
    database_url: str, package: Callable[[dict[str, str]], str]
) -> None:
    shop = package(WORDS)

    async def migrate() -> int:
        async with Database.connect(database_url) as database:
            return len(await database.migrate(shop))

    applied = await asyncio.gather(*[migrate() for _ in range(8)])
    assert sum(applied) == 3  # and the outbox
    async with Database.connect(database_url) as database:
        assert await words(database) == ["one"]


async def test_one_that_fails_leaves_nothing_of_itself_and_keeps_those_before_it(
    database: Database, database_url: str, package: Callable[[dict[str, str]], str]
) -> None:
    broken = "INSERT INTO words VALUES ('two'); SELECT no_such_column"
    shop = package({**WORDS, "0003_broken.sql": broken})
    with pytest.raises(
        MigrationFailed, match=r"0003_broken.sql of shop.migrations was not applied.*no_such_column"
    ):
        await database.migrate(shop)
    assert await words(database) == ["one"]
    shop = package({"0003_broken.sql": "INSERT INTO words VALUES ('two')"})
    assert [each.number for each in await database.migrate(shop)] == [3]
    assert await words(database) == ["one", "two"]


async def test_a_file_that_was_changed_after_it_was_applied_is_refused(
    database: Database, database_url: str, package: Callable[[dict[str, str]], str]
) -> None:
    shop = package(WORDS)
    await database.migrate(shop)
    shop = package({"0001_words.sql": "CREATE TABLE words (word varchar)", "0003_new.sql": "SELECT 1"})
    with pytest.raises(MigrationChanged, match="has been changed since"):
        await database.migrate(shop)
    assert await states(database_url, shop) == [
        ("0001_words.sql", MigrationState.CHANGED),
        ("0002_more.sql", MigrationState.APPLIED),
        ("0003_new.sql", MigrationState.PENDING),
    ]


async def test_other_line_ends_are_no_change(
    database: Database, package: Callable[[dict[str, str]], str]
) -> None:
    await database.migrate(package({"0001_words.sql": "CREATE TABLE words\n(word text)"}))
    assert await database.migrate(package({"0001_words.sql": "CREATE TABLE words\r\n(word text)"})) == []


async def test_what_a_newer_release_has_applied_stops_nobody(
    database: Database, database_url: str, package: Callable[[dict[str, str]], str], tmp_path: Path
) -> None:
    shop = package(WORDS)
    await database.migrate(shop)
    (tmp_path / "shop" / "migrations" / "0002_more.sql").unlink()
    assert await database.migrate(shop) == []
    assert await states(database_url, shop) == [
        ("0001_words.sql", MigrationState.APPLIED),
        ("0002_more.sql", MigrationState.UNKNOWN),
    ]


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"0001_a.sql": "", "0003_b.sql": ""}, "0003_b.sql stands where 0002_words.sql is wanted"),
        ({"0001_a.sql": "", "0001_b.sql": ""}, "0001_b.sql stands where 0002_words.sql is wanted"),
        ({"first.sql": ""}, "first.sql stands where 0001_words.sql is wanted"),
        ({"readme.txt": ""}, "no SQL files"),
    ],
)
async def test_files_that_are_no_row_of_numbers_are_refused_and_nothing_is_applied(
    database: Database, package: Callable[[dict[str, str]], str], files: dict[str, str], fault: str
) -> None:
    with pytest.raises(InvalidMigrations, match=fault):
        await database.migrate(package(files))


async def test_a_package_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(InvalidMigrations, match="no_such_package"):
        await database.migrate("no_such_package")
