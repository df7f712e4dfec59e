"""What the systems that run on Python have in common: doing a chore, and adding them."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path

from chaos.ledger import Event, LedgerFile
from chaos.terms import VARIABLE, Chore, How, Part, read_chores

ADDED_AT_ONCE = 50
PAUSE_AFTER_A_FAILURE = 0.1

Adding = Callable[[Sequence[Chore]], Awaitable[None]]
"""Adds some jobs, under ids of their own, so that what was added already can be added again."""


@cache
def part() -> Part:
    """The part of this process."""
    return Part.parse(os.environ[VARIABLE])


@cache
def ledger() -> LedgerFile:
    """Where this process writes; opened when it is first needed, as a worker may fork before."""
    return LedgerFile(Path(part().ledger))


async def do_chore(number: int, seconds: float, how: str) -> int:
    """What a handler that may wait does."""
    with ledger().run(number):
        if how == How.SLEEP:
            await asyncio.sleep(seconds)
        else:
            keep_busy(seconds, how)
    return number


def do_chore_blocking(number: int, seconds: float, how: str) -> int:
    """What a handler does in a process of its own."""
    with ledger().run(number):
        keep_busy(seconds, how)
    return number


def keep_busy(seconds: float, how: str) -> None:
    """Lets nothing else run in this thread."""
    if how != How.SPIN:
        time.sleep(seconds)
        return
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def produce(add: Adding) -> None:
    """Adds all chores at the pace that is wanted; what was not acknowledged is added again."""
    began = time.monotonic()
    chores = read_chores(Path(part().chores))
    for first in range(0, len(chores), ADDED_AT_ONCE):
        await asyncio.sleep(began + first / part().pace - time.monotonic())
        await _add_at_last(add, chores[first : first + ADDED_AT_ONCE])


async def _add_at_last(add: Adding, chores: Sequence[Chore]) -> None:
    while True:
        try:
            await add(chores)
        except Exception as error:  # noqa: BLE001 - whatever a client raises when its broker is gone
            print(f"not added: {type(error).__name__}: {error}", file=sys.stderr)
            await asyncio.sleep(PAUSE_AFTER_A_FAILURE)
        else:
            ledger().note(Event.ADDED, *(chore.number for chore in chores))
            return
