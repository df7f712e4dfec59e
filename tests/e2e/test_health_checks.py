"""Health checks of `toril worker --health-port`, for one process and for several."""

import json
import signal
from pathlib import Path

import psutil
import pytest

from support.health_checks import get, is_ready, port_of
from support.household import Start, add, processes_in
from support.waiting import eventually

pytestmark = pytest.mark.timeout(120)


async def test_one_process_answers_on_its_port(toril: Start, url: str) -> None:
    with toril("worker", "household:handlers", "--queue", "chores", "--health-port", "0") as worker:
        port = await port_of(worker)
        await eventually(lambda: is_ready(port))
        await add(toril, "rest")
        assert (await get(port, "/healthz")).status == 200
        assert 'toril_consuming{queue="chores",worker=""} 1.0' in (await get(port, "/metrics")).body
        worker.send(signal.SIGTERM)
        await eventually(lambda: "worker stopping" in worker.log)
        assert not await is_ready(port)


async def test_one_port_tells_of_all_processes(toril: Start, url: str, folder: Path) -> None:
    options = ("--processes", "2", "--health-port", "0")
    with toril("worker", "household:handlers", "--queue", "chores", *options) as supervisor:
        port = await port_of(supervisor)
        await eventually(lambda: is_ready(port))
        status, _, body = await get(port, "/healthz")
        assert (status, sorted(json.loads(body)["processes"])) == (200, ["1", "2"])
        metrics = (await get(port, "/metrics")).body
        for process in ("1", "2"):
            assert f'toril_consuming{{process="{process}",queue="chores",worker=""}} 1.0' in metrics

        _, second = psutil.Process(supervisor.pid).children()
        second.suspend()
        try:
            # Nobody is ready before all are; but silence counts as unwell only after a while.
            assert not await is_ready(port)
            assert (await get(port, "/healthz")).status == 200
            assert 'toril_up{process="2"} 0.0' in (await get(port, "/metrics")).body
        finally:
            second.resume()
        await eventually(lambda: is_ready(port))
        supervisor.send(signal.SIGTERM)
        assert supervisor.exit_code() == 0, supervisor.log
    assert processes_in(folder) == []


async def test_a_port_that_is_taken_is_a_clear_line(toril: Start, url: str) -> None:
    with toril("worker", "household:handlers", "--health-port", "0") as first:
        port = await port_of(first)
        with toril("worker", "household:handlers", "--health-port", str(port)) as second:
            assert second.exit_code() != 0
            assert f"cannot answer health checks on 127.0.0.1:{port}: Address already in use" in second.log
            assert "Traceback" not in second.log
        first.send(signal.SIGTERM)
        assert first.exit_code() == 0, first.log
