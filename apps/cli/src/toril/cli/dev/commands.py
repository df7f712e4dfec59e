"""How each process of an application is started."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import TypeAdapter

from toril.bull.broker_url import URL_VARIABLE
from toril.cli.dev.application import WorkerProcess
from toril.cli.dev.environments import walled_off_python, walled_off_variables
from toril.cli.kept_process import Command
from toril.worker import WorkerSettings
from toril.worker.process.shutdown import ENDS_WITHIN

KILLED_AFTER = 5.0  # what a process gets beyond the time within which it ends itself
SERVER_ENDS_WITHIN = 20.0
_SETTINGS = TypeAdapter(WorkerSettings)


def broker_command(data: Path) -> Command:
    """The embedded broker of a data folder."""
    return leashed("broker", "toril.cli", "broker", "--data", str(data), environment=os.environ)


def postgres_command(data: Path) -> Command:
    """The embedded PostgreSQL of a data folder."""
    return leashed("postgres", "toril.cli", "database", "run", "--data", str(data), environment=os.environ)


def outbox_command(variables: Mapping[str, str]) -> Command:
    """The relay that moves committed jobs to Redis."""
    return leashed("outbox", "toril.cli", "outbox", environment=variables)


def gateway_command(contracts: Sequence[str], port: int, variables: Mapping[str, str]) -> Command:
    """The HTTP gateway to the jobs of some contracts."""
    return leashed("gateway", "toril.cli", "backend", *contracts, f"--port={port}", environment=variables)


def web_command(web: str, port: int, variables: Mapping[str, str]) -> Command:
    """An ASGI application. Streams that are open do not hold up its end."""
    options = ["--host=127.0.0.1", f"--port={port}", "--timeout-graceful-shutdown=3"]
    return leashed("web", "uvicorn", web, *options, environment=variables)


def worker_command(
    name: str, worker: WorkerProcess, *, project: Path, variables: Mapping[str, str]
) -> Command:
    """A worker; its environment is made if it has one of its own.

    Args:
        project: the folder of `pyproject.toml`.
        variables: those of the trusted side, with the addresses of what it works with.

    Raises:
        EnvironmentFailed: its environment cannot be made.
    """
    python, wall = Path(sys.executable), list[str]()
    if worker.group is not None:
        python, wall = walled_off_python(project, worker.group), ["--no-database"]
        variables = walled_off_variables(python, [URL_VARIABLE, *worker.variables], variables)
    queues = [f"--queue={queue}" for queue in worker.queues]
    settings = f"--settings={_SETTINGS.dump_json(worker.settings).decode()}"
    return Command(
        name=name,
        # -P: a queue.py in the current folder is not Python's.
        words=[
            str(python),
            "-P",
            "-m",
            "toril.worker",
            worker.handlers,
            "--supervised",
            settings,
            *queues,
            *wall,
        ],
        environment=variables,
        ends_within=worker.settings.grace + ENDS_WITHIN + KILLED_AFTER,
    )


def leashed(name: str, module: str, *arguments: str, environment: Mapping[str, str]) -> Command:
    """A module's program that ends with its supervisor."""
    return Command(
        name=name,
        words=[sys.executable, "-P", "-m", "toril.cli.dev.leashed", module, *arguments],
        environment=environment,
        ends_within=SERVER_ENDS_WITHIN,
    )
