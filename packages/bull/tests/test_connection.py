import hashlib

from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.scripts import Script

TEXT = "return {KEYS[1], ARGV[1]}"
ECHO = Script("echo", TEXT, hashlib.sha1(TEXT.encode(), usedforsecurity=False).hexdigest())


async def test_replies_are_bytes(connection: Connection, keys: QueueKeys):
    assert await connection.execute("SET", keys.meta, "é") == b"OK"
    assert await connection.execute("GET", keys.meta) == "é".encode()


async def test_a_script_is_loaded_where_it_is_missing(connection: Connection, keys: QueueKeys):
    for _ in range(2):
        await connection.execute("SCRIPT", "FLUSH")
        assert await connection.run(ECHO, [keys.meta], [7]) == [keys.meta.encode(), b"7"]
