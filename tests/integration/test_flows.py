"""Flows that are worked on: children on one queue, their parents on another, a worker for each."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from support.flow_jobs import Bind, CountWords, Illustrate, Sketch, bindery, pages, volumes
from support.waiting import eventually
from toril.backend import JobFailed, JobHandle
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Child, Flow, InvalidPayload, Job, OnFailure
from toril.types import JobState
from toril.worker import Children, ChildResult, FlowRefused, Handlers, JobContext

Act = Callable[[Bind, JobContext], Awaitable[int]]


def bind_by(act: Act) -> Handlers:
    """Handlers of `Bind` that do so."""
    handlers = Handlers()
    handlers.handles(Bind)(act)
    return handlers


async def is_in(handle: JobHandle[Any], state: JobState) -> bool:
    return await handle.state() is state


async def starts_of(handle: JobHandle[Any]) -> tuple[int, int]:
    """How often a job was started, and how many attempts that cost."""
    record = await handle.record()
    return record.attempts_started, record.attempts_made


# What the children leave for their parent


async def test_what_children_return_travels_to_their_parent_on_another_queue(
    broker: EmbeddedBroker, prefix: str
) -> None:
    """So an agent's worker, which may not write, hands its results to one that may, on a queue of its own."""
    async with bindery(broker.url, prefix) as queues:
        flow = Flow(
            Bind(title="novels"), children=[CountWords(text="to be"), CountWords(text="or not to be")]
        )
        handle = await queues.enqueue_flow(flow)
        assert await handle.result(timeout=10) == 6
        assert [await child.result() for child in handle.children_of(CountWords)] == [2, 4]
        assert await starts_of(handle) == (1, 1)


async def test_a_tree_is_worked_from_its_leaves_to_its_root(broker: EmbeddedBroker, prefix: str) -> None:
    def volume(depth: int) -> Flow[int]:
        more = [volume(depth - 1), volume(depth - 1)] if depth else []
        return Flow(Bind(title=f"volume {depth}"), children=[CountWords(text="three small words"), *more])

    async with bindery(broker.url, prefix) as queues:
        handles = await queues.enqueue_flows(volume(3) for _ in range(5))
        assert [await handle.result(timeout=20) for handle in handles] == [15 * 3] * 5


async def test_children_are_read_by_their_contracts(broker: EmbeddedBroker, prefix: str) -> None:
    seen: list[Children] = []

    async def bind(job: Bind, context: JobContext) -> int:
        seen.append(await context.children())
        return 0

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        children = [CountWords(text="one two"), Illustrate(subject="cats"), CountWords(text="three")]
        handle = await queues.enqueue_flow(Flow(Bind(title="novels"), children=children))
        await handle.result(timeout=10)
        words = {child.job_id: child.result for child in seen[0].of(CountWords)}
        assert words == {handle.children[0].job_id: 2, handle.children[2].job_id: 1}
        drawing = ChildResult("pages", handle.children[1].job_id, "illustrate", "a drawing of cats")
        assert seen[0].of(Illustrate) == [drawing]
        assert {child.result for child in seen[0].results} == {2, 1, "a drawing of cats"}
        assert seen[0].of(Bind) == []
        assert seen[0].ignored_failures == ()


async def test_what_a_child_returned_is_there_although_nothing_else_is_kept_of_it(
    broker: EmbeddedBroker, prefix: str
) -> None:
    seen: list[Children] = []

    async def bind(job: Bind, context: JobContext) -> int:
        seen.append(await context.children())
        return 0

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        children = [Sketch(subject="cats"), CountWords(text="one two")]
        handle = await queues.enqueue_flow(Flow(Bind(title="novels"), children=children))
        await handle.result(timeout=10)
        assert [(child.name, child.result) for child in seen[0].of(Sketch)] == [(None, "a sketch of cats")]
        assert [child.result for child in seen[0].of(CountWords)] == [2]
        tree = await queues.get_flow(volumes, handle.job_id)
        assert ([child.record.name for child in tree.children], tree.omitted) == (["count-words"], 1)


