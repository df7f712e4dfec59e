"""Trees of jobs that Node adds and our worker works on."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.node_client import NodeClient, NodeError
from support.our_worker import OurWorker, our_worker
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker

pytestmark = pytest.mark.node


@pytest.fixture
async def worker(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[OurWorker]:
    """Our worker, on the children's queue."""
    async with our_worker(broker.url, prefix) as running:
        yield running


def _child(data: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {"name": "act", "queueName": "work", "data": data, "opts": options}


def _parent(*children: dict[str, Any], **options: Any) -> dict[str, Any]:
    data = {"act": "gather"}
    return {"name": "act", "queueName": "parents", "data": data, "opts": options, "children": list(children)}


async def test_a_parent_is_released_with_what_our_worker_returned_for_its_children(
    node: NodeClient, worker: OurWorker, prefix: str
) -> None:
    await node.call("startWorker", queue="parents", worker="parents")
    values = [{"calf": "señor 😀"}, None, 7]
    tree = await node.call("addFlow", flow=_parent(*[_child({"value": value}) for value in values]))
    gathered = await node.wait_until_finished("parents", tree["id"])
    assert gathered == {
        f"{prefix}:work:{child['id']}": value for child, value in zip(tree["children"], values, strict=True)
    }
    assert len(worker.starts) == 3
    events = [name for name, _ in await node.call("events", queue="parents", id=tree["id"])]
    assert events == ["added", "waiting-children", "waiting", "active", "completed"]


async def test_a_parent_waits_until_our_worker_ended_its_last_child(
    node: NodeClient, worker: OurWorker
) -> None:
    await node.call("startWorker", queue="parents", worker="parents")
    tree = await node.call(
        "addFlow", flow=_parent(_child({"value": 1}), _child({"seconds": 0.4, "value": 2}))
    )
    first = tree["children"][0]["id"]
    await node.wait_until_finished("work", first)
    assert await node.on_job("parents", tree["id"], "getState") == "waiting-children"
    gathered = await node.wait_until_finished("parents", tree["id"])
    assert sorted(gathered.values()) == [1, 2]


async def test_a_parent_fails_with_a_child_that_failed_at_our_worker(
    node: NodeClient, worker: OurWorker
) -> None:
    await node.call("startWorker", queue="parents", worker="parents")
    failing = _child({"act": "throw"}, failParentOnFailure=True)
    tree = await node.call("addFlow", flow=_parent(failing))
    with pytest.raises(NodeError, match=r"child .* failed"):
        await node.wait_until_finished("parents", tree["id"])


async def test_a_parent_goes_on_without_a_child_that_may_fail(node: NodeClient, worker: OurWorker) -> None:
    await node.call("startWorker", queue="parents", worker="parents")
    flags = ["ignoreDependencyOnFailure", "removeDependencyOnFailure", "continueParentOnFailure"]
    for flag in flags:
        tree = await node.call("addFlow", flow=_parent(_child({"act": "throw"}, **{flag: True})))
        assert await node.wait_until_finished("parents", tree["id"]) == {}, flag
        ignored = await node.on_job("parents", tree["id"], "getIgnoredChildrenFailures")
        reasons = [reason.endswith("it failed") for reason in ignored.values()]
        assert reasons == ([] if flag == "removeDependencyOnFailure" else [True]), flag


async def test_a_parent_without_a_flag_waits_until_its_failed_child_is_retried(
    node: NodeClient, worker: OurWorker
) -> None:
    await node.call("startWorker", queue="parents", worker="parents")
    tree = await node.call("addFlow", flow=_parent(_child({"act": "throw-first", "value": "calf"})))
    child = tree["children"][0]["id"]
    with pytest.raises(NodeError, match="it failed"):
        await node.wait_until_finished("work", child)
    assert await node.on_job("parents", tree["id"], "getState") == "waiting-children"
    await node.on_job("work", child, "retry", "failed")
    assert list((await node.wait_until_finished("parents", tree["id"])).values()) == ["calf"]


async def test_our_worker_works_on_a_parent_too(node: NodeClient, worker: OurWorker) -> None:
    parent = {**_parent(_child({"value": 1})), "queueName": "work", "data": {"value": "parent"}}
    tree = await node.call("addFlow", flow=parent)
    assert await node.wait_until_finished("work", tree["id"]) == "parent"
    await eventually(lambda: len(worker.starts) == 2)
    assert [start.job_id for start in worker.starts] == [tree["children"][0]["id"], tree["id"]]
