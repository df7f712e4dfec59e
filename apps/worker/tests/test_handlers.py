"""Which function runs which job."""

import pytest

from toril.jobs import Job, Queue
from toril.worker import (
    DuplicateHandler,
    Handlers,
    JobContext,
    NoHandlers,
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
    assert list(handlers.of_queue(tiles)) == ["fire"]
    assert handlers.of_queue(Queue("worker-test-others")) == {}
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


def test_a_function_that_is_no_coroutine_function_is_refused() -> None:
    def plain(job: Fire, context: JobContext) -> int:
        return 0

    with pytest.raises(UnsuitableHandler, match="async def"):
        Handlers().handles(Fire)(plain)  # type: ignore[arg-type]


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
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        WorkerSettings(**settings)  # type: ignore[arg-type]
