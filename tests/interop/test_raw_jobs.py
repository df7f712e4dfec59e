"""Jobs without a contract on our side: Node works on them, and Node's own are followed."""

import pytest

from support.node_client import NodeClient
from toril.backend import JobFailed, QueueService
from toril.jobs import Keep, exponential

pytestmark = pytest.mark.node


async def test_a_node_worker_works_on_a_raw_job_and_we_get_plain_json(
    node: NodeClient, queues: QueueService
) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    value = {"text": "señor 😀", "list": [1, None, {"a": 0.5}]}
    handle = await queues.enqueue_raw("work", "act", {"value": value})
    assert await handle.result(timeout=20) == value
    hopeless = await queues.enqueue_raw("work", "act", {"act": "throw", "message": "¡no!"})
    with pytest.raises(JobFailed, match="¡no!"):
        await hopeless.result(timeout=20)


async def test_node_reads_the_options_of_a_raw_job(node: NodeClient, queues: QueueService) -> None:
    handle = await queues.enqueue_raw(
        "work",
        "act",
        [1, "two", None],
        attempts=3,
        backoff=exponential(1.5),
        priority=2,
        keep_completed=Keep(10, 60.0, limit=5),
        size_limit=100,
        log_limit=7,
        stack_trace_limit=2,
    )
    job = await node.on_queue("work", "getJob", handle.job_id)
    assert (job["name"], job["data"]) == ("act", [1, "two", None])
    assert job["opts"] == {
        "attempts": 3,
        "backoff": {"type": "exponential", "delay": 1500},
        "priority": 2,
        "removeOnComplete": {"count": 10, "age": 60, "limit": 5},
        "sizeLimit": 100,
        "keepLogs": 7,
        "stackTraceLimit": 2,
    }


async def test_a_job_that_node_added_is_followed_without_a_contract(
    node: NodeClient, queues: QueueService
) -> None:
    job_id = await node.add("work", "act", {"value": {"n": 7}})
    await node.call("startWorker", queue="work", worker="worker")
    assert await queues.handle_raw("work", job_id).result(timeout=20) == {"n": 7}
