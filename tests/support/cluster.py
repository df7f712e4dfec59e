"""A Valkey Cluster on loopback: three masters, the first of which has a replica that can take its place."""

import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

from toril.bull.embedded import free_port, server_program
from toril.bull.slots import SLOTS, slot_of

READY_WITHIN = 30.0
MASTERS = 3
SETTINGS = """\
bind 127.0.0.1
save ""
maxmemory-policy noeviction
cluster-enabled yes
cluster-node-timeout 1000
repl-diskless-sync-delay 0
"""


def slots_of(master: int) -> range:
    """The slots that a master is given."""
    return range(master * SLOTS // MASTERS, (master + 1) * SLOTS // MASTERS)


def tag_of(master: int) -> str:
    """A hash tag whose keys that master holds."""
    return next(
        f"tag-{number}" for number in count() if slot_of(f"tag-{number}".encode()) in slots_of(master)
    )


class ClusterServer:
    """One server of a cluster, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.port, self.bus_port = free_port(), free_port()
        folder.mkdir()
        (folder / "server.conf").write_text(f"{SETTINGS}port {self.port}\ncluster-port {self.bus_port}\n")
        self._process = subprocess.Popen(
            [server_program(), "server.conf"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = Redis(port=self.port, protocol=2, decode_responses=True)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def id(self) -> str:
        """What the other servers know it by."""
        return self.client.execute_command("CLUSTER", "MYID")

    def answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def is_ready(self) -> bool:
        """Whether it knows all the others, and who holds each slot."""
        facts = str(self.client.execute_command("CLUSTER", "INFO")).split()
        return {"cluster_state:ok", f"cluster_known_nodes:{MASTERS + 1}"} <= set(facts)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self._process.wait()
        self.client.close()


class RunningCluster:
    """The servers, from the beginning of the `with` to its end.

    Attributes:
        masters: each holds a third of the slots, in order.
        replica: the copy of the first of them.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="toril-cluster-")
        servers = [ClusterServer(Path(self._folder.name) / str(number)) for number in range(MASTERS + 1)]
        *self.masters, self.replica = servers
        self._servers = servers

    @property
    def url(self) -> str:
        """The last master's: it stays when the first one is killed."""
        return self.masters[-1].url

    def fail_over(self) -> None:
        """The first master is killed, once all that was written has left it; its replica takes over later."""
        written = self.masters[0].client.info("replication")["master_repl_offset"]
        _until(lambda: self.replica.client.info("replication")["slave_repl_offset"] >= written)
        self.masters[0].kill()

    def wait_for_replica(self) -> None:
        """Until the replica has all that its master has, and could take its place."""
        _until(lambda: self.replica.client.info("replication").get("master_link_status") == "up")

    def __enter__(self) -> Self:
        try:
            self._assemble()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.kill()
        self._folder.cleanup()

    def _assemble(self) -> None:
        _until(lambda: all(server.answers() for server in self._servers))
        first = self._servers[0].client
        for number, server in enumerate(self._servers):
            server.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            first.execute_command("CLUSTER", "MEET", "127.0.0.1", server.port, server.bus_port)
        for number, server in enumerate(self.masters):
            held = slots_of(number)
            server.client.execute_command("CLUSTER", "ADDSLOTSRANGE", held[0], held[-1])
        _until(lambda: all(server.is_ready() for server in self._servers))
        self.replica.client.execute_command("CLUSTER", "REPLICATE", self._servers[0].id)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"the cluster is not ready after {READY_WITHIN} s")
        time.sleep(0.01)
