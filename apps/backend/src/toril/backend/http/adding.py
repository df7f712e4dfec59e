"""Adding one job in the name of a client, by a route of its own or by a line of a batch."""

from dataclasses import dataclass
from typing import Any

from toril.backend.http.access.caller import Caller
from toril.backend.http.gateway import Gateway
from toril.backend.http.requests.idempotency import idempotent
from toril.backend.services.job_handle import JobHandle
from toril.jobs import Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """What a client wants beyond the contract."""

    delay: float = 0.0
    priority: int = 0
    expires_in: float | None = None
    idempotency_key: str | None = None


async def add_job(
    gateway: Gateway, caller: Caller, contract: Contract[Any, Any], data: bytes, options: AddOptions
) -> JobHandle[Any]:
    """Adds a job whose payload is the JSON `data`.

    Raises:
        InvalidPayload: it does not fit the contract; nothing is stored.
        IdempotencyKeyReused: the key stands for a job with another payload; nothing is stored.
        BrokerUnavailable: Redis did not answer in time; the job may have been added.
    """
    job = contract.decode(data)
    chosen: dict[str, Any] = {
        "delay": options.delay,
        "priority": options.priority,
        "expires_in": options.expires_in,
    }
    if options.idempotency_key is None:
        return await gateway.queues.enqueue(job, **chosen)
    once = idempotent(
        options.idempotency_key,
        key_id=caller.key_id,
        name=contract.name,
        payload=contract.encode(job),
        window=gateway.settings.idempotency_window,
    )
    handle = await gateway.queues.enqueue(job, job_id=once.job_id, deduplicate=once.deduplicate, **chosen)
    once.check(handle.queue, handle.job_id)
    return handle
