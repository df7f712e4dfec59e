"""The wire: queues as BullMQ keeps them in Redis. Here is what can go wrong; the rest is in the modules."""

from toril.bull.errors import (
    BrokerMisconfigured,
    BrokerUnavailable,
    BrokerWarning,
    BullError,
    CommandRefused,
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

__all__ = [
    "BrokerMisconfigured",
    "BrokerUnavailable",
    "BrokerWarning",
    "BullError",
    "CommandRefused",
    "EmbeddedBrokerFailed",
    "FlowRefused",
    "FlowTooLarge",
    "InvalidBrokerURL",
    "InvalidEvent",
    "InvalidJobOptions",
    "InvalidQuery",
    "InvalidQueueName",
    "JobNotCancellable",
    "JobNotFound",
]
