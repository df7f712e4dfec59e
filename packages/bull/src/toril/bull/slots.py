"""Which server of a cluster holds a key."""

from binascii import crc_hqx
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from hiredis import ReplyError

from toril.bull.replies import Argument
from toril.bull.server_address import ServerAddress

SLOTS = 16_384
ASK_FOR_SLOTS = ("CLUSTER", "SLOTS")
ASKING = ("ASKING",)
_WITHOUT_KEY = frozenset({"PING", "ECHO", "INFO", "CLIENT", "SCAN", "SCRIPT", "CONFIG", "CLUSTER", "TIME"})
_UNKNOWN_HOSTS = (None, b"", b"?")


class Redirection(NamedTuple):
    """Where a server says that a key is: for good (MOVED), or for one call while its slot moves (ASK)."""

    slot: int
    server: ServerAddress
    for_one_call: bool


class SlotMap:
    """Which server holds each slot of a cluster, as far as we have heard.

    Attributes:
        masters: the servers that hold slots.
        servers: all that are known, replicas too, and the one that was named at first.
        is_stale: somebody did not answer, or nobody was asked yet.
    """

    def __init__(self, seed: ServerAddress) -> None:
        self._seed = seed
        self._holders = [seed] * SLOTS
        self.masters: tuple[ServerAddress, ...] = (seed,)
        self.servers: tuple[ServerAddress, ...] = (seed,)
        self.is_stale = True

    def master(self, slot: int) -> ServerAddress:
        """The server that holds a slot."""
        return self._holders[slot]

    def learn(self, reply: Sequence[Any], asked: ServerAddress) -> None:
        """Take over what CLUSTER SLOTS replied: for each range its first and last slot and its servers."""
        masters: list[ServerAddress] = []
        others: list[ServerAddress] = []
        for first, last, *nodes in reply:
            master, *replicas = [_address(host, port, asked) for host, port, *_ in nodes]
            self._holders[first : last + 1] = [master] * (last + 1 - first)
            masters.append(master)
            others += replicas
        self.masters = tuple(dict.fromkeys(masters))
        self.servers = tuple(dict.fromkeys([*masters, *others, self._seed]))
        self.is_stale = False

    def move(self, redirection: Redirection) -> None:
        """Take over what MOVED says."""
        self._holders[redirection.slot] = redirection.server
        self.masters = tuple(dict.fromkeys([*self.masters, redirection.server]))
        self.servers = tuple(dict.fromkeys([*self.servers, redirection.server]))


def hash_tag(key: bytes | str) -> bytes | None:
    """The part of a key between its first `{` and the next `}`: where there is one, the slot is the tag's."""
    encoded = key.encode() if isinstance(key, str) else key
    _, opened, rest = encoded.partition(b"{")
    tag, closed, _ = rest.partition(b"}")
    return tag if opened and closed and tag else None


def slot_of(tag: bytes) -> int:
    """The slot of all keys with this hash tag: CRC16 (XMODEM), as the Cluster specification says."""
    return crc_hqx(tag, 0) % SLOTS


def first_key(command: tuple[Argument, ...]) -> bytes | str | None:
    """The first key of a command, by which it finds its server; None for one that has no keys."""
    match command[0]:
        case "FCALL" | "EVALSHA" | "EVAL":
            key = command[3]
        case "XREAD":
            key = command[command.index("STREAMS") + 1]
        case name if name in _WITHOUT_KEY:
            return None
        case _:
            key = command[1]
    return key if isinstance(key, bytes) else str(key)


def redirection(reply: object, asked: ServerAddress) -> Redirection | None:
    """What a reply says about where else to ask: `MOVED 3999 10.0.0.7:6379`."""
    if not isinstance(reply, ReplyError):
        return None
    code, _, rest = str(reply).partition(" ")
    if code not in ("MOVED", "ASK"):
        return None
    slot, address = rest.split(" ")[:2]
    host, _, port = address.rpartition(":")
    return Redirection(int(slot), _address(host.encode(), int(port), asked), code == "ASK")


def is_election(reply: object) -> bool:
    """Whether a server did nothing, as nobody holds the key at the moment: a replica is about to."""
    return isinstance(reply, ReplyError) and str(reply).startswith(("CLUSTERDOWN", "TRYAGAIN"))


def _address(host: bytes | None, port: int, asked: ServerAddress) -> ServerAddress:
    """A server of the same cluster, with the same login; one without a name has that of the server asked."""
    if host in _UNKNOWN_HOSTS:
        return replace(asked, port=port)
    return replace(asked, host=host.decode(), port=port, path="")
