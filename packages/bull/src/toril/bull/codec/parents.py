"""What a child notes of its parent: once in its hash, and once among its options."""

from toril.bull.codec.json_values import JsonObject, encode_json, joined
from toril.types import OnFailure

_FLAGS: dict[OnFailure, JsonObject] = {
    OnFailure.FAIL_PARENT: {"fpof": True},
    OnFailure.CONTINUE_PARENT: {"cpof": True},
    OnFailure.IGNORE: {"idof": True},
    OnFailure.REMOVE: {"rdof": True},
    OnFailure.KEEP_WAITING: {},
}


def encode_parent(qualified: str, job_id: str, on_failure: OnFailure) -> bytes:
    """The field `parent` of a child's hash; `qualified` is `prefix:queue` of the parent."""
    return encode_json({"id": job_id, "queueKey": qualified, **_FLAGS[on_failure]})


def with_parent(options: bytes, qualified: str, job_id: str, on_failure: OnFailure) -> bytes:
    """`opts` of a child, of which `options` is the rest."""
    return joined(options, {"parent": {"id": job_id, "queue": qualified}, **_FLAGS[on_failure]})
