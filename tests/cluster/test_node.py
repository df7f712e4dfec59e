"""BullMQ on Node, with ioredis, beside us on one cluster."""

from collections.abc import AsyncIterator

import pytest

from support.cluster import RunningCluster
from support.instructions import Act, Instructed
from support.node_client import NodeClient
from support.our_worker import our_worker
from toril.backend import QueueService

pytestmark = pytest.mark.node


@pytest.fixture
def prefix(name: str) -> str:
    return f"{{{name}}}"


@pytest.fixture
async def node(cluster: RunningCluster, prefix: str) -> AsyncIterator[NodeClient]:
    async with NodeClient("6", cluster.url.replace("redis://", "cluster://"), prefix) as client:
        yield client


async def test_node_adds_and_we_work(cluster: RunningCluster, node: NodeClient, prefix: str) -> None:
    async with our_worker(cluster.url, prefix):
        plain = await node.add("work", "act", {"value": 7})
        delayed = await node.add("work", "act", {"value": 8}, delay=100)
        assert await node.wait_until_finished("work", plain) == 7
        assert await node.wait_until_finished("work", delayed) == 8
        assert await node.on_queue("work", "getWorkersCount") == 1
        flow = {
            "name": "act",
            "queueName": "work",
            "data": {"act": Act.RETURN, "value": "parent"},
            "children": [{"name": "act", "queueName": "work", "data": {"value": "child"}}],
        }
        added = await node.call("addFlow", flow=flow)
        assert await node.wait_until_finished("work", added["id"]) == "parent"


async def test_we_add_and_node_works(cluster: RunningCluster, node: NodeClient, prefix: str) -> None:
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with QueueService.connect(cluster.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(Instructed(value=number) for number in range(100))
        assert [await handle.result(timeout=20) for handle in handles] == list(range(100))
        delayed = await queues.enqueue(Instructed(value="late"), delay=0.1)
        assert await delayed.result(timeout=20) == "late"
        assert len(await queues.inspect("work").workers()) == 1
