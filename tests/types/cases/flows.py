"""Flows: their parents' results are known, and so are their children's."""

from typing import Any, assert_type

from pydantic import BaseModel

from toril.backend import FlowHandle, JobHandle, QueueService
from toril.jobs import Child, Flow, Job, OnFailure, Queue
from toril.types import JobRecord, JobTree
from toril.worker import ChildResult, Handlers, IgnoredFailure, JobContext

agents = Queue("types-flows-agents")
archive = Queue("types-flows-archive")


class Summary(BaseModel):
    text: str


class Summarise(Job[Summary], queue=agents, name="summarise"):
    path: str


class Count(Job[int], queue=agents, name="count"):
    path: str


class Store(Job[bool], queue=archive, name="store"):
    name: str


def library(paths: list[str]) -> Flow[bool]:
    return Flow(
        Store(name="library"),
        children=[
            *[Summarise(path=path) for path in paths],
            Child(Count(path="a"), on_failure=OnFailure.IGNORE, delay=5.0, job_id="a"),
            Flow(Store(name="inner"), children=[Count(path="b")], priority=3),
            Child(Flow(Store(name="other"), children=[]), on_failure=OnFailure.REMOVE),
        ],
        job_id="library",
    )


async def produce(queues: QueueService) -> None:
    handle = await queues.enqueue_flow(library(["a", "b"]))
    assert_type(handle, FlowHandle[bool])
    assert_type(await handle.result(), bool)
    assert_type(handle.children, tuple[FlowHandle[Any], ...])
    assert_type(handle.children_of(Summarise), list[FlowHandle[Summary]])
    assert_type(await handle.children_of(Count)[0].result(), int)
    assert_type(await queues.enqueue_flows(library([path]) for path in "ab"), list[JobHandle[bool]])

    tree = await queues.get_flow(Store, handle.job_id, depth=3, max_children=100)
    assert_type(tree, JobTree)
    assert_type(tree.children[0].record, JobRecord)

    wrong: Flow[str] = library([])  # error: bool
    text: str = await handle.result()  # error: bool
    await queues.enqueue_flow(Store(name="library"))  # error: Flow
    Flow(Store(name="library"), children=["a"])  # error: reportArgumentType list-item
    Flow("library", children=[])  # error: reportArgumentType arg-type
    Child(Count(path="a"), on_failure="ignore")  # error: OnFailure
    assert wrong
    assert text


handlers = Handlers()


@handlers.handles(Store)
async def store(job: Store, context: JobContext) -> bool:
    await context.add_children([Summarise(path="c"), Child(Count(path="c")), library([])])
    await context.save(job)
    await context.wait_for_children()
    children = await context.children()
    assert_type(children.of(Summarise), list[ChildResult[Summary]])
    assert_type(children.of(Summarise)[0].result.text, str)
    assert_type(children.ignored_failures, tuple[IgnoredFailure, ...])
    await context.add_children(["c"])  # error: reportArgumentType list-item
    await context.save("c")  # error: Job
    return children.of(Count)[0].result  # error: bool
