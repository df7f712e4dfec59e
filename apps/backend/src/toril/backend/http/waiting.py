"""Waiting for the result of a job, no longer than a request may."""

import time
from typing import Any

from starlette.requests import Request

from toril.backend.errors import JobFailed
from toril.backend.http.gateway import Gateway
from toril.backend.http.requests.leaving import unless_left
from toril.backend.services.job_handle import JobHandle
from toril.bull.errors import JobNotFound
from toril.types import EventKind

# By how much clocks may differ, and a job may have been waited for, in seconds.
LOOKED_BACK = 120.0


async def result_within(
    request: Request, gateway: Gateway, handle: JobHandle[Any], wait: float
) -> bytes | None:
    """The result as JSON; None if the job has not ended in time, or the gateway is being stopped.

    Args:
        wait: seconds; more than the gateway allows is cut to that. 0 is a look.

    Raises:
        JobFailed: the job has failed for good.
        JobNotFound: it was removed.
        InvalidResult: what was stored does not fit the contract.
        ClientDisconnect: the client has left.
    """
    longest = min(wait, gateway.settings.longest_wait)
    try:
        async with gateway.ending.within(None):
            result = await unless_left(request.receive, handle.result(timeout=longest))
    except TimeoutError:
        return None
    except JobNotFound:
        # A contract that keeps no finished jobs: it may have ended before it could be looked at.
        result = await _last_heard(gateway, handle)
    return handle.contract.encode_result(result)


async def _last_heard(gateway: Gateway, handle: JobHandle[Any]) -> Any:
    """What the queue's events say of a job that is gone.

    Raises:
        JobFailed: that it failed.
        JobNotFound: nothing.
    """
    inspector = gateway.queues.inspect(handle.queue)
    after = f"{int((time.time() - LOOKED_BACK) * 1000)}-0"
    while page := await inspector.events(after):
        for event in page:
            if event.job_id == handle.job_id and event.kind is EventKind.FAILED:
                raise JobFailed(handle.queue, handle.job_id, event.failed_reason or "", ())
            if event.job_id == handle.job_id and event.kind is EventKind.COMPLETED and event.result:
                return handle.contract.decode_result(event.result)
        after = page[-1].id
    raise JobNotFound(handle.queue, handle.job_id)
