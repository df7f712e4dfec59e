"""The words that every package of Toril shares: frozen values that import nothing of ours."""

from toril.types.custom_backoff import CustomBackoff
from toril.types.deduplication import Deduplicate
from toril.types.event import EventKind, JobEvent, JobUpdate
from toril.types.flow import JobTree, OnFailure
from toril.types.job import JobRecord, JobState
from toril.types.job_options import InvalidJobOptions, JobOptions
from toril.types.policy import Backoff, BackoffKind, Keep
from toril.types.progress import Progress
from toril.types.reasons import CANCELLED, EXPIRED
from toril.types.schedule import InvalidSchedule, Schedule
from toril.types.schedule_record import ScheduleRecord

__all__ = [
    "CANCELLED",
    "EXPIRED",
    "Backoff",
    "BackoffKind",
    "CustomBackoff",
    "Deduplicate",
    "EventKind",
    "InvalidJobOptions",
    "InvalidSchedule",
    "JobEvent",
    "JobOptions",
    "JobRecord",
    "JobState",
    "JobTree",
    "JobUpdate",
    "Keep",
    "OnFailure",
    "Progress",
    "Schedule",
    "ScheduleRecord",
]
