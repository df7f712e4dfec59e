"""The consumer: handlers, and the workers that run them."""

from toril.bull.errors import FlowRefused, FlowTooLarge
from toril.bull.intake import RateLimit
from toril.worker.children import Children, ChildResult, IgnoredFailure
from toril.worker.context import JobContext
from toril.worker.errors import (
    BackoffFailed,
    BadTarget,
    ChildProcessDied,
    DatabaseInReach,
    DuplicateBackoff,
    DuplicateHandler,
    HandlerError,
    HandlerNotImportable,
    HandlerStopped,
    HealthServerFailed,
    JobTimedOut,
    MemoryLimitExceeded,
    NoHandlers,
    OutcomeRefused,
    RaisedInChild,
    UnknownBackoff,
    UnknownJob,
    Unrecoverable,
    UnsuitableHandler,
    WorkerError,
    WorkerNotEntered,
    WrongContract,
)
from toril.worker.handlers import Handlers
from toril.worker.health import WorkerHealth
from toril.worker.isolation.context import BlockingJobContext
from toril.worker.job_in_hand import JobInHand
from toril.worker.monitoring.server import HealthServer
from toril.worker.retrying import BackoffStrategy
from toril.worker.settings import WorkerSettings
from toril.worker.signals import RateLimited, RunEnded
from toril.worker.worker import Worker
from toril.worker.worker_factory import WorkerFactory

__all__ = [
    "BackoffFailed",
    "BackoffStrategy",
    "BadTarget",
    "BlockingJobContext",
    "ChildProcessDied",
    "ChildResult",
    "Children",
    "DatabaseInReach",
    "DuplicateBackoff",
    "DuplicateHandler",
    "FlowRefused",
    "FlowTooLarge",
    "HandlerError",
    "HandlerNotImportable",
    "HandlerStopped",
    "Handlers",
    "HealthServer",
    "HealthServerFailed",
    "IgnoredFailure",
    "JobContext",
    "JobInHand",
    "JobTimedOut",
    "MemoryLimitExceeded",
    "NoHandlers",
    "OutcomeRefused",
    "RaisedInChild",
    "RateLimit",
    "RateLimited",
    "RunEnded",
    "UnknownBackoff",
    "UnknownJob",
    "Unrecoverable",
    "UnsuitableHandler",
    "Worker",
    "WorkerError",
    "WorkerFactory",
    "WorkerHealth",
    "WorkerNotEntered",
    "WorkerSettings",
    "WrongContract",
]
