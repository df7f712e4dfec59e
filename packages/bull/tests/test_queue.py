"""Adding jobs."""

import json

from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.connection import Connection
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.bull.queue import AddedJobs, JobQueue, NewJob, encoded_jobs, run_arguments
from toril.types import Deduplicate, JobState
from toril.types.job_options import JobOptions


def job(name: str = "paint", *, job_id: str | None = None, **options: object) -> NewJob:
    return NewJob(name, b'{"colour":"red"}', JobOptions(**options), job_id)  # type: ignore[arg-type]


async def test_ids_come_back_in_order_whatever_the_mixture(connection: Connection, keys: QueueKeys) -> None:
    ids = await JobQueue(connection, keys).add(
        [job(), job(delay=60), job(priority=2), job(job_id="mine"), job(lifo=True), job(job_id="mine")]
    )
    assert ids == ["1", "2", "3", "mine", "5", "mine"]
    counts = await QueueInspector(connection, keys).counts()
    assert counts.by_state[JobState.WAITING] == 3
    assert counts.by_state[JobState.DELAYED] == 1
    assert counts.by_state[JobState.PRIORITIZED] == 1


async def test_jobs_with_terms_in_common_travel_as_one_run_and_keep_their_own(
    connection: Connection, keys: QueueKeys
) -> None:
    jobs = [job(), job(), job(priority=3), job("varnish", priority=3), job("varnish", priority=3), job()]
    [encoded] = encoded_jobs(jobs)
    runs, values_of_run, values_of_job = 4, 4, 2
    assert len(run_arguments(encoded.jobs)) == runs * values_of_run + len(jobs) * values_of_job
    ids = await JobQueue(connection, keys).add(jobs)
    hashes = [await connection.execute("HMGET", keys.base + job_id, "name", "priority") for job_id in ids]
    assert hashes == [[each.name.encode(), str(each.options.priority).encode()] for each in jobs]


async def test_a_large_batch_is_cut_and_stays_in_order(connection: Connection, keys: QueueKeys) -> None:
    many = MOST_JOBS_A_SCRIPT * 2 + 7
    ids = await JobQueue(connection, keys).add([job()] * many)
    assert ids == [str(number) for number in range(1, many + 1)]
    waiting = await QueueInspector(connection, keys).jobs(JobState.WAITING, limit=1000)
    assert [each.id for each in waiting] == ids


async def test_the_answer_says_which_jobs_are_not_new(connection: Connection, keys: QueueKeys) -> None:
    red, blue = Deduplicate("red"), Deduplicate("blue")
    added = await JobQueue(connection, keys).add(
        [
            job(job_id="mine"),
            job(deduplicate=red),
            job(job_id="mine"),
            job(deduplicate=red),
            job(deduplicate=blue, job_id="yours"),
            job(deduplicate=blue),
        ]
    )
    assert (added, added.known) == (["mine", "2", "mine", "2", "yours", "yours"], {2, 3, 5})


async def test_the_answer_says_so_across_the_parts_of_a_large_batch(
    connection: Connection, keys: QueueKeys
) -> None:
    many = [job()] * MOST_JOBS_A_SCRIPT
    added = await JobQueue(connection, keys).add([job(job_id="mine"), *many, job(job_id="mine"), *many])
    assert added.known == {MOST_JOBS_A_SCRIPT + 1}
    assert added[MOST_JOBS_A_SCRIPT + 1] == "mine"


def test_a_part_of_an_answer_is_an_answer() -> None:
    added = AddedJobs()
    added.take_in([b"1", b"2", b"3", b"4"], known=[0, 2])
    part = added.part(1, 4)
    assert (part, part.known) == (["2", "3", "4"], {1})
    assert added.part(3, 4).known == frozenset()


async def test_adding_nothing_asks_nothing(connection: Connection, keys: QueueKeys) -> None:
    assert await JobQueue(connection, keys).add([]) == []
    assert await connection.execute("EXISTS", keys.meta) == 0


async def test_adding_an_id_again_changes_nothing(connection: Connection, keys: QueueKeys) -> None:
    queue, inspector = JobQueue(connection, keys), QueueInspector(connection, keys)
    await queue.add([job(job_id="mine", priority=4)], now=1000.0)
    await queue.add([job("other", job_id="mine")], now=2000.0)
    record = await inspector.job("mine")
    assert record is not None
    assert (record.name, record.priority) == ("paint", 4)
    assert record.enqueued_at is not None
    assert record.enqueued_at.timestamp() == 1000.0


async def test_the_hash_is_what_bullmq_would_write(connection: Connection, keys: QueueKeys) -> None:
    await JobQueue(connection, keys).add([job(delay=1.5, attempts=3)], now=1700000000.125)
    flat = await connection.execute("HGETALL", keys.job("1"))
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    assert json.loads(fields.pop(b"opts")) == {"attempts": 3, "delay": 1500}
    assert fields == {
        b"name": b"paint",
        b"data": b'{"colour":"red"}',
        b"timestamp": b"1700000000125",
        b"delay": b"1500",
        b"priority": b"0",
    }
