"""Agents have no database: what a walled-off worker's process holds, and what handlers meet when they try."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import cast

import pytest

from toril.backend import JobFailed, QueueService
from toril.cli.dev import WorkerProcess
from toril.cli.dev.commands import worker_command
from toril.cli.dev.environments import walled_off_python
from toril.cli.errors import EnvironmentFailed

pytestmark = pytest.mark.timeout(120)

ROOT = Path(__file__).parents[2]
SPY = """
import importlib
import os
from importlib.metadata import distributions

from toril.jobs import Job, Queue
from toril.worker import Handlers, Unrecoverable

handlers = Handlers()


class Spy(Job[list[str]], queue=Queue("spies"), name="spy"):
    on: str


@handlers.handles(Spy)
async def spy(job, context):
    if job.on == "variables":
        return sorted(os.environ)
    if job.on == "distributions":
        return sorted(each.name for each in distributions())
    if job.on == "DATABASE_URL":
        return [os.environ["DATABASE_URL"]]
    importlib.import_module(job.on)
    return ["it is there"]


class SpyInChild(Job[list[str]], queue=Queue("spies"), name="spy-in-child"):
    on: str


@handlers.handles(SpyInChild, runs_in="process")
def spy_in_child(job, context):
    importlib.import_module(job.on)
    return ["it is there"]
"""
DATABASES = {
    "TORIL_DATABASE_URL": "postgresql://ana:secret@db/library",
    "DATABASE_URL": "postgresql://ana:secret@db/library",
    "PGPASSWORD": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


@pytest.fixture
def walled_off_worker(url: str, folder: Path) -> Iterator[None]:
    """A worker that was started where everything is known of the database."""
    (folder / "spy.py").write_text(SPY)
    command = worker_command(
        "spies",
        WorkerProcess("spy:handlers", group="library-agents", variables=["OPENAI_API_KEY"]),
        project=ROOT,
        variables={**os.environ, **DATABASES, "TORIL_REDIS_URL": url, "OPENAI_API_KEY": "key"},
    )
    worker = subprocess.Popen(command.words, cwd=folder, env=command.environment, stdin=subprocess.PIPE)
    try:
        yield
    finally:
        worker.communicate()  # closes its stdin, by which it ends
    assert worker.returncode == 0


@pytest.fixture
async def spies(walled_off_worker: None, url: str) -> AsyncIterator[QueueService]:
    """A producer beside the worker."""
    async with QueueService.connect(url) as queues:
        yield queues


async def found(spies: QueueService, on: str, spy: str = "spy") -> list[str]:
    handle = await spies.enqueue_raw("spies", spy, {"on": on})
    return cast("list[str]", await handle.result(timeout=60))


async def test_its_environment_holds_its_own_distribution_and_what_the_agents_need(spies: QueueService):
    installed = await found(spies, "distributions")

    ours = [name for name in installed if name.startswith("toril")]
    assert ours == ["toril-bull", "toril-embedded", "toril-jobs", "toril-types", "toril-worker"]
    assert "wordllama" in installed
    assert not {"psycopg", "asyncpg", "SQLAlchemy", "pgvector"} & set(installed)


async def test_it_is_given_no_variable_of_a_database_and_no_other_secret(spies: QueueService):
    given = await found(spies, "variables")

    assert not set(DATABASES) & set(given)
    assert {"PATH", "TORIL_REDIS_URL", "OPENAI_API_KEY"} <= set(given)


@pytest.mark.parametrize("spy", ["spy", "spy-in-child"])
@pytest.mark.parametrize("module", ["toril.database", "psycopg"])
async def test_a_handler_that_imports_a_driver_is_told_what_to_do_instead(
    spies: QueueService, module: str, spy: str
):
    with pytest.raises(JobFailed, match=f"'{module}' is out of reach: this worker has no database"):
        await found(spies, module, spy)


async def test_a_handler_that_looks_for_the_databases_address_finds_none(spies: QueueService):
    with pytest.raises(JobFailed, match="DATABASE_URL"):
        await found(spies, "DATABASE_URL")


async def test_the_trusted_side_is_not_there_either(spies: QueueService):
    with pytest.raises(JobFailed, match=r"No module named 'toril\.backend'"):
        await found(spies, "toril.backend")


def test_an_environment_that_cannot_be_made_is_a_clear_error():
    with pytest.raises(EnvironmentFailed, match="dependency group 'nobody'"):
        walled_off_python(ROOT, "nobody")
