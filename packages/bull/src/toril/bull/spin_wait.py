"""Waiting awake, for a while, for a reply that is due at once.

To put a process to sleep and to wake it costs as much as a call takes Redis on the same host, and both sides
pay: the one that sleeps, and the one that wakes it. So it pays to look for a while whether the reply has
come, and to sleep only then: A. Karlin et al., "Empirical Studies of Competitive Spinning for a Shared-Memory
Multiprocessor", SOSP 1991. ARCHITECTURE ("The engine") says what it gains and costs.
"""

import asyncio
import ipaddress
import os
import socket
import time
from collections.abc import Callable
from typing import Any

# Seconds. A call that takes one job up takes 50 to 150 µs, one that takes five up some 200 µs.
SPIN_FOR = 200e-6
# How many waits in a row are slept through at most, after several in which spinning was in vain.
MOST_SLEPT_THROUGH = 256


class SpinWait:
    """The waits on one socket. The event loop goes on meanwhile: each look is one turn of it.

    After a wait that was longer than SPIN_FOR the next one is slept through, after another such wait two,
    then four: where replies are not due at once, hardly anything is spent.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._in_vain = 0
        self._slept_through = 0

    async def until_done(self, future: asyncio.Future[Any]) -> None:
        """Returns when the future is done, or it is time to sleep."""
        if self._slept_through < self._in_vain:
            self._slept_through += 1
            return
        until = self._clock() + SPIN_FOR
        while not future.done():
            if self._clock() >= until:
                self._in_vain = min(max(1, 2 * self._in_vain), MOST_SLEPT_THROUGH)
                self._slept_through = 0
                return
            # Maybe it is the server that waits for our processor.
            os.sched_yield()
            await asyncio.sleep(0)
        self._in_vain = 0


def spin_wait_for(peer: socket.socket) -> SpinWait | None:
    """None if it cannot pay: the peer is on another host, or shares one processor with us."""
    return SpinWait() if _is_on_this_host(peer) and _usable_processors() > 1 else None


def _is_on_this_host(peer: socket.socket) -> bool:
    if peer.family not in (socket.AF_INET, socket.AF_INET6):
        return True
    try:
        host: str = peer.getpeername()[0]
    except OSError:
        return False  # it has been reset already
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
