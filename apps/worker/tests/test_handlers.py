"""Which function runs which job."""

from typing import Literal

import pytest
from pydantic import JsonValue

from toril.jobs import Job, Queue, Retry, custom
from toril.types import JobRecord
from toril.worker import (
    DuplicateBackoff,
    DuplicateHandler,
    Handlers,
    JobContext,
    NoHandlers,
    RateLimit,
    UnknownBackoff,
    UnsuitableHandler,
    WorkerFactory,
    WorkerSettings,
)

tiles = Queue("worker-test-tiles")


class Fire(Job[int], queue=tiles, name="fire"):
    degrees: int


async def fire(job: Fire, context: JobContext) -> int:
    return job.degrees


def test_a_handler_is_found_by_its_queue_and_name() -> None:
    handlers = Handlers()
    assert handlers.handles(Fire)(fire) is fire
    assert handlers.of_queue(tiles).names == ["fire"]
    assert not handlers.of_queue(Queue("worker-test-others"))
    assert handlers.queues() == [tiles]


def test_a_second_handler_for_a_contract_is_refused_and_both_places_are_named() -> None:
    handlers = Handlers()
    handlers.handles(Fire)(fire)

    async def fire_again(job: Fire, context: JobContext) -> int:
        return 0

    with pytest.raises(DuplicateHandler) as refused:
        handlers.handles(Fire)(fire_again)
    assert "test_handlers.fire (" in refused.value.first
    assert "fire_again" in refused.value.second
    assert refused.value.first in str(refused.value)
    assert refused.value.second in str(refused.value)


def test_a_job_without_a_handler_of_its_own_goes_to_the_one_for_all_others() -> None:
    handlers = Handlers()
    handlers.handles(Fire)(fire)

    @handlers.otherwise(tiles)
    async def anything(job: JobRecord, context: JobContext) -> JsonValue:
        return job.data

    found = handlers.of_queue(tiles)
    typed, raw = found.find("fire"), found.find("glaze")
    assert typed is not None
    assert typed.function is fire
    assert raw is not None
    assert raw.function is anything


def test_a_queue_may_have_nothing_but_a_handler_for_all_jobs() -> None:
    handlers = Handlers()

    @handlers.otherwise(tiles)
    async def anything(job: JobRecord, context: JobContext) -> JsonValue:
        return None

    assert handlers.queues() == [tiles]
    found = handlers.require(tiles)
    assert (found.names, found.served) == ([], ["*"])


def test_a_second_handler_for_all_other_jobs_is_refused() -> None:
    handlers = Handlers()

    async def anything(job: JobRecord, context: JobContext) -> JsonValue:
        return None

    async def anything_else(job: JobRecord, context: JobContext) -> JsonValue:
        return None

    handlers.otherwise(tiles)(anything)
    with pytest.raises(DuplicateHandler, match=r"anything .*anything_else"):
        handlers.otherwise(tiles)(anything_else)


class Dry(
    Job[None], queue=Queue("worker-test-racks"), name="dry", retry=Retry(attempts=3, backoff=custom("slow"))
):
    """Names a backoff of its own."""


def test_a_contract_whose_backoff_no_strategy_makes_is_refused_as_a_worker_is_made() -> None:
    handlers = Handlers()

    @handlers.handles(Dry)
    async def dry(job: Dry, context: JobContext) -> None: ...

    with pytest.raises(UnknownBackoff, match="slow"):
        WorkerFactory("redis://localhost", handlers).create(Queue("worker-test-racks"))
    handlers.backoff("slow")(lambda attempts_made, error: 60.0)
    WorkerFactory("redis://localhost", handlers).create(Queue("worker-test-racks"))


def test_a_second_strategy_for_a_kind_of_backoff_is_refused() -> None:
    handlers = Handlers()
    handlers.backoff("slow")(lambda attempts_made, error: 60.0)
    with pytest.raises(DuplicateBackoff, match="slow"):
        handlers.backoff("slow")(lambda attempts_made, error: 6.0)
    with pytest.raises(ValueError, match="backoff kind"):
        handlers.backoff("fixed")


def test_a_function_that_is_no_coroutine_function_is_refused() -> None:
    def plain(job: Fire, context: JobContext) -> int:
        return 0

    with pytest.raises(UnsuitableHandler, match="async def"):
        Handlers().handles(Fire)(plain)  # type: ignore[arg-type]


@pytest.mark.parametrize("runs_in", ["thread", "process"])
def test_a_coroutine_function_that_is_to_run_elsewhere_is_refused(
    runs_in: Literal["thread", "process"],
) -> None:
    async def coroutine(job: Fire, context: JobContext) -> int:
        return 0

    with pytest.raises(UnsuitableHandler, match=f"runs in a {runs_in}: declare it with `def`"):
        Handlers().handles(Fire, runs_in=runs_in)(coroutine)  # type: ignore[arg-type]


def test_a_function_that_takes_no_context_is_refused() -> None:
    async def alone(job: Fire) -> int:
        return 0

    with pytest.raises(UnsuitableHandler, match="cannot be called with"):
        Handlers().handles(Fire)(alone)  # type: ignore[arg-type]


def test_a_worker_for_a_queue_without_handlers_is_refused_and_the_others_are_named() -> None:
    handlers = Handlers()
    handlers.handles(Fire)(fire)
    factory = WorkerFactory("redis://127.0.0.1:1", handlers)
    with pytest.raises(NoHandlers, match="'worker-test-tiles'"):
        factory.create(Queue("worker-test-others"))


@pytest.mark.parametrize(
    "settings",
    [
        {"concurrency": 0},
        {"lock_duration": 0.0},
        {"stalled_interval": float("inf")},
        {"grace": -1.0},
        {"unknown_grace": float("nan")},
        {"name": "with space"},
        {"name": ""},
        {"most_starts": 0},
        {"limit": RateLimit(0, 1.0)},
        {"limit": RateLimit(1, 0.0)},
        {"limit": RateLimit(1, float("nan"))},
        {"metrics_minutes": 0},
        {"metrics_minutes": 100_000},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        WorkerSettings(**settings)  # type: ignore[arg-type]
