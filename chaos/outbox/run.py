"""One run: writers, a relay, a worker, and somebody who kills."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

from psycopg import AsyncConnection

from chaos.outbox.jobs import handlers, turns
from chaos.outbox.verdict import Account
from chaos.outbox.victims import Relay, kill_and_start, servers
from chaos.outbox.writers import LEDGER, Writers
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.database import EmbeddedPostgres
from toril.database.connecting import connect
from toril.database.migrations import migrate
from toril.database.outbox import OutboxStatus, OutboxTable
from toril.worker import WorkerFactory

KEYS = QueueKeys(turns.name)
LOOK_EVERY = 0.05
VICTIMS = ("relay", "Redis", "PostgreSQL")
WRITES_WITHIN = 300.0
SETTLES_WITHIN = 120.0
LEADS_WITHIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """So many transactions by so many writers, and something is killed after each `kill_every` of them."""

    transactions: int
    kill_every: int
    writers: int = 8
    seed: int = 1


async def run(plan: Plan, tell: Callable[[str], None] = lambda _: None) -> Account:
    """Runs, and answers with what was found.

    Raises:
        AssertionError: the relay did not come back, or did not end its work.
    """
    async with servers() as (postgres, broker):
        async with await connect(postgres.url, name="chaos") as connection:
            await migrate(connection)
            await connection.execute(LEDGER)
        async with await Connection.open(broker.url) as connection:
            # Every event of the run is kept: they tell how often each job was added.
            await connection.execute("HSET", KEYS.meta, "opts.maxLenEvents", 100 * plan.transactions)
        relay = Relay(postgres.url, broker.url)
        try:
            return await _play(plan, postgres, broker, relay, tell)
        finally:
            await relay.kill()


async def _play(
    plan: Plan, postgres: EmbeddedPostgres, broker: EmbeddedBroker, relay: Relay, tell: Callable[[str], None]
) -> Account:
    writers = Writers(postgres.url, plan.transactions, plan.seed)
    await relay.start()
    async with WorkerFactory(broker.url, handlers).create(turns, concurrency=20) as worker:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            writing = group.create_task(writers.write(plan.writers))
            kills = await _kill_in_turn(plan, writers, postgres, broker, relay, tell)
            await writing
            await eventually(lambda: _is_empty(postgres.url), timeout=SETTLES_WITHIN, every=LOOK_EVERY)
            worker.stop()
    return await _account(postgres.url, broker.url, writers, kills)


async def _kill_in_turn(
    plan: Plan,
    writers: Writers,
    postgres: EmbeddedPostgres,
    broker: EmbeddedBroker,
    relay: Relay,
    tell: Callable[[str], None],
) -> Counter[str]:
    kills: Counter[str] = Counter()
    for due, victim in zip(range(plan.kill_every, plan.transactions, plan.kill_every), cycle(VICTIMS)):
        # A relay that is still starting is no victim. The writers go on while something is killed.
        await eventually(lambda: _is_led(postgres.url), timeout=LEADS_WITHIN, every=LOOK_EVERY)
        writers.allow(due + plan.kill_every)
        await eventually(lambda due=due: writers.attempted >= due, timeout=WRITES_WITHIN)
        tell(f"{writers.attempted:,} transactions; killing {victim}")
        kills[victim] += 1
        match victim:
            case "relay":
                await relay.kill()
                await relay.start()
            case "Redis":
                await kill_and_start(broker)
            case _:
                await kill_and_start(postgres)
    writers.allow(plan.transactions)
    return kills


async def _is_led(url: str) -> bool:
    return (await _status(url)).is_led


async def _is_empty(url: str) -> bool:
    return (await _status(url)).waiting == 0


async def _status(url: str) -> OutboxStatus:
    async with await connect(url, name="chaos") as connection:
        return await OutboxTable(connection).status()


async def _account(database_url: str, redis_url: str, writers: Writers, kills: Counter[str]) -> Account:
    async with await connect(database_url, name="chaos") as connection:
        status = await OutboxTable(connection).status()
        committed = await _committed(connection)
    return Account(
        committed=committed,
        rolled_back=frozenset(writers.rolled_back),
        added=await _added(redis_url),
        left=status.waiting + status.set_aside,
        kills=kills,
    )


async def _committed(connection: AsyncConnection[Any]) -> dict[int, int]:
    rows = await connection.execute("SELECT number, writer FROM ledger ORDER BY number")
    return dict(await rows.fetchall())


async def _added(url: str) -> list[int]:
    async with await Connection.open(url) as connection:
        entries: list[Any] = await connection.execute("XRANGE", KEYS.events, "-", "+")
    events = [dict(zip(fields[::2], fields[1::2], strict=True)) for _, fields in entries]
    return [int(event[b"jobId"].removeprefix(b"turn-")) for event in events if event[b"event"] == b"added"]
