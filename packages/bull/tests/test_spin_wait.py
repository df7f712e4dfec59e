"""Waiting awake pays where replies are due at once, and costs next to nothing elsewhere."""

import asyncio
import socket
from itertools import count

import pytest

from toril.bull import spin_wait
from toril.bull.server_address import ServerAddress
from toril.bull.spin_wait import MOST_SLEPT_THROUGH, SPIN_FOR, SpinWait, spin_wait_for
from toril.bull.wire import Wire


class Clock:
    """Goes on by a quarter of the longest spin each time that somebody looks."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> float:
        self.looks += 1
        return self.looks * SPIN_FOR / 4


async def was_awake(waits: SpinWait, clock: Clock, *, done_after: int | None) -> bool:
    """Whether a wait looked more than once, for what is done after some turns of the event loop, or never."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[object] = loop.create_future()

    async def finish() -> None:
        for _ in range(done_after or 0):
            await asyncio.sleep(0)
        future.set_result(None)

    looks = clock.looks
    if done_after is None:
        await waits.until_done(future)
    else:
        async with asyncio.TaskGroup() as group:
            group.create_task(finish())
            await waits.until_done(future)
    return clock.looks > looks


async def test_what_is_due_at_once_is_waited_for_awake() -> None:
    clock = Clock()
    waits = SpinWait(clock)

    for _ in range(5):
        assert await was_awake(waits, clock, done_after=2)


async def test_who_waits_lets_others_have_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    yielded: list[None] = []
    monkeypatch.setattr(spin_wait.os, "sched_yield", lambda: yielded.append(None))
    clock = Clock()

    await was_awake(SpinWait(clock), clock, done_after=2)

    assert len(yielded) == clock.looks - 1  # the first look is when it begins


async def test_after_waits_that_were_too_long_more_and_more_are_slept_through() -> None:
    clock = Clock()
    waits = SpinWait(clock)

    awake = [await was_awake(waits, clock, done_after=None) for _ in range(2_000)]

    at = [place for place, each in enumerate(awake) if each]
    assert at[:5] == [0, 2, 5, 10, 19]
    assert at[-1] - at[-2] == MOST_SLEPT_THROUGH + 1


async def test_one_that_is_done_in_time_ends_the_sleeping() -> None:
    clock = Clock()
    waits = SpinWait(clock)
    for _ in range(100):
        await was_awake(waits, clock, done_after=None)

    while not await was_awake(waits, clock, done_after=1):
        pass

    assert [await was_awake(waits, clock, done_after=None) for _ in range(4)] == [True, False, True, False]


class Far(socket.socket):
    """A socket to another host."""

    def __init__(self, family: socket.AddressFamily, host: str) -> None:
        super().__init__(family)
        self._host = host

    def getpeername(self) -> tuple[str, int]:
        return self._host, 6379


@pytest.mark.parametrize(
    ("family", "host", "is_here"),
    [
        (socket.AF_INET, "10.0.0.7", False),
        (socket.AF_INET6, "2001:db8::7", False),
        (socket.AF_INET6, "fe80::7%eth0", False),
        (socket.AF_INET6, "::1", True),
        (socket.AF_INET, "127.3.2.1", True),
    ],
)
def test_it_does_not_pay_from_host_to_host(
    family: socket.AddressFamily, host: str, is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spin_wait, "_usable_processors", lambda: 2)
    with Far(family, host) as peer:
        assert (spin_wait_for(peer) is not None) == is_here


def test_it_does_not_pay_where_both_share_one_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        monkeypatch.setattr(spin_wait, "_usable_processors", lambda: 2)
        assert spin_wait_for(ours) is not None

        monkeypatch.setattr(spin_wait, "_usable_processors", lambda: 1)
        assert spin_wait_for(ours) is None


class Counting:
    """A server that answers every command with how many came before, as soon as it is let."""

    def __init__(self) -> None:
        self.asked, self.may_answer, self.left = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in count():
            try:
                await reader.readuntil(b"ASK\r\n")
            except asyncio.IncompleteReadError:
                break
            self.asked.set()
            await self.may_answer.wait()
            writer.write(b":%d\r\n" % number)
        writer.close()
        self.left.set()


@pytest.mark.parametrize("spin_for", [10.0, 0.0], ids=["awake", "asleep"])
@pytest.mark.parametrize("pipelines", [True, False])
async def test_a_wait_can_be_cancelled(
    monkeypatch: pytest.MonkeyPatch, spin_for: float, pipelines: bool
) -> None:
    monkeypatch.setattr(spin_wait, "SPIN_FOR", spin_for)
    monkeypatch.setattr(spin_wait, "_usable_processors", lambda: 2)
    server = Counting()
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        wire = await Wire.dial(ServerAddress.parse(f"redis://127.0.0.1:{port}"))
        wire.pipelines = pipelines
        deadline = asyncio.get_running_loop().time() + 60.0
        cancelled = asyncio.create_task(wire.exchange([("ASK",)], deadline))
        await server.asked.wait()

        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled

        assert wire.usable() == pipelines
        if pipelines:
            assert wire.is_owed
            next_one = asyncio.create_task(wire.exchange([("ASK",)], deadline))
            server.may_answer.set()
            await wire.all_received(deadline)
            assert await next_one == [1]
        server.may_answer.set()
        await wire.close()
        await server.left.wait()
