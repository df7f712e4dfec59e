"""The wall: what leads to a database is refused by name."""

import subprocess
import sys

import pytest

from toril.worker import DatabaseInReach
from toril.worker.process.wall import DRIVERS, build_wall, names_a_database


@pytest.mark.parametrize(
    "variable",
    [
        "TORIL_DATABASE_URL",
        "DATABASE_URL",
        "SQLALCHEMY_DATABASE_URI",
        "PGHOST",
        "PGPASSWORD",
        "POSTGRES_PASSWORD",
    ],
)
def test_a_variable_that_leads_to_a_database_is_known(variable: str):
    assert names_a_database(variable)


@pytest.mark.parametrize("variable", ["TORIL_REDIS_URL", "PATH", "PAGER", "PG", "OPENAI_API_KEY"])
def test_others_are_let_through(variable: str):
    assert not names_a_database(variable)


def test_a_worker_that_could_reach_a_database_does_not_start_and_names_no_value(
    monkeypatch: pytest.MonkeyPatch,
):
    for driver in DRIVERS:  # what other tests of this process have loaded
        monkeypatch.delitem(sys.modules, driver, raising=False)
    with pytest.raises(DatabaseInReach) as refused:
        build_wall({"PATH": "/bin", "DATABASE_URL": "postgresql://ana:secret@db/library"})

    assert refused.value.found == ("DATABASE_URL",)
    assert "secret" not in str(refused.value)


def behind_the_wall(statement: str) -> subprocess.CompletedProcess[str]:
    program = f"from toril.worker.process.wall import build_wall; build_wall({{}}); {statement}"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["toril.database", "psycopg", "asyncpg", "sqlalchemy"])
def test_an_import_of_a_driver_says_what_to_do_instead(module: str):
    refused = behind_the_wall(f"import {module}")

    assert refused.returncode == 1
    assert f"DatabaseRefused: '{module}' is out of reach: this worker has no database." in refused.stderr


def test_what_can_do_without_a_driver_finds_it_missing():
    program = "\ntry:\n    import psycopg\nexcept ImportError:\n    print('goes on')"

    assert behind_the_wall(program).stdout == "goes on\n"


def test_a_driver_that_is_loaded_already_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "psycopg", sys)

    with pytest.raises(DatabaseInReach, match="psycopg"):
        build_wall({})
