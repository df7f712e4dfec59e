"""The gateway's routes in an application of one's own, against the real packages."""

from typing import Annotated, assert_type

from fastapi import APIRouter, Depends, FastAPI

from toril.backend import JobHandle, QueueService
from toril.backend.http import ApiKeys, GatewaySettings, Scope, create_app, job_router, queue_service
from toril.jobs import Catalog, Job, Queue

panes = Queue("types-gateway-panes")


class Glaze(Job[int], queue=panes, name="glaze"):
    size: int


app = FastAPI()
service = QueueService.connect("redis://localhost")
router = job_router(service, Catalog.load("contracts"), scopes=["enqueue", Scope.READ])
assert_type(router, APIRouter)
app.include_router(router, prefix="/api")
job_router(
    service, [Glaze.contract()], keys=ApiKeys.from_environment(), settings=GatewaySettings(heartbeat=5.0)
)
job_router(service, [Glaze])  # error: reportArgumentType list-item
job_router("redis://localhost", [Glaze.contract()])  # error: QueueService
GatewaySettings(most_streams="many")  # error: most_streams
assert_type(create_app(service, [Glaze.contract()]), FastAPI)


@app.post("/glaze")
async def glaze(size: int, queues: Annotated[QueueService, Depends(queue_service)]) -> str:
    handle = await queues.enqueue(Glaze(size=size))
    assert_type(handle, JobHandle[int])
    async with queues.follow(panes, handle.job_id) as subscription:
        await subscription.next(1.0)
        await subscription.next("soon")  # error: float
    return handle.job_id
