"""Reading and steering queues over HTTP."""

from httpx2 import AsyncClient

from support.gateway import problem_name
from support.jobs import Paint
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Schedule


async def add(client: AsyncClient, count: int, name: str = "paint", colour: str = "red") -> None:
    for _ in range(count):
        await client.post(f"/jobs/paint/{name}", json={"colour": colour})


async def count(client: AsyncClient, state: str) -> int:
    return (await client.get("/queues/paint")).json()["counts"][state]


async def test_queues_are_listed_with_their_counts(client: AsyncClient):
    await add(client, 2)
    [listed] = (await client.get("/queues")).json()

    assert (listed["name"], listed["paused"], listed["counts"]["waiting"]) == ("paint", False, 2)


async def test_a_queue_tells_of_its_limits_and_ages(client: AsyncClient):
    await add(client, 1)
    queue = (await client.get("/queues/paint")).json()

    assert queue["job_names"] == ["paint", "paint-once", "mix", "vanish"]
    assert queue["oldest"]["waiting"] >= 0
    assert (queue["concurrency"], queue["rate_limit"], queue["schedules"]) == (None, None, 0)


async def test_jobs_are_listed_page_by_page(client: AsyncClient):
    await add(client, 5)
    page = (await client.get("/queues/paint/jobs", params={"start": 1, "limit": 2})).json()
    newest = (await client.get("/queues/paint/jobs", params={"limit": 1, "newest_first": True})).json()
    refused = await client.get("/queues/paint/jobs", params={"state": "asleep", "limit": 1000})

    assert ([job["id"] for job in page["jobs"]], page["start"]) == (["2", "3"], 1)
    assert [job["id"] for job in newest["jobs"]] == ["5"]
    assert {each["path"] for each in refused.json()["errors"]} == {"query.state", "query.limit"}


async def test_a_queue_is_paused_and_resumed(client: AsyncClient):
    assert (await client.post("/queues/paint/pause")).status_code == 204
    assert (await client.get("/queues/paint")).json()["paused"] is True
    assert (await client.post("/queues/paint/resume")).status_code == 204
    assert (await client.get("/queues/paint")).json()["paused"] is False


async def test_failed_jobs_are_retried_and_old_ones_cleaned(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    await add(client, 3, "paint-once", "transparent")
    async with running_worker(broker.url, prefix):
        await eventually(lambda: count(client, "failed"))
        await eventually(lambda: _has_failed(client, 3))
    retried = (await client.post("/queues/paint/retry")).json()
    young = (await client.post("/queues/paint/clean", params={"state": "waiting", "older_than": 3600})).json()
    cleaned = (await client.post("/queues/paint/clean", params={"state": "waiting", "limit": 2})).json()

    assert retried == {"retried": 3}
    assert young == {"removed": []}
    assert len(cleaned["removed"]) == 2
    assert await count(client, "waiting") == 1


async def test_schedules_are_listed_shown_and_removed(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        await queues.schedule(Paint(colour="red"), Schedule.cron("0 3 * * *"), schedule_id="nightly")
    listed = (await client.get("/queues/paint/schedules")).json()
    shown = (await client.get("/queues/paint/schedules/nightly")).json()
    removed = await client.delete("/queues/paint/schedules/nightly")
    missing = await client.get("/queues/paint/schedules/nightly")

    assert (listed["total"], listed["schedules"]) == (1, [shown])
    assert (shown["pattern"], shown["tz"], shown["data"]["colour"]) == ("0 3 * * *", "UTC", "red")
    assert removed.status_code == 204
    assert (missing.status_code, problem_name(missing)) == (404, "schedule-not-found")


async def test_prometheus_is_told_of_requests_and_jobs(client: AsyncClient):
    await add(client, 2)
    await client.get("/jobs/paint/1")
    page = await client.get("/metrics", headers={"accept": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"})

    assert page.headers["content-type"].startswith("text/plain")
    assert 'toril_queue_jobs{queue="paint",state="waiting"} 2.0' in page.text
    assert (
        'toril_http_requests_total{method="GET",route="/jobs/{queue}/{job_id}",status="200"} 1.0' in page.text
    )
    assert "toril_http_streams_under_way 0.0" in page.text


async def _has_failed(client: AsyncClient, wanted: int) -> bool:
    return await count(client, "failed") == wanted
