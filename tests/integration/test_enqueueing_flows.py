"""Flows, as a producer adds and reads them."""

from collections.abc import AsyncIterator, Iterator

import pytest

from support.flow_jobs import Bind, CountWords, Illustrate, pages, volumes
from toril.backend import (
    FlowRefused,
    FlowTooLarge,
    InvalidJobOptions,
    InvalidQuery,
    JobNotFound,
    QueueService,
)
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Child, Flow, InvalidPayload, Job, NotAContract, OnFailure, Queue
from toril.types import JobState, JobTree


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[QueueService]:
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        yield service


async def count(queues: QueueService, queue: Queue) -> int:
    return sum((await queues.inspect(queue).counts()).by_state.values())


def volume(title: str = "novels", length: int = 2) -> Flow[int]:
    return Flow(Bind(title=title), children=[CountWords(text=f"page {number}") for number in range(length)])


async def test_a_parent_waits_for_its_children_on_another_queue(queues: QueueService) -> None:
    handle = await queues.enqueue_flow(volume())
    assert handle.queue == "volumes"
    assert await handle.state() is JobState.WAITING_CHILDREN
    assert [child.queue for child in handle.children] == ["pages", "pages"]
    records = [await child.record() for child in handle.children]
    assert [record.data for record in records] == ['{"text":"page 0"}', '{"text":"page 1"}']
    assert [record.state for record in records] == [JobState.WAITING] * 2
    assert all(
        record.parent_key and record.parent_key.endswith(f":volumes:{handle.job_id}") for record in records
    )


async def test_handles_stand_as_the_flow_does(queues: QueueService) -> None:
    inner = Flow(Bind(title="inner"), children=[Illustrate(subject="cats")])
    flow = Flow(Bind(title="outer"), children=[CountWords(text="one"), inner, Illustrate(subject="dogs")])
    handle = await queues.enqueue_flow(flow)
    names = [(await child.record()).name for child in handle.children]
    assert names == ["count-words", "bind", "illustrate"]
    [drawing] = handle.children_of(Illustrate)
    assert (await drawing.record()).data == '{"subject":"dogs"}'
    [bound] = handle.children_of(Bind)
    assert [(await each.record()).data for each in bound.children] == ['{"subject":"cats"}']


async def test_each_job_of_a_flow_has_its_own_options(queues: QueueService) -> None:
    flow = Flow(
        Bind(title="novels"),
        children=[
            Child(CountWords(text="now"), priority=7, job_id="first"),
            Child(CountWords(text="later"), delay=60.0, on_failure=OnFailure.IGNORE),
        ],
        priority=3,
        job_id="novels",
    )
    handle = await queues.enqueue_flow(flow)
    assert (handle.job_id, handle.children[0].job_id) == ("novels", "first")
    assert (await handle.record()).priority == 3
    assert await handle.children[0].state() is JobState.PRIORITIZED
    assert await handle.children[1].state() is JobState.DELAYED


async def test_a_flow_without_children_is_a_job_that_waits(queues: QueueService) -> None:
    handle = await queues.enqueue_flow(Flow(Bind(title="empty"), children=[]))
    assert await handle.state() is JobState.WAITING


async def test_a_flow_whose_jobs_have_ids_can_be_added_again_without_harm(queues: QueueService) -> None:
    flow = Flow(Bind(title="novels"), children=[Child(CountWords(text="one"), job_id="one")], job_id="novels")
    first, second = [await queues.enqueue_flow(flow) for _ in range(2)]
    assert first.job_id == second.job_id
    assert [await count(queues, queue) for queue in (pages, volumes)] == [1, 1]


async def test_a_bad_job_anywhere_in_a_flow_leaves_nothing_behind(queues: QueueService) -> None:
    broken = CountWords(text="one")
    broken.text = 7  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(InvalidPayload, match="text"):
        await queues.enqueue_flow(Flow(Bind(title="novels"), children=[CountWords(text="two"), broken]))
    for child in (Child(CountWords(text="one"), delay=-1.0), Child(CountWords(text="one"), job_id="7")):
        with pytest.raises(InvalidJobOptions):
            await queues.enqueue_flow(Flow(Bind(title="novels"), children=[child]))
    assert [await count(queues, queue) for queue in (pages, volumes)] == [0, 0]


async def test_a_flow_as_large_as_one_step_allows_is_added(queues: QueueService) -> None:
    handle = await queues.enqueue_flow(volume(length=999))
    assert len(handle.children) == 999
    assert await count(queues, pages) == 999


