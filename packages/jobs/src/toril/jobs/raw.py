"""Jobs that nobody declared: any JSON in, any JSON out."""

from functools import lru_cache
from typing import Any

from pydantic import JsonValue, TypeAdapter

from toril.jobs.codec import Codec
from toril.jobs.contract import Contract
from toril.jobs.errors import InvalidPayload, InvalidPolicy, InvalidResult
from toril.jobs.policy import Keep, Retry, check_policy, is_name
from toril.jobs.problems import describe
from toril.jobs.queues import Queue

LONGEST_NAME = 500

_JSON: TypeAdapter[Any] = TypeAdapter(JsonValue)


class _JsonCodec(Codec[Any]):
    """Writes and reads JSON; what is only like JSON, a date or a model, is not written as if it were."""

    __slots__ = ()

    def write(self, value: Any) -> bytes:
        try:
            _JSON.validate_python(value)
        except ValueError as error:
            refusal = self._refuse(*describe(error))
        else:
            return super().write(value)
        raise refusal


@lru_cache(maxsize=256)
def raw_contract(
    queue: Queue,
    name: str,
    *,
    retry: Retry | None = None,
    keep_completed: Keep | None = None,
    keep_failed: Keep | None = None,
    size_limit: int | None = None,
    log_limit: int | None = None,
    stack_trace_limit: int | None = None,
) -> Contract[Any, Any]:
    """A contract that takes any JSON and returns any JSON. It is in no catalog, and has no version.

    Raises:
        InvalidPolicy: a value out of range.
    """
    if not is_name(name) or len(name) > LONGEST_NAME:
        raise InvalidPolicy("name", name[:LONGEST_NAME], f"1 to {LONGEST_NAME} characters")
    limits = {"size_limit": size_limit, "log_limit": log_limit, "stack_trace_limit": stack_trace_limit}
    check_policy({"keep_completed": keep_completed, "keep_failed": keep_failed, **limits})
    return Contract(
        queue=queue,
        name=name,
        version=None,
        retry=retry or Retry(attempts=1),
        timeout=None,
        keep_completed=keep_completed,
        keep_failed=keep_failed,
        size_limit=size_limit,
        log_limit=log_limit,
        stack_trace_limit=stack_trace_limit,
        job_type=object,
        place="",
        payload_codec=_JsonCodec(
            _JSON, lambda problems, omitted: InvalidPayload(queue.name, name, problems, omitted)
        ),
        result_codec=_JsonCodec(
            _JSON, lambda problems, omitted: InvalidResult(queue.name, name, problems, omitted)
        ),
    )
