from toril.bull.connection import Connection
from toril.bull.directory import find_queues
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue, NewJob
from toril.types.job_options import JobOptions


async def add_job(connection: Connection, queue: str, prefix: str) -> QueueKeys:
    keys = QueueKeys(queue, prefix)
    await JobQueue(connection, keys).add([NewJob("paint", b"{}", JobOptions())])
    return keys


async def test_queues_are_found_by_name_in_order(connection: Connection, prefix: str):
    for queue in ("walls", "doors"):
        await add_job(connection, queue, prefix)

    assert await find_queues(connection, prefix=prefix) == (["doors", "walls"], True)


async def test_a_queue_of_a_forerunner_of_bullmq_has_no_meta_key_and_is_found(
    connection: Connection, prefix: str
):
    await connection.execute("SET", f"{prefix}:old:id", 1)

    assert (await find_queues(connection, prefix=prefix)).names == ["old"]


async def test_keys_of_jobs_and_schedules_are_no_queues(connection: Connection, prefix: str):
    keys = await add_job(connection, "walls", prefix)
    for key in (keys.lock("1"), keys.base + "repeat:daily:meta", keys.base + "medium", f"{prefix}::id"):
        await connection.execute("SET", key, "x")

    assert (await find_queues(connection, prefix=prefix)).names == ["walls"]


async def test_a_prefix_is_taken_as_it_stands(connection: Connection, prefix: str):
    await add_job(connection, "walls", f"{prefix}:{{a}}[b]*")
    await add_job(connection, "doors", f"{prefix}:{{a}}bx")

    assert (await find_queues(connection, prefix=f"{prefix}:{{a}}[b]*")).names == ["walls"]


async def test_too_many_queues_are_cut_and_it_is_said(connection: Connection, prefix: str):
    for queue in ("walls", "doors", "gates"):
        await add_job(connection, queue, prefix)

    found = await find_queues(connection, prefix=prefix, most=2)

    assert len(found.names) == 2
    assert not found.complete


async def test_a_queue_exists_once_it_was_used(connection: Connection, keys: QueueKeys):
    inspector = QueueInspector(connection, keys)
    assert not await inspector.exists()

    await add_job(connection, keys.queue, keys.prefix)

    assert await inspector.exists()
