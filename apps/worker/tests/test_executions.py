"""The jobs that run in a worker."""

import asyncio
from typing import Any

from support.jobs import Paint, Painted, PaintOnce, paint
from toril.bull.intake import TakenJob
from toril.bull.outcomes import Completed, Failed, Outcome
from toril.types import CANCELLED
from toril.types.job_options import JobOptions
from toril.worker import Handlers, JobContext
from toril.worker.execution import Executor
from toril.worker.executions import MOST_REMEMBERED, Executions


def taken(job_id: str, token: str) -> TakenJob:
    return TakenJob(
        id=job_id,
        name="paint",
        data=b'{"colour":"red"}',
        token=token,
        options=JobOptions(),
        attempts_made=0,
        attempts_started=1,
        stalled_count=0,
        enqueued_at=1.0,
        deferred_failure=None,
        earlier_stacktrace=None,
        unknown_since=None,
    )


async def run(cancelled: list[tuple[str, str]], job: TakenJob) -> tuple[list[Outcome], list[str]]:
    """What becomes of a job, and which were started, if these runs were cancelled before it was known."""
    outcomes: list[Outcome] = []
    starts: list[str] = []
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint_it(job: Paint, context: JobContext) -> Painted:
        starts.append(context.job_id)
        return Painted(colour=job.colour, attempt=context.attempt)

    def ended(outcome: Outcome | None) -> None:
        if outcome is not None:
            outcomes.append(outcome)

    nothing: Any = None  # neither feedback nor children nor schedules are needed
    served: Any = handlers.of_queue(paint)
    executor = Executor("paint", served, nothing, nothing, nothing, bound=nothing, unknown_grace=1.0)
    async with asyncio.TaskGroup() as group:
        executions = Executions("paint", group, executor, ended=ended)
        for job_id, token in cancelled:
            executions.cancel(job_id, token)
        executions.start([job])
    return outcomes, starts


async def test_a_job_whose_cancellation_is_heard_before_it_arrives_is_not_started() -> None:
    outcomes, starts = await run([("1", "ours")], taken("1", "ours"))
    assert outcomes == [Failed("1", "ours", CANCELLED, (), 1, None)]
    assert starts == []


async def test_another_run_of_a_cancelled_job_is_started() -> None:
    _, starts = await run([("1", "another")], taken("1", "ours"))
    assert starts == ["1"]


async def test_only_so_many_cancellations_of_unknown_jobs_are_remembered() -> None:
    elsewhere = [(str(number), "another") for number in range(MOST_REMEMBERED)]
    _, starts = await run([("1", "ours"), *elsewhere], taken("1", "ours"))
    assert starts == ["1"]


async def test_the_bound_of_a_timeout_begins_as_the_handler_does() -> None:
    """Before that its schedule may have waited for a Redis that is gone, for longer than the timeout."""
    steps: list[object] = []
    handlers = Handlers()

    @handlers.handles(PaintOnce)
    async def paint_once(job: PaintOnce, context: JobContext) -> Painted:
        steps.append("run")
        return Painted(colour=job.colour, attempt=context.attempt)

    class Schedules:
        async def keep_going(self, *_: object) -> None:
            steps.append("continued")

    def bound(job_id: str, token: str, seconds: float) -> None:
        steps.append((job_id, token, seconds))

    nothing: Any = None
    schedules: Any = Schedules()
    served: Any = handlers.of_queue(paint)
    executor = Executor("paint", served, nothing, nothing, schedules, bound=bound, unknown_grace=1.0)
    outcome = await executor.execute(taken("1", "ours")._replace(name="paint-once", schedule_key="daily"))
    assert isinstance(outcome, Completed)
    assert steps == ["continued", ("1", "ours", 0.2), "run"]
