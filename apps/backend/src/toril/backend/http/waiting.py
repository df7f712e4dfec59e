"""Waiting for the result of a job, no longer than a request may."""

from typing import Any

from starlette.requests import Request

from toril.backend.http.gateway import Gateway
from toril.backend.http.requests.leaving import unless_left
from toril.backend.services.job_handle import JobHandle


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
    return handle.contract.encode_result(result)
