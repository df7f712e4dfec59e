"""The Redis calls alone are a bound only as long as they are no more than ours, and leave the same behind."""

from collections import Counter
from dataclasses import dataclass

from bench.bounds.bare import Bare
from bench.bounds.calls_alone import CallsAlone, keys
from bench.server import Server
from toril.bull.connection import Connection

JOBS = 40


@dataclass(frozen=True)
class Left:
    """What a system has left in Redis, and how often it called what."""

    keys: set[bytes]
    fields: list[list[bytes]]
    events: Counter[bytes]
    calls: dict[str, int]

    @classmethod
    async def by(cls, system: Bare | CallsAlone, server: Server) -> "Left":
        server.empty()
        server.reset_statistics()
        await system.add_bulk(JOBS)
        await system.process(JOBS, 20)
        calls = {name: count for name, (count, _) in server.command_statistics().items()}
        async with await Connection.open(server.url) as connection:
            jobs = [f"{keys.base}{number}" for number in range(1, JOBS + 1)]
            return cls(
                set(await connection.execute("KEYS", f"{keys.base}*")),
                [sorted(await connection.execute("HKEYS", job)) for job in jobs],
                Counter(entry[1][1] for entry in await connection.execute("XRANGE", keys.events, "-", "+")),
                calls,
            )


async def test_they_leave_the_same_jobs_and_events_with_no_more_calls() -> None:
    with Server.start() as server:
        ours, alone = await Left.by(Bare(server.url), server), await Left.by(CallsAlone(server.url), server)

    assert ours.keys - alone.keys == {keys.meta.encode()}  # once a queue
    assert alone.fields == ours.fields
    assert ours.events - alone.events == {b"drained": 1}
    for_each_job = {name for name, count in alone.calls.items() if count >= JOBS}
    assert for_each_job == {"hset", "hmget", "xadd", "set"}
    assert all(alone.calls[name] <= ours.calls[name] for name in for_each_job)
