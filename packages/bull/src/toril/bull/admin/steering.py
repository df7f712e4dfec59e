"""What all that steers a queue works with."""

from collections.abc import Callable
from typing import Any

from toril.bull.connection import Connection
from toril.bull.errors import InvalidSetting
from toril.bull.keys import QueueKeys
from toril.bull.replies import Argument
from toril.bull.scripts import load
from toril.types.job_options import LONGEST_DELAY

Told = Callable[[int], object]
"""Told how many jobs are done so far, as often as a long loop gets on."""


def told_nobody(_: int) -> None:
    """Nobody wants to know."""


class Steering:
    """One queue, and the scripts that change it."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._keys = keys

    async def _run(self, script: str, *arguments: Argument) -> Any:
        return await self._connection.run(load(f"steering/{script}"), [self._keys.meta], arguments)


def check_count(setting: str, value: int, *, least: int) -> int:
    """The count, if it is one.

    Raises:
        InvalidSetting: it is less.
    """
    if value < least:
        raise InvalidSetting(setting, value, f"a whole number, {least} or more")
    return value


def check_seconds(setting: str, value: float) -> float:
    """The duration, if it is one that can be counted.

    Raises:
        InvalidSetting: it is negative, more than 100 years, or no number.
    """
    if not 0 <= value <= LONGEST_DELAY:
        raise InvalidSetting(setting, value, "seconds, from 0 to 100 years")
    return value
