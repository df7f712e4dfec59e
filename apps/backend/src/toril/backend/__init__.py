"""The producer: typed jobs in, handles out."""

from toril.backend.errors import BackendError, JobFailed, ServiceClosed
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.queue_service import QueueService
from toril.bull.errors import (
    BrokerMisconfigured,
    BrokerUnavailable,
    EmbeddedBrokerFailed,
    InvalidBrokerURL,
    InvalidJobOptions,
    InvalidQueueName,
    JobNotCancellable,
    JobNotFound,
)
from toril.bull.inspect import JobOutcome, QueueCounts, QueueInspector

__all__ = [
    "BackendError",
    "BrokerMisconfigured",
    "BrokerUnavailable",
    "EmbeddedBrokerFailed",
    "InvalidBrokerURL",
    "InvalidJobOptions",
    "InvalidQueueName",
    "JobFailed",
    "JobHandle",
    "JobHandles",
    "JobNotCancellable",
    "JobNotFound",
    "JobOutcome",
    "QueueCounts",
    "QueueInspector",
    "QueueService",
    "ServiceClosed",
]
