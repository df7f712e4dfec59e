"""Processes that may end while a test looks at them."""

from collections.abc import Callable

import psutil


def is_alive(process: psutil.Process | int) -> bool:
    """Whether a process, or one with this id, runs still; one that was not waited for does not."""
    try:
        known = psutil.Process(process) if isinstance(process, int) else process
        return known.is_running() and known.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def children_of(pid: int | None = None, *, whose: Callable[[list[str]], bool]) -> list[psutil.Process]:
    """The child processes of a process, or of our own, whose command is the one that is looked for."""
    found: list[psutil.Process] = []
    for child in psutil.Process(pid).children():
        try:
            if whose(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found