async def test_a_flow_that_is_too_large_is_refused_and_the_way_out_is_named(queues: QueueService) -> None:
    with pytest.raises(FlowTooLarge, match=r"1,001 jobs.*context.add_children"):
        await queues.enqueue_flow(volume(length=1_000))
    heavy = [CountWords(text="x" * 4_000_000) for _ in range(4)]
    with pytest.raises(FlowTooLarge, match=r"16,0\d\d,\d+ bytes"):
        await queues.enqueue_flow(Flow(Bind(title="heavy"), children=heavy))
    assert [await count(queues, queue) for queue in (pages, volumes)] == [0, 0]


async def test_a_child_of_another_living_parent_refuses_the_flow_whole(queues: QueueService) -> None:
    shared = Child(CountWords(text="one"), job_id="shared")
    await queues.enqueue_flow(Flow(Bind(title="first"), children=[shared]))
    with pytest.raises(
        FlowRefused, match=r"job 'shared' of queue 'pages' cannot .* another job_id"
    ) as refusal:
        await queues.enqueue_flow(Flow(Bind(title="second"), children=[CountWords(text="two"), shared]))
    assert (refusal.value.queue, refusal.value.job_id) == ("pages", "shared")
    assert [await count(queues, queue) for queue in (pages, volumes)] == [1, 1]


async def test_many_flows_are_added_in_order_and_read_as_they_are_sent(queues: QueueService) -> None:
    read: list[int] = []

    def flows() -> Iterator[Flow[int]]:
        for number in range(450):
            read.append(number)
            yield volume(f"volume {number}")

    handles = await queues.enqueue_flows(flows())
    assert len(read) == len(handles) == 450
    assert [await count(queues, queue) for queue in (pages, volumes)] == [900, 450]
    assert (await handles[449].record()).data == '{"title":"volume 449","step":"begin"}'


async def test_flows_may_come_from_an_asynchronous_source(queues: QueueService) -> None:
    async def flows() -> AsyncIterator[Flow[int]]:
        for number in range(3):
            yield volume(f"volume {number}")

    assert len(await queues.enqueue_flows(flows())) == 3


async def test_the_flows_beside_a_refused_one_are_added(queues: QueueService) -> None:
    shared = Child(CountWords(text="one"), job_id="shared")
    flows = [Flow(Bind(title=f"volume {number}"), children=[shared]) for number in range(2)]
    with pytest.raises(FlowRefused, match="shared"):
        await queues.enqueue_flows([*flows, volume()])
    assert await count(queues, volumes) == 2


def shape(tree: JobTree) -> tuple[object, ...]:
    """Data and omissions, level below level."""
    return (tree.record.data, tree.omitted, *sorted(shape(child) for child in tree.children))


async def test_a_flow_is_read_as_a_tree(queues: QueueService) -> None:
    below = Flow(Bind(title="inner"), children=[Illustrate(subject="cats")])
    handle = await queues.enqueue_flow(Flow(Bind(title="outer"), children=[CountWords(text="one"), below]))
    inner = ('{"title":"inner","step":"begin"}', 0, ('{"subject":"cats"}', 0))
    whole = ('{"title":"outer","step":"begin"}', 0, ('{"text":"one"}', 0), inner)
    for queue in ("volumes", volumes, Bind):
        assert shape(await queues.get_flow(queue, handle.job_id)) == whole
    tree = await queues.get_flow("volumes", handle.job_id)
    assert tree.record.state is JobState.WAITING_CHILDREN
    assert {child.record.queue for child in tree.children} == {"pages", "volumes"}


async def test_a_tree_is_read_no_deeper_and_no_wider_than_asked(queues: QueueService) -> None:
    handle = await queues.enqueue_flow(Flow(Bind(title="outer"), children=[volume(length=130)]))
    assert shape(await queues.get_flow(volumes, handle.job_id, depth=1)) == (
        '{"title":"outer","step":"begin"}',
        1,
    )
    [inner] = (await queues.get_flow(volumes, handle.job_id, depth=2)).children
    assert (inner.children, inner.omitted) == ((), 130)
    [inner] = (await queues.get_flow(volumes, handle.job_id, max_children=7)).children
    assert (len(inner.children), inner.omitted) == (7, 123)
    [inner] = (await queues.get_flow(volumes, handle.job_id, max_children=1_000)).children
    assert (len(inner.children), inner.omitted) == (130, 0)


async def test_a_flow_that_is_not_there_or_a_bound_out_of_range_is_refused(queues: QueueService) -> None:
    with pytest.raises(JobNotFound):
        await queues.get_flow(volumes, "gone")
    for bounds in ({"depth": 0}, {"depth": 101}, {"max_children": 0}, {"max_children": 1_001}):
        with pytest.raises(InvalidQuery, match="1 to 1"):
            await queues.get_flow(volumes, "gone", **bounds)


async def test_a_job_whose_class_has_no_name_cannot_be_asked_for(queues: QueueService) -> None:
    with pytest.raises(NotAContract, match="Job is a base for contracts"):
        await queues.get_flow(Job, "1")
