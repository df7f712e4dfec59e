"""Job contracts: declared once, as Pydantic models, and shared by all sides."""

from toril.jobs.catalog import Catalog, resolve
from toril.jobs.contract import Contract, HasContract
from toril.jobs.declaration import Declaration
from toril.jobs.errors import (
    CatalogError,
    ContractError,
    DuplicateContract,
    InvalidContract,
    InvalidData,
    InvalidFlow,
    InvalidPayload,
    InvalidPolicy,
    InvalidReference,
    InvalidResult,
    JobsError,
    NoContracts,
    NotAContract,
    Problem,
    UnknownContract,
    UnknownModule,
)
from toril.jobs.flows import Child, Flow
from toril.jobs.policy import Backoff, CustomBackoff, Deduplicate, Keep, Retry, custom, exponential, fixed
from toril.jobs.queues import Queue
from toril.jobs.schemas import Job
from toril.types import OnFailure, Schedule

__all__ = [
    "Backoff",
    "Catalog",
    "CatalogError",
    "Child",
    "Contract",
    "ContractError",
    "CustomBackoff",
    "Declaration",
    "Deduplicate",
    "DuplicateContract",
    "Flow",
    "HasContract",
    "InvalidContract",
    "InvalidData",
    "InvalidFlow",
    "InvalidPayload",
    "InvalidPolicy",
    "InvalidReference",
    "InvalidResult",
    "Job",
    "JobsError",
    "Keep",
    "NoContracts",
    "NotAContract",
    "OnFailure",
    "Problem",
    "Queue",
    "Retry",
    "Schedule",
    "UnknownContract",
    "UnknownModule",
    "custom",
    "exponential",
    "fixed",
    "resolve",
]
