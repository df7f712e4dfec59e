"""What an Idempotency-Key stands for.

The key is held as a deduplication key, for a while, however soon its job ends; whoever sends it meanwhile
gets that job. The job's id holds a hash of its payload, by which another payload under the key is noticed.
"""

from hashlib import sha256
from json import dumps
from typing import Annotated, NamedTuple

from fastapi import Header

from toril.backend.http.errors import IdempotencyKeyReused
from toril.jobs import Deduplicate

LONGEST_KEY = 255

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=LONGEST_KEY,
        pattern=r"^[!-~]+$",
        description="Sent again with the same payload, it answers with the same job.",
    ),
]


class Idempotent(NamedTuple):
    """By what a job is added at most once."""

    job_id: str
    deduplicate: Deduplicate

    def check(self, queue: str, job_id: str) -> None:
        """Raises IdempotencyKeyReused if the job that holds the key is one of another payload."""
        if job_id != self.job_id:
            raise IdempotencyKeyReused(queue, job_id)


def idempotent(key: str, *, key_id: str | None, name: str, payload: bytes, window: float) -> Idempotent:
    """The same for the same key of the same client, kind of job and payload.

    Args:
        key_id: the client's API key, so that clients cannot come upon each other's jobs.
        name: the job's name.
        window: for how many seconds the key stands for the job.
    """
    said = sha256(dumps([key_id, name, key]).encode()).hexdigest()[:40]
    return Idempotent(
        f"once-{said}-{sha256(payload).hexdigest()[:16]}", Deduplicate(f"once-{said}", ttl=window)
    )
