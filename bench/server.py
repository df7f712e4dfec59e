"""The server of a comparison: one embedded broker for all systems, as empty for each run as for the first."""

import shlex
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from ctypes.util import find_library
from pathlib import Path

from toril.bull.embedded import EmbeddedBroker, server_program
from toril.bull.thread_connection import ThreadConnection

REWRITTEN_WITHIN = 10.0
# The allocator that Redis and Valkey are built with on Linux; the server of our wheel has glibc's.
JEMALLOC = find_library("jemalloc") if sys.platform == "linux" else None


class Server:
    """A private Valkey on a Unix socket, and what it says of itself."""

    def __init__(self, url: str, connection: ThreadConnection, stack: ExitStack) -> None:
        self.url = url
        self._connection = connection
        self._stack = stack
        self._beside: Server | None = None

    @classmethod
    @contextmanager
    def start(cls, *, allocator: str | None = None) -> Generator["Server"]:
        """A server that lives as long as the block, on a folder of its own.

        Args:
            allocator: a library to allocate with, instead of what the server has of itself.
        """
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="toril-bench-")))
            program = _with_allocator(allocator, folder) if allocator else None
            broker = stack.enter_context(EmbeddedBroker(program=program))
            connection = stack.enter_context(ThreadConnection.open(broker.url, client_name="bench"))
            yield cls(broker.url, connection, stack)

    def beside(self, allocator: str) -> "Server":
        """Another server, which lives as long as this one; the same at each call, emptied.

        Each server spreads the fields of a hash in its own way, so only what is on one server takes the same.
        """
        if self._beside is None:
            self._beside = self._stack.enter_context(Server.start(allocator=allocator))
        self._beside.empty()
        return self._beside

    @property
    def version(self) -> str:
        info = self._info("server")
        return f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"

    @property
    def data_memory(self) -> int:
        """Bytes that it holds now, without what it needs for its clients and its append-only file."""
        info = self._info("memory")
        return int(info["used_memory"]) - int(info["mem_clients_normal"]) - int(info["mem_aof_buffer"])

    @property
    def processor_time(self) -> float:
        """Seconds of processor that its process has used so far."""
        info = self._info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])

    @property
    def peak_memory(self) -> int:
        """The most bytes that it ever held."""
        return int(self._info("memory")["used_memory_peak"])

    def reset_statistics(self) -> None:
        """Begins to count commands anew."""
        self._connection.execute("CONFIG", "RESETSTAT")

    def command_statistics(self) -> dict[str, tuple[int, float]]:
        """How often each command ran, those within scripts included, and the microseconds it took."""
        found: dict[str, tuple[int, float]] = {}
        for name, text in self._info("commandstats").items():
            fields = dict(field.split("=", 1) for field in text.split(","))
            found[name.removeprefix("cmdstat_")] = int(fields["calls"]), float(fields["usec"])
        return found

    def empty(self) -> None:
        """Removes every key, and begins a new append-only file, so that none is rewritten during a run."""
        self._connection.execute("FLUSHALL", "SYNC")
        self._connection.execute("BGREWRITEAOF")
        deadline = time.monotonic() + REWRITTEN_WITHIN
        while self._is_rewriting():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the append-only file is not rewritten after {REWRITTEN_WITHIN} s")
            time.sleep(0.01)

    def memory_of(self, key: str) -> int:
        """Bytes that a key takes."""
        return int(self._connection.execute("MEMORY", "USAGE", key, "SAMPLES", 0))

    def _is_rewriting(self) -> bool:
        info = self._info("persistence")
        return info["aof_rewrite_in_progress"] != "0" or info["aof_rewrite_scheduled"] != "0"

    def _info(self, section: str) -> dict[str, str]:
        text: bytes = self._connection.execute("INFO", section)
        lines = text.decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


def _with_allocator(library: str, folder: Path) -> Path:
    """A program that is the server, with another allocator."""
    program = folder / "server"
    server = shlex.quote(str(server_program()))
    program.write_text(f'#!/bin/sh\nLD_PRELOAD={shlex.quote(library)} exec {server} "$@"\n')
    program.chmod(0o700)
    return program