async def test_a_result_that_does_not_fit_its_contract_fails_the_parent_that_reads_it(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        # What a worker of another release might have returned.
        key = f"{prefix}:volumes:{context.job_id}:processed"
        async with Connection(broker.url) as connection:
            [child_key] = await connection.execute("HKEYS", key)
            await connection.execute("HSET", key, child_key, '"seven"')
        children = await context.children()
        assert [child.result for child in children.results] == ["seven"]
        return children.of(CountWords)[0].result

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        handle = await queues.enqueue_flow(Flow(Bind(title="novels"), children=[CountWords(text="one")]))
        with pytest.raises(JobFailed, match="the result of job 'count-words' in queue 'pages' does not fit"):
            await handle.result(timeout=10)


# Children that fail


@pytest.mark.parametrize("on_failure", [OnFailure.CONTINUE_PARENT, OnFailure.IGNORE])
async def test_an_ignored_failure_is_told_to_the_parent(
    broker: EmbeddedBroker, prefix: str, on_failure: OnFailure
) -> None:
    seen: list[Children] = []

    async def bind(job: Bind, context: JobContext) -> int:
        seen.append(await context.children())
        return 0

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        empty = Child(CountWords(text=""), on_failure=on_failure)
        handle = await queues.enqueue_flow(Flow(Bind(title="novels"), children=[empty]))
        await handle.result(timeout=10)
        [failure] = seen[0].ignored_failures
        assert (failure.queue, failure.job_id, failure.name) == (
            "pages",
            handle.children[0].job_id,
            "count-words",
        )
        assert failure.reason == "Unrecoverable: the page is empty"
        assert seen[0].results == ()


async def test_a_child_that_fails_fails_its_parent_unless_it_says_otherwise(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with bindery(broker.url, prefix) as queues:
        inner = Flow(Bind(title="inner"), children=[CountWords(text="")])
        handle = await queues.enqueue_flow(
            Flow(Bind(title="outer"), children=[inner, Child(CountWords(text="x"), delay=60)])
        )
        child_key = f"{prefix}:volumes:{handle.children[0].job_id}"
        with pytest.raises(JobFailed, match=f"child {child_key} failed"):
            await handle.result(timeout=10)
        with pytest.raises(JobFailed, match=r"child .*:pages:.* failed"):
            await handle.children[0].result(timeout=10)
        await queues.admin(pages).remove(handle.children[1].job_id)


async def test_a_removed_dependency_leaves_nothing_to_read(broker: EmbeddedBroker, prefix: str) -> None:
    async with bindery(broker.url, prefix) as queues:
        empty = Child(CountWords(text=""), on_failure=OnFailure.REMOVE)
        handle = await queues.enqueue_flow(
            Flow(Bind(title="novels"), children=[empty, CountWords(text="one")])
        )
        assert await handle.result(timeout=10) == 1
        counts = await queues.inspect(volumes).children_counts(handle.job_id)
        assert (counts.processed, counts.unprocessed, counts.ignored, counts.failed) == (1, 0, 0, 0)


async def test_a_parent_that_keeps_waiting_runs_when_its_failed_child_is_removed(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with bindery(broker.url, prefix) as queues:
        empty = Child(CountWords(text=""), on_failure=OnFailure.KEEP_WAITING)
        handle = await queues.enqueue_flow(Flow(Bind(title="novels"), children=[empty]))
        await eventually(lambda: is_in(handle.children[0], JobState.FAILED))
        assert await handle.state() is JobState.WAITING_CHILDREN
        await queues.admin(pages).remove(handle.children[0].job_id)
        assert await handle.result(timeout=10) == 0


# Children that a job adds while it runs


async def test_a_job_adds_children_waits_for_them_and_goes_on_where_it_was(
    broker: EmbeddedBroker, prefix: str
) -> None:
    runs: list[str] = []

    async def bind(job: Bind, context: JobContext) -> int:
        runs.append(job.step)
        if job.step == "begin":
            await context.add_children(Child(CountWords(text="two words"), delay=0.2) for _ in range(3))
            job.step = "bind"
            await context.save(job)
        await context.wait_for_children()
        children = await context.children()
        return sum(child.result for child in children.of(CountWords))

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        handle = await queues.enqueue(Bind(title="novels"))
        assert await handle.result(timeout=10) == 6
        assert runs == ["begin", "bind"]
        assert await starts_of(handle) == (2, 1)


async def test_a_parked_job_waits_and_leaves_its_worker_free(broker: EmbeddedBroker, prefix: str) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        if job.title == "short":
            return 7
        if job.step == "begin":
            await context.add_children([Child(CountWords(text="late"), delay=0.5)])
            await context.save(Bind(title=job.title, step="bind"))
        await context.wait_for_children()
        return 1

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        long = await queues.enqueue(Bind(title="long"))
        await eventually(lambda: is_in(long, JobState.WAITING_CHILDREN))
        assert await starts_of(long) == (1, 0)
        short = await queues.enqueue(Bind(title="short"))
        assert await short.result(timeout=10) == 7
        assert await long.result(timeout=10) == 1
        assert await starts_of(long) == (2, 1)


async def test_a_wait_for_no_child_goes_on(broker: EmbeddedBroker, prefix: str) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        await context.wait_for_children()
        return 3

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        handle = await queues.enqueue(Bind(title="novels"))
        assert await handle.result(timeout=10) == 3
        assert await starts_of(handle) == (1, 1)


async def test_any_number_of_children_may_be_added_flows_among_them(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        if job.title == "shelf" and job.step == "begin":
            shelf = (
                Flow(Bind(title="volume"), children=[CountWords(text="a b"), CountWords(text="c")])
                for _ in range(400)
            )
            await context.add_children(shelf)
            await context.save(Bind(title=job.title, step="bind"))
        await context.wait_for_children()
        children = await context.children()
        return sum(child.result for child in [*children.of(Bind), *children.of(CountWords)])

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        handle = await queues.enqueue(Bind(title="shelf"))
        assert await handle.result(timeout=30) == 1_200
        counts = await queues.inspect(volumes).children_counts(handle.job_id)
        assert (counts.processed, counts.unprocessed) == (400, 0)


async def test_a_run_that_is_tried_again_adds_children_with_ids_once(
    broker: EmbeddedBroker, prefix: str
) -> None:
    class Fragile(Job[int], queue=volumes, name="fragile"):
        pass

    handlers = Handlers()

    @handlers.handles(Fragile)
    async def fragile(job: Fragile, context: JobContext) -> int:
        await context.add_children([Child(CountWords(text="one two"), job_id=f"page-of-{context.job_id}")])
        await context.wait_for_children()
        children = await context.children()
        return sum(child.result for child in children.of(CountWords))

    async with bindery(broker.url, prefix, volumes_by=handlers) as queues:
        handle = await queues.enqueue(Fragile())
        assert await handle.result(timeout=10) == 2
        counts = await queues.inspect(pages).counts()
        assert counts.by_state[JobState.COMPLETED] == 1


@pytest.mark.parametrize("added_first", [True, False], ids=["while it waits", "before it waits"])
async def test_a_job_whose_added_child_fails_fails_for_good_with_that_reason(
    broker: EmbeddedBroker, prefix: str, added_first: bool
) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        if job.step == "begin":
            await context.add_children(
                [Child(CountWords(text=""), job_id="empty", delay=0.2 if added_first else 0.0)]
            )
            await context.save(Bind(title=job.title, step="bind"))
            if not added_first:
                await eventually(lambda: is_in(empty, JobState.FAILED))
        try:
            await context.wait_for_children()
        except Exception as error:
            raise AssertionError from error
        return 0

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        empty = queues.handle(CountWords, "empty")
        handle = await queues.enqueue(Bind(title="novels"))
        with pytest.raises(JobFailed) as failure:
            await handle.result(timeout=10)
        assert failure.value.reason == f"child {prefix}:pages:empty failed"


async def test_a_handler_that_catches_every_exception_still_waits(
    broker: EmbeddedBroker, prefix: str
) -> None:
    cleaned: list[str] = []

    async def bind(job: Bind, context: JobContext) -> int:
        if job.step == "begin":
            await context.add_children([Child(CountWords(text="one"), delay=0.1)])
            await context.save(Bind(title=job.title, step="bind"))
        try:
            await context.wait_for_children()
        except Exception as error:
            raise AssertionError from error
        finally:
            cleaned.append(job.step)
        return 1

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        handle = await queues.enqueue(Bind(title="novels"))
        assert await handle.result(timeout=10) == 1
        assert cleaned == ["begin", "bind"]


async def test_a_child_of_another_job_cannot_be_added(broker: EmbeddedBroker, prefix: str) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        if job.title == "thief":
            with pytest.raises(FlowRefused, match="the child of another job"):
                await context.add_children([Child(CountWords(text="mine"), job_id="shared")])
        return 0

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        owner = await queues.enqueue_flow(
            Flow(Bind(title="owner"), children=[Child(CountWords(text="x"), job_id="shared")])
        )
        await owner.result(timeout=10)
        await (await queues.enqueue(Bind(title="thief"))).result(timeout=10)


async def test_only_a_payload_of_its_own_contract_can_be_saved(broker: EmbeddedBroker, prefix: str) -> None:
    async def bind(job: Bind, context: JobContext) -> int:
        with pytest.raises(ValueError, match="'count-words' cannot be saved as the payload of a 'bind'"):
            await context.save(CountWords(text="one"))
        job.title = 7  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
        with pytest.raises(InvalidPayload, match="title"):
            await context.save(job)
        return 0

    async with bindery(broker.url, prefix, volumes_by=bind_by(bind)) as queues:
        handle = await queues.enqueue(Bind(title="novels"))
        await handle.result(timeout=10)
        assert (await handle.record()).data == '{"title":"novels","step":"begin"}'
