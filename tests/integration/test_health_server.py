"""What is answered to those who ask over HTTP how a worker is doing."""

import json
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.health_checks import Told, ask, get
from support.jobs import Paint, Painted, handlers, paint
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import JobFailed, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.worker import Handlers, HealthServer, HealthServerFailed, JobContext, Worker, WorkerFactory
from toril.worker.monitoring.exposition import expose, merge
from toril.worker.monitoring.server import MOST_REQUESTS
from toril.worker.monitoring.tally import Ending


async def metrics(server: HealthServer) -> dict[tuple[str, str], float]:
    """The samples of the queue, by name and the one label that is not the queue's or the worker's."""
    told = await get(server.port, "/metrics")
    assert (told.status, told.content_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    return {
        (sample.name, sample.labels.get("outcome") or sample.labels.get("le", "")): sample.value
        for family in text_string_to_metric_families(told.body)
        for sample in family.samples
        if sample.labels.get("queue") == "paint"
    }


async def status_is(server: HealthServer, path: str, status: int) -> bool:
    return (await get(server.port, path)).status == status


async def test_a_worker_is_healthy_and_ready_while_it_consumes(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_worker(broker.url, prefix) as worker:
        with HealthServer.of_workers([worker]) as server:
            await eventually(lambda: status_is(server, "/readyz", 200))
            told = await get(server.port, "/healthz")
            assert (told.status, told.content_type) == (200, "application/json")
            [state] = json.loads(told.body)["workers"]
            assert (state["queue"], state["is_consuming"], state["faults"]) == ("paint", True, [])
            await worker.pause()
            assert (await get(server.port, "/readyz")).status == 503
            assert (await get(server.port, "/healthz")).status == 200
            assert (await get(server.port, "/nothing")).status == 404
            assert (await get(server.port, "/healthz", "HEAD")).body == ""
            assert (await get(server.port, "/healthz", "POST")).status == 501


async def test_the_server_answers_while_the_event_loop_is_blocked_and_says_so(
    broker: EmbeddedBroker, prefix: str
) -> None:
    blocking = Handlers()
    told: list[Told] = []

    @blocking.handles(Paint)
    async def block(job: Paint, context: JobContext) -> Painted:
        deadline = time.monotonic() + 40.0
        while not told and time.monotonic() < deadline:
            time.sleep(0.05)  # noqa: ASYNC251 - what a careless handler does
        return Painted(colour=job.colour, attempt=context.attempt)

    def watch(port: int) -> None:
        while True:
            answer = ask(port, "/healthz")
            if answer.status == 503:
                told.append(answer)
                return
            time.sleep(0.1)

    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix, handlers=blocking) as worker,
    ):
        with HealthServer.of_workers([worker]) as server:
            watcher = threading.Thread(target=watch, args=(server.port,))
            watcher.start()
            await (await queues.enqueue(Paint(colour="red"))).result(timeout=50)
            watcher.join()
            assert "the event loop is held up" in told[0].body
            assert await eventually(lambda: status_is(server, "/healthz", 200))


async def test_what_was_done_is_counted(broker: EmbeddedBroker, prefix: str) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        with HealthServer.of_workers([worker]) as server:
            for handle in await queues.enqueue_many(Paint(colour="red", failures=1) for _ in range(20)):
                await handle.result(timeout=20)
            hopeless = await queues.enqueue(Paint(colour="red", failures=5))
            with pytest.raises(JobFailed):
                await hopeless.result(timeout=20)
            cancelled = await queues.enqueue(Paint(colour="red", seconds=60))
            await eventually(lambda: _runs(worker))
            await cancelled.cancel()
            await eventually(lambda: not _runs(worker))
            await eventually(lambda: _counted(server, "cancelled"))

            samples = await metrics(server)
            assert samples["toril_runs_total", "completed"] == 20
            assert samples["toril_runs_total", "retried"] == 22
            assert samples["toril_runs_total", "failed"] == 1
            assert samples["toril_runs_total", "cancelled"] == 1
            assert samples["toril_consuming", ""] == 1
            assert samples["toril_jobs_running", ""] == 0
            assert samples["toril_time_in_queue_seconds_count", ""] == 22
            assert samples["toril_run_time_seconds_count", ""] == 44
            assert samples["toril_run_time_seconds_bucket", "+Inf"] == 44
            assert 0 < samples["toril_batch_size_jobs_count", ""] <= 88


def _runs(worker: Worker) -> bool:
    return worker.health.running == 1


async def _counted(server: HealthServer, outcome: str) -> float:
    return (await metrics(server))["toril_runs_total", outcome]


def test_an_address_that_is_taken_is_a_clear_error() -> None:
    with HealthServer.of_workers([]) as server:
        with pytest.raises(HealthServerFailed, match=f"127.0.0.1:{server.port}: Address already in use"):
            HealthServer.of_workers([], port=server.port).__enter__()


def test_it_listens_to_this_machine_alone_unless_told_otherwise() -> None:
    with HealthServer.of_workers([]) as server:
        assert server.host == "127.0.0.1"


def test_clients_that_say_nothing_do_not_take_more_than_so_many_places() -> None:
    idle: list[Any] = []
    with HealthServer.of_workers([]) as server:
        try:
            while len(idle) <= MOST_REQUESTS:
                idle.append(socket.create_connection(("127.0.0.1", server.port)))
            idle[-1].settimeout(20)
            assert idle[-1].recv(1) == b""
        finally:
            for connection in idle:
                connection.close()


def test_a_client_that_says_a_letter_now_and_then_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toril.worker.monitoring.server.REQUEST_WITHIN", 0.5)
    with (
        HealthServer.of_workers([]) as server,
        socket.create_connection(("127.0.0.1", server.port)) as slow,
        pytest.raises(OSError, match=r"reset|[Bb]roken pipe"),
    ):
        send_slowly(slow, b"GET /" + b"a" * 200)


def send_slowly(connection: socket.socket, said: bytes) -> None:
    for letter in said:
        connection.sendall(bytes([letter]))
        time.sleep(0.1)


def test_every_metric_is_in_the_handbook(broker: EmbeddedBroker) -> None:
    handbook = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    named = set(re.findall(r"^\| `(toril_\w+)`", handbook, re.MULTILINE))
    worker = WorkerFactory(broker.url, handlers).create(paint)
    exposed = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in text_string_to_metric_families(merge({"1": expose([worker]).decode()}).decode())
    }
    assert {name for name in exposed if name.startswith("toril_")} == named
    assert {ending.value for ending in Ending} <= set(re.findall(r"`(\w+)`", handbook))
