"""The producer: typed jobs in, handles out."""

from toril.backend.errors import BackendError, InvalidKeyEntry, JobFailed, ServiceClosed
from toril.backend.services.flow_handle import FlowHandle
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.queue_events import QueueEvents
from toril.backend.services.queue_service import QueueService
from toril.backend.services.scheduled_jobs import AppliedSchedule
from toril.backend.services.watcher import Subscription
from toril.bull.admin import Cancellation, QueueAdmin
from toril.bull.errors import (
    BrokerMisconfigured,
    BrokerUnavailable,
    EmbeddedBrokerFailed,
    FlowRefused,
    FlowTooLarge,
    InvalidBrokerURL,
    InvalidEvent,
    InvalidQuery,
    InvalidQueueName,
    InvalidSetting,
    JobLocked,
    JobNotCancellable,
    JobNotFound,
    QueueBusy,
    QueueNotPaused,
    ScheduleBusy,
    WrongState,
)
from toril.bull.inspect import (
    Child,
    ChildrenCounts,
    ChildrenPage,
    ChildState,
    EventSpan,
    JobLogs,
    JobOutcome,
    QueueCounts,
    QueueInspector,
    QueueMeta,
    QueueMetrics,
)
from toril.bull.intake import RateLimit
from toril.bull.schedules import QueueSchedules
from toril.types import InvalidJobOptions, InvalidSchedule

__all__ = [
    "AppliedSchedule",
    "BackendError",
    "BrokerMisconfigured",
    "BrokerUnavailable",
    "Cancellation",
    "Child",
    "ChildState",
    "ChildrenCounts",
    "ChildrenPage",
    "EmbeddedBrokerFailed",
    "EventSpan",
    "FlowHandle",
    "FlowRefused",
    "FlowTooLarge",
    "InvalidBrokerURL",
    "InvalidEvent",
    "InvalidJobOptions",
    "InvalidKeyEntry",
    "InvalidQuery",
    "InvalidQueueName",
    "InvalidSchedule",
    "InvalidSetting",
    "JobFailed",
    "JobHandle",
    "JobHandles",
    "JobLocked",
    "JobLogs",
    "JobNotCancellable",
    "JobNotFound",
    "JobOutcome",
    "QueueAdmin",
    "QueueBusy",
    "QueueCounts",
    "QueueEvents",
    "QueueInspector",
    "QueueMeta",
    "QueueMetrics",
    "QueueNotPaused",
    "QueueSchedules",
    "QueueService",
    "RateLimit",
    "ScheduleBusy",
    "ServiceClosed",
    "Subscription",
    "WrongState",
]
