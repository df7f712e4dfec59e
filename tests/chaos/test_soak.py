"""The short form of `make soak`, and what it must find."""

import pytest

from chaos.soak.growth import growths
from chaos.soak.run import Length, soak
from chaos.soak.samples import Sample

STILL = Sample(
    at=0.0,
    done=0,
    worker_memory=100.0,
    producer_memory=50.0,
    broker_memory=8.0,
    files=45,
    threads=7,
    tasks=40,
    clients=14,
    keys=5_000,
)


def grown(samples: list[Sample]) -> list[str]:
    return [growth.figure for growth in growths(samples) if not growth.is_flat]


def test_what_leaks_slowly_is_found_and_what_swings_is_not() -> None:
    samples = [
        STILL._replace(
            done=100 * number,
            worker_memory=100.0 + 0.5 * number,
            files=45 + number // 10,
            tasks=40 + 100 * (number % 2),
            broker_memory=8.0 + number % 2,
        )
        for number in range(60)
    ]
    assert grown(samples) == ["worker_memory", "files"]


def test_what_comes_before_a_quarter_of_the_jobs_is_warming_up() -> None:
    warming = [STILL._replace(worker_memory=20.0, done=10)] * 30
    assert grown([*warming, *[STILL._replace(done=1_000)] * 30]) == []


@pytest.mark.timeout(180)
async def test_memory_files_threads_and_tasks_stay_what_they_are() -> None:
    samples = await soak(Length(jobs=8_000, seconds=12.0, samples=24), lambda _: None)
    assert samples[-1].done > 4_000
    assert grown(samples) == []
