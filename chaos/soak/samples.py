"""How much each process holds, looked at from outside."""

import time
from pathlib import Path
from typing import NamedTuple

import psutil

from toril.bull.thread_connection import ThreadConnection

MB = 1e6
WAITING = "bull:soak:wait"


class Sample(NamedTuple):
    """What is held at one moment.

    Attributes:
        at: seconds since the beginning.
        done: jobs so far.
        worker_memory, producer_memory, broker_memory: in MB; the broker's is what it has allocated.
        files: descriptors that workers and producer have open.
        threads: of workers and producer.
        tasks: of the workers' event loops.
        clients: connections to the broker.
        keys: in the broker, without those of jobs that wait.
    """

    at: float
    done: int
    worker_memory: float
    producer_memory: float
    broker_memory: float
    files: int
    threads: int
    tasks: int
    clients: int
    keys: int


class Sampler:
    """Looks at a run from outside.

    Args:
        diaries: the folder in which the workers say what they have done.
    """

    def __init__(self, workers: list[int], producer: int, diaries: Path, broker: ThreadConnection) -> None:
        self._workers = [psutil.Process(worker) for worker in workers]
        self._producer = psutil.Process(producer)
        self._diaries = diaries
        self._broker = broker
        self._began = time.monotonic()

    def look(self) -> Sample:
        """What is held now.

        Raises:
            psutil.NoSuchProcess: one has ended.
        """
        processes = [*self._workers, self._producer]
        done, tasks = self._said()
        memory = self._info("memory")
        return Sample(
            at=time.monotonic() - self._began,
            done=done,
            worker_memory=sum(worker.memory_info().rss for worker in self._workers) / MB,
            producer_memory=self._producer.memory_info().rss / MB,
            broker_memory=int(memory["used_memory"]) / MB,
            files=sum(process.num_fds() for process in processes),
            threads=sum(process.num_threads() for process in processes),
            tasks=tasks,
            clients=int(self._info("clients")["connected_clients"]),
            keys=self._broker.execute("DBSIZE") - self._broker.execute("LLEN", WAITING),
        )

    def _said(self) -> tuple[int, int]:
        """How many jobs the workers have done, and how many tasks they have, by what they wrote last."""
        last = [path.read_text().splitlines()[-1].split() for path in self._diaries.glob("*.diary")]
        return sum(int(done) for _, done, _ in last), sum(int(tasks) for _, _, tasks in last)

    def _info(self, section: str) -> dict[str, str]:
        text: bytes = self._broker.execute("INFO", section)
        return dict(line.split(":", 1) for line in text.decode().splitlines() if ":" in line)
