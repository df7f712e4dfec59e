"""What every connection says to Redis first, and what it makes of a refusal."""

import re
import socket
import ssl
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import hiredis
from hiredis import ReplyError

from toril.bull.errors import BrokerMisconfigured, BrokerUnavailable, BullError, CommandRefused
from toril.bull.server_address import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Callable

Argument = bytes | str | int | float

# hiredis packs in C, in a tenth of redis-py's time; its stub allows for one argument only.
pack = cast("Callable[[tuple[Argument, ...]], bytes]", hiredis.pack_command)  # pyright: ignore[reportUnknownMemberType]

# Codes that mean "not now": the command was not carried out, and may be later. What is wrong, and what to do.
NOT_NOW = {
    "LOADING": ("it is loading its data", "try again when it has"),
    "BUSY": ("it is busy with a script that does not end", "end that with SCRIPT KILL or FUNCTION KILL"),
    "READONLY": ("it is a read-only replica", "connect to its master, or promote it"),
    "OOM": ("its memory is full", "raise its maxmemory, or clean up finished jobs"),
    "MISCONF": ("it cannot write to its disk", "make room there; its own log says more"),
    "NOREPLICAS": (
        "it has too few replicas to take writes",
        "bring them back",
    ),
    "MASTERDOWN": ("it is a replica that has lost its master", "bring that back, or promote the replica"),
    "CLUSTERDOWN": ("its cluster is down", "see CLUSTER INFO"),
    "UNBLOCKED": ("it has become a replica", "connect to its master"),
    "TRYAGAIN": ("its cluster is moving the keys", "try again when it has"),
    "NOAUTH": ("it wants a password", "put that into the URL"),
    "WRONGPASS": ("it does not accept the user name or password", "correct them in the URL"),
}
CALL_WITHIN = 10.0
CLOSED_HERE = "this connection was closed"
TOO_MANY_CLIENTS = "ERR max number of clients reached"
WRONG_PASSWORD = re.compile(r"ERR (invalid password|AUTH <password> called without)")
CLIENT_FORBIDDEN = re.compile(r"NOPERM .*'client")
# Redis before 7 wraps what a script met: "ERR Error running script (call to f_…): @user_script:1: -OOM …".
# Valkey 9 wraps what a script has caught and raises again: "ERR OOM …".
WRAPPED_CODE = re.compile(r"ERR (?:Error running script .*?: )?-?([A-Z]+) ")


class Welcome(NamedTuple):
    """What a server says of the connection and of itself."""

    client_id: int
    in_cluster: bool


def greeting(address: ServerAddress, client_name: str | None) -> list[tuple[Argument, ...]]:
    """The commands that open a connection; the last one, which every user may run, tells who is who."""
    commands: list[tuple[Argument, ...]] = []
    if address.password:
        commands.append(("AUTH", address.username or "default", address.password))
    if address.database:
        commands.append(("SELECT", address.database))
    if client_name:
        commands.append(("CLIENT", "SETNAME", client_name))
    return [*commands, ("HELLO",)]


def welcome(address: ServerAddress, replies: list[Any]) -> Welcome:
    """What the replies to `greeting` say.

    Raises:
        BrokerUnavailable, CommandRefused: the server does not let us in.
    """
    for reply in replies:
        if isinstance(reply, ReplyError) and not CLIENT_FORBIDDEN.match(str(reply)):
            raise refusal(address, "the connection", reply)
    hello = replies[-1]
    facts = dict(zip(hello[::2], hello[1::2], strict=True))
    return Welcome(facts[b"id"], in_cluster=facts[b"mode"] == b"cluster")


def is_failover(reply: ReplyError) -> bool:
    """Whether the server became a replica: the name that we dialled may lead to its successor by now."""
    return _code(str(reply)) == "READONLY"


def refusal(address: ServerAddress, command: str, reply: ReplyError) -> BullError:
    """The error that an error reply to `command` stands for."""
    text = str(reply)
    code = _code(text)
    if WRONG_PASSWORD.match(text):
        code = "WRONGPASS"
    if code in NOT_NOW:
        fault, remedy = NOT_NOW[code]
        return BrokerUnavailable(str(address), f"{fault} ({code}): {remedy}")
    if code == "CROSSSLOT":
        return queues_apart(str(address))
    if text.startswith(TOO_MANY_CLIENTS):
        return BrokerUnavailable(str(address), "it has too many clients already: raise maxclients")
    return CommandRefused(str(address), command, text)


def _code(text: str) -> str:
    wrapped = WRAPPED_CODE.match(text)
    return wrapped[1] if wrapped else text.partition(" ")[0]


def queues_apart(address: str) -> BrokerMisconfigured:
    """The error for queues of a cluster that one step cannot reach together."""
    return BrokerMisconfigured(
        address,
        "is a cluster, and the queues that are wanted together are not in one slot",
        'give them all one prefix with a hash tag: prefix="{bull}"',
    )


def is_final(problem: OSError) -> bool:
    """Whether dialling again at once is no use: closed by ourselves, not let in, or a false certificate."""
    return isinstance(problem, ConnectionAbortedError | BrokerUnavailable | ssl.SSLCertVerificationError)


def telling(earlier: OSError | None, problem: OSError) -> OSError:
    """The one of two failures to dial that tells more: that time ran out in the end is no cause."""
    return earlier if earlier is not None and isinstance(problem, TimeoutError) else problem


def reason(problem: OSError) -> str:
    """Why a server cannot be reached, in words."""
    match problem:
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "nobody listens there"
        case FileNotFoundError():
            return "there is no such socket"
        case socket.gaierror():
            return f"its name is not known ({problem.strerror})"
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted ({problem.verify_message})"
        case _:
            return str(problem.strerror or problem)
