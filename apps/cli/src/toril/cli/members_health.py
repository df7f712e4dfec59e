"""How several worker processes are doing, told as one."""

import json
import socket
import tempfile
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

from toril.worker.monitoring.answers import Answer
from toril.worker.monitoring.exposition import merge
from toril.worker.process.health import answering

ANSWERS_WITHIN = 1.0
MOST_ASKED_AT_ONCE = 8
# What a process gets to start, or to be started again, before its silence is held against it.
SILENT_FOR = 30.0


class _Told(NamedTuple):
    """What one process answered."""

    status: int
    body: bytes


class MembersHealth:
    """Asks each process, over a Unix socket in a folder that only this user can enter.

    All is well at /healthz if none says otherwise and none has been silent for 30 s, and at /readyz if
    all consume. At /metrics are those of all, with the label `process`.
    """

    def __init__(self, folder: Path, processes: int) -> None:
        self._folder = folder
        self._members = range(1, processes + 1)
        self._silent_since: dict[int, float] = {}

    def socket_of(self, member: int) -> Path:
        """Where a process is asked."""
        return self._folder / f"{member}.sock"

    def answer(self, path: str) -> Answer | None:
        """See `HealthSource.answer`."""
        if path not in ("/healthz", "/readyz", "/metrics"):
            return None
        with ThreadPoolExecutor(MOST_ASKED_AT_ONCE) as asking:
            asked = {member: asking.submit(self._ask, member, path) for member in self._members}
            told = {member: answer.result() for member, answer in asked.items()}
        if path == "/metrics":
            texts = {str(member): said.body.decode() if said else None for member, said in told.items()}
            return Answer.of_metrics(merge(texts))
        well = all(self._is_well(member, said, path) for member, said in told.items())
        facts = {str(member): json.loads(said.body) if said else "no answer" for member, said in told.items()}
        return Answer.of(well=well, facts={"processes": facts})

    def _is_well(self, member: int, told: _Told | None, path: str) -> bool:
        if told is not None:
            return told.status == HTTPStatus.OK
        return path == "/healthz" and time.monotonic() - self._silent_since.get(member, 0.0) < SILENT_FOR

    def _ask(self, member: int, path: str) -> _Told | None:
        connection = _UnixConnection(self.socket_of(member))
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            told = _Told(response.status, response.read())
        except (OSError, HTTPException):
            self._silent_since.setdefault(member, time.monotonic())
            return None
        finally:
            connection.close()
        self._silent_since.pop(member, None)
        return told


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWERS_WITHIN)
        self._path = path

    def connect(self) -> None:
        self.sock: Any = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def telling_of_members(processes: int, *, host: str, port: int | None) -> Generator[MembersHealth | None]:
    """Answers health checks for so many processes; without a port, for none.

    Raises:
        HealthServerFailed: the address is taken, or none of this machine's.
    """
    if port is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="toril-health-") as folder:
        health = MembersHealth(Path(folder), processes)
        with answering(health, host=host, port=port):
            yield health
