"""Answering health checks for the workers of this process."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import structlog

from toril.worker.monitoring.answers import HealthSource, WorkersHealth
from toril.worker.monitoring.server import HealthServer
from toril.worker.worker import Worker

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.worker")


@contextmanager
def telling_of_workers(
    workers: Sequence[Worker], *, host: str, port: int | None, path: Path | None = None
) -> Generator[None]:
    """Answers health checks for the workers of this process: to its supervisor at a path, or else at a port.

    Raises:
        HealthServerFailed: the address is taken, or none of this machine's.
    """
    if path is not None:
        with HealthServer(WorkersHealth(workers), path=path):
            yield
    elif port is not None:
        with answering(WorkersHealth(workers), host=host, port=port):
            yield
    else:
        yield


@contextmanager
def answering(source: HealthSource, *, host: str, port: int) -> Generator[None]:
    """Answers health checks on a port, and says on which.

    Raises:
        HealthServerFailed: the address is taken, or none of this machine's.
    """
    with HealthServer(source, host=host, port=port) as server:
        _log.info("answering health checks", host=server.host, port=server.port)
        yield
