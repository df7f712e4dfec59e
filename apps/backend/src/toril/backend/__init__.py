"""The producer: typed jobs in, handles out."""

from toril.backend.errors import BackendError, JobFailed, ServiceClosed
from toril.backend.services.flow_handle import FlowHandle
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.queue_events import QueueEvents
from toril.backend.services.queue_service import QueueService
from toril.bull.errors import (
    BrokerMisconfigured,
    BrokerUnavailable,
    EmbeddedBrokerFailed,
    FlowRefused,
    FlowTooLarge,
    InvalidBrokerURL,
    InvalidEvent,
    InvalidJobOptions,
    InvalidQuery,
    InvalidQueueName,
    JobNotCancellable,
    JobNotFound,
)
from toril.bull.inspect import (
    Child,
    ChildrenCounts,
    ChildrenPage,
    ChildState,
    JobLogs,
    JobOutcome,
    QueueCounts,
    QueueInspector,
    QueueMeta,
    QueueMetrics,
)

__all__ = [
    "BackendError",
    "BrokerMisconfigured",
    "BrokerUnavailable",
    "Child",
    "ChildState",
    "ChildrenCounts",
    "ChildrenPage",
    "EmbeddedBrokerFailed",
    "FlowHandle",
    "FlowRefused",
    "FlowTooLarge",
    "InvalidBrokerURL",
    "InvalidEvent",
    "InvalidJobOptions",
    "InvalidQuery",
    "InvalidQueueName",
    "JobFailed",
    "JobHandle",
    "JobHandles",
    "JobLogs",
    "JobNotCancellable",
    "JobNotFound",
    "JobOutcome",
    "QueueCounts",
    "QueueEvents",
    "QueueInspector",
    "QueueMeta",
    "QueueMetrics",
    "QueueService",
    "ServiceClosed",
]
