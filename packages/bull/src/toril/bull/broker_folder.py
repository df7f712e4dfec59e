"""What an embedded broker keeps in its data folder, and how other processes find it there."""

from pathlib import Path

from toril.bull.errors import EmbeddedBrokerFailed
from toril.bull.server_address import ServerAddress
from toril.bull.thread_connection import dial
from toril.embedded import ServerFolder

ANSWERS_WITHIN = 1.0


class BrokerFolder(ServerFolder):
    """The folder `broker` in a data folder."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, "broker", answers=answers, failed=EmbeddedBrokerFailed)
        self.config = self.path / "broker.conf"
        self.pid = self.path / "broker.pid"

    def configure(self, settings: str) -> None:
        """Write the server's settings, for the user alone: they may hold a password."""
        self.write(self.config, settings)


def answers(url: str) -> bool:
    """Whether the broker at `url` serves: it may be starting, loading its data, or gone."""
    server = ServerAddress.parse(url)
    requests = [f"AUTH {server.password}", "PING"] if server.password else ["PING"]
    try:
        with dial(server, ANSWERS_WITHIN) as dialled, dialled.makefile("rb") as replies:
            dialled.sendall("".join(f"{request}\r\n" for request in requests).encode())
            last = [replies.readline(512) for _ in requests][-1]
    except OSError:
        return False
    return last == b"+PONG\r\n"
