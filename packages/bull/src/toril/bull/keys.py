"""Every key of a queue, named once (bullmq-protocol §1)."""

from dataclasses import dataclass

from toril.bull.errors import InvalidQueueName

DEFAULT_PREFIX = "bull"


@dataclass(frozen=True, slots=True)
class QueueKeys:
    """The Redis keys of one queue.

    Args:
        queue: the queue's name; not empty and without ":", which separates the parts of a key.
        prefix: the first part of every key. On a cluster it carries the hash tag: `{bull}`.

    Raises:
        InvalidQueueName: the name is empty or contains ":".
    """

    queue: str
    prefix: str = DEFAULT_PREFIX

    def __post_init__(self) -> None:
        if not self.queue or ":" in self.queue:
            raise InvalidQueueName(self.queue)

    @property
    def qualified(self) -> str:
        """`prefix:queue`, as a child notes the queue of its parent."""
        return f"{self.prefix}:{self.queue}"

    @property
    def base(self) -> str:
        """What every key of the queue begins with: `prefix:queue:`."""
        return f"{self.prefix}:{self.queue}:"

    @property
    def wait(self) -> str:
        return self.base + "wait"

    @property
    def active(self) -> str:
        return self.base + "active"

    @property
    def prioritized(self) -> str:
        return self.base + "prioritized"

    @property
    def delayed(self) -> str:
        return self.base + "delayed"

    @property
    def meta(self) -> str:
        return self.base + "meta"

    @property
    def id(self) -> str:
        return self.base + "id"

    @property
    def events(self) -> str:
        return self.base + "events"

    @property
    def relayed(self) -> str:
        """Which rows of outboxes the queue has had."""
        return self.base + "meta:outbox"

    @property
    def marker(self) -> str:
        return self.base + "marker"

    @property
    def cancelled(self) -> str:
        """No key, but the channel that tells which running jobs are to be cancelled."""
        return self.base + "cancelled"

    def deduplication(self, key: str) -> str:
        return f"{self.base}de:{key}"

    def job(self, job_id: str) -> str:
        return self.base + job_id

    def logs(self, job_id: str) -> str:
        return f"{self.base}{job_id}:logs"

    def lock(self, job_id: str) -> str:
        return f"{self.base}{job_id}:lock"

    def dependencies(self, job_id: str) -> str:
        return f"{self.base}{job_id}:dependencies"

    def processed(self, job_id: str) -> str:
        return f"{self.base}{job_id}:processed"

    def ignored(self, job_id: str) -> str:
        """The failures of children that do not stop their parent: what BullMQ calls `failed` in a key."""
        return f"{self.base}{job_id}:failed"

    def unsuccessful(self, job_id: str) -> str:
        return f"{self.base}{job_id}:unsuccessful"
