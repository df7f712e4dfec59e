"""Reading and steering jobs over HTTP."""

import pytest
from httpx2 import AsyncClient

from support.gateway import problem_name
from support.workshop import running_worker
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker

RED = {"colour": "red"}


async def added(client: AsyncClient, name: str = "paint", **payload: object) -> str:
    """The address of a job that has been added."""
    accepted = await client.post(f"/jobs/paint/{name}", json=RED | payload)
    return accepted.headers["location"]


async def test_a_record_tells_everything_of_a_job(client: AsyncClient, broker: EmbeddedBroker, prefix: str):
    job = await added(client, failures=1)
    waiting = (await client.get(job)).json()
    async with running_worker(broker.url, prefix):
        result = await client.get(f"{job}/result", params={"wait": 20})
    ended = (await client.get(job)).json()
    logs = (await client.get(f"{job}/logs", params={"start": 1})).json()

    assert waiting["state"] == "waiting"
    assert waiting["data"] == {"colour": "red", "failures": 1, "seconds": 0.0}
    assert waiting["result"] is None
    assert result.json() == ended["result"] == {"colour": "red", "attempt": 2}
    assert ended["attempts_made"] == 2
    assert "no red left" in ended["stacktrace"][0]
    assert logs == {"lines": ["attempt 2"], "start": 1, "total": 2}


async def test_a_result_that_is_not_there_yet_is_no_error(client: AsyncClient):
    job = await added(client)
    pending = await client.get(f"{job}/result")

    assert pending.status_code == 202
    assert pending.json() == {"queue": "paint", "id": "1", "state": "waiting"}
    assert pending.headers["location"] == job


async def test_the_result_of_a_failed_job_is_its_reason(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    job = await added(client, "paint-once", colour="transparent")
    async with running_worker(broker.url, prefix):
        failed = await client.get(f"{job}/result", params={"wait": 20})

    assert (failed.status_code, problem_name(failed)) == (424, "job-failed")
    assert failed.json()["reason"] == "Unrecoverable: nobody would see it"


@pytest.mark.damaging
async def test_what_a_worker_stored_against_the_contract_is_not_passed_on(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    job = await added(client, "mix", answer="7")
    async with QueueService.connect(broker.url, prefix=prefix) as queues, running_worker(broker.url, prefix):
        assert (await client.get(f"{job}/result", params={"wait": 20})).json() == 7
        keys = queues.inspect("paint").keys
        session = queues._open_session()
        await session.asking.execute("HSET", keys.job("1"), "returnvalue", '"secret"')
        spoilt = await client.get(f"{job}/result")

    assert (spoilt.status_code, problem_name(spoilt)) == (502, "invalid-result")
    assert "secret" not in spoilt.text


@pytest.mark.parametrize("path", ["", "/result", "/logs", "/events"])
@pytest.mark.parametrize("job_id", ["7", "meta", "wait", "events", "id", "1:lock", "de:x", "%00", "ü"])
async def test_what_is_no_job_is_not_found(client: AsyncClient, path: str, job_id: str):
    await added(client)
    missing = await client.get(f"/jobs/paint/{job_id}{path}")

    assert (missing.status_code, problem_name(missing)) == (404, "job-not-found")


@pytest.mark.parametrize("job_id", ["7", "meta", "wait"])
async def test_what_is_no_job_is_not_steered(client: AsyncClient, job_id: str):
    await added(client)
    for answer in (
        await client.delete(f"/jobs/paint/{job_id}"),
        await client.post(f"/jobs/paint/{job_id}/retry"),
    ):
        assert (answer.status_code, problem_name(answer)) == (404, "job-not-found")


async def test_a_job_that_waits_is_cancelled(client: AsyncClient):
    job = await added(client)
    cancelled = await client.delete(job)

    assert cancelled.status_code == 204
    assert (await client.get(job)).status_code == 404


async def test_a_job_that_has_ended_is_not_cancelled_but_run_again(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    job = await added(client)
    early = await client.post(f"{job}/retry")
    async with running_worker(broker.url, prefix):
        await client.get(f"{job}/result", params={"wait": 20})
    late = await client.delete(job)
    again = await client.post(f"{job}/retry")

    assert (early.status_code, problem_name(early), early.json()["state"]) == (409, "wrong-state", "waiting")
    assert (late.status_code, problem_name(late), late.json()["state"]) == (409, "wrong-state", "completed")
    assert again.status_code == 204
    assert (await client.get(job)).json()["state"] == "waiting"


async def test_a_job_without_a_contract_is_shown_as_it_is(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        await queues.enqueue_raw("paint", "node-job", {"any": ["thing", None]})
    shown = (await client.get("/jobs/paint/1")).json()

    assert (shown["name"], shown["data"]) == ("node-job", {"any": ["thing", None]})
    assert (await client.get("/jobs/paint/1/result")).status_code == 202
