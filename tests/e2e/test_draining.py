"""A rolling deploy: worker processes end and others take over, with nothing lost and no attempt burnt."""

import signal
from pathlib import Path

import pytest

from support.household import Start
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.inspect import QueueInspector

pytestmark = pytest.mark.timeout(120)

WORKER = ("worker", "household:handlers", "--queue", "chores", "--concurrency", "5", "--grace", "0.5")


async def test_what_is_handed_back_is_taken_by_another_process_at_once_and_unharmed(
    toril: Start, url: str
) -> None:
    async with QueueService.connect(url) as queues:
        inspector = queues.inspect("chores")
        hanging = [await _add(queues, "hang", priority) for priority in (0, 0, 0, 1, 2)]
        with toril(*WORKER) as old:
            await eventually(lambda: _all_begun(inspector, hanging, times=1))
            with toril(*WORKER) as new:
                await eventually(lambda: "worker started" in new.log)
                old.send(signal.SIGTERM)
                assert old.exit_code() == 0, old.log
                await eventually(lambda: _all_begun(inspector, hanging, times=2))
                for job_id in hanging:
                    record = await inspector.job(job_id)
                    assert record is not None
                    # They were handed over: nobody found that a lock had run out.
                    assert (record.attempts_started, record.attempts_made, record.stalled_count) == (2, 0, 0)
                new.send(signal.SIGTERM)
                assert new.exit_code() == 0, new.log


async def test_a_deploy_under_load_runs_each_job_once(toril: Start, url: str, folder: Path) -> None:
    async with QueueService.connect(url) as queues:
        resting = [await _add(queues, "rest") for _ in range(5)]
        inspector = queues.inspect("chores")
        with toril(*WORKER[:-1], "60") as old:
            await eventually(lambda: _all_begun(inspector, resting, times=1))
            waiting = [await _add(queues, "return") for _ in range(200)]
            with toril(*WORKER) as new:
                old.send(signal.SIGTERM)
                for job_id in waiting:
                    assert await queues.handle_raw("chores", job_id).result(timeout=60) == "done"
                (folder / "rested").touch()
                assert old.exit_code() == 0, old.log
                for job_id in resting:
                    assert await queues.handle_raw("chores", job_id).result(timeout=60) == "done"
                new.send(signal.SIGTERM)
                assert new.exit_code() == 0, new.log
        assert await _all_begun(inspector, resting + waiting, times=1)


async def _add(queues: QueueService, does: str, priority: int = 0) -> str:
    handle = await queues.enqueue_raw("chores", "chore", {"does": does}, priority=priority)
    return handle.job_id


async def _all_begun(inspector: QueueInspector, job_ids: list[str], *, times: int) -> bool:
    return all([(await inspector.logs(job_id)).lines == ["begun"] * times for job_id in job_ids])
