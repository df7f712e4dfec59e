"""The producer: typed jobs in, handles out."""

from toril.backend.errors import BackendError, JobFailed, ServiceClosed
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.queue_service import QueueService

__all__ = [
    "BackendError",
    "JobFailed",
    "JobHandle",
    "JobHandles",
    "QueueService",
    "ServiceClosed",
]
