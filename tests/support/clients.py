"""What Redis knows of the connections to it."""

from toril.bull.connection import Connection


async def is_blocked(connection: Connection, client: str, command: str) -> bool:
    """Whether a connection of that name waits in that command, which blocks."""
    return any(
        each["name"] == client and each["cmd"] == command and "b" in each["flags"]
        for each in await clients(connection)
    )


async def has_sent(connection: Connection, client: str, command: str) -> bool:
    """Whether the last command of a connection of that name was this one."""
    return any(each["name"] == client and each["cmd"] == command for each in await clients(connection))


async def clients(connection: Connection) -> list[dict[str, str]]:
    """CLIENT LIST of every server, the fields of each connection."""
    replies: list[bytes] = [await node.execute("CLIENT", "LIST") for node in await connection.nodes()]
    return [
        {name: value for name, _, value in (field.partition("=") for field in line.split(" "))}
        for reply in replies
        for line in reply.decode().splitlines()
    ]
