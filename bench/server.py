"""The server of a comparison: one embedded broker for all systems, as empty for each run as for the first."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from toril.bull.embedded import EmbeddedBroker
from toril.bull.thread_connection import ThreadConnection

REWRITTEN_WITHIN = 10.0


class Server:
    """A private Valkey on a Unix socket, and what it says of itself."""

    def __init__(self, url: str, connection: ThreadConnection) -> None:
        self.url = url
        self._connection = connection

    @classmethod
    @contextmanager
    def start(cls) -> Generator["Server"]:
        """A server that lives as long as the block, on a folder of its own."""
        with EmbeddedBroker() as broker, ThreadConnection.open(broker.url, client_name="bench") as connection:
            yield cls(broker.url, connection)

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

    def _is_rewriting(self) -> bool:
        info = self._info("persistence")
        return info["aof_rewrite_in_progress"] != "0" or info["aof_rewrite_scheduled"] != "0"

    def _info(self, section: str) -> dict[str, str]:
        text: bytes = self._connection.execute("INFO", section)
        lines = text.decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)
