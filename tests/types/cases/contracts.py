"""What a class of jobs knows of its payload and its result."""

from typing import Any, Generic, TypeVar, assert_type

from pydantic import BaseModel

from toril.jobs import Contract, Job, Queue, Retry, exponential

documents = Queue("type-cases-contracts")
T = TypeVar("T")


class Embedded(BaseModel):
    passages: list[str]


class EmbedDocument(
    Job[Embedded],
    queue=documents,
    name="embed-document",
    retry=Retry(attempts=5, backoff=exponential(1.0, jitter=0.5)),
    timeout=60.0,
):
    path: str


class Measure(Job[int | None], queue=documents, name="measure"):
    pages: list[int]


class Listing(Job[list[T]], Generic[T]):
    """A base without a name."""


class ListNames(Listing[str], queue=documents, name="list-names"):
    folder: str


contract = EmbedDocument.contract()
assert_type(contract, Contract[EmbedDocument, Embedded])
assert_type(EmbedDocument(path="a.md").contract(), Contract[EmbedDocument, Embedded])
assert_type(Measure.contract(), Contract[Measure, int | None])
assert_type(ListNames.contract(), Contract[ListNames, list[str]])

assert_type(contract.encode(EmbedDocument(path="a.md")), bytes)
assert_type(contract.decode(b"{}"), EmbedDocument)
assert_type(contract.decode("{}"), EmbedDocument)
assert_type(contract.encode_result(Embedded(passages=[])), bytes)
assert_type(contract.decode_result(b"{}"), Embedded)
assert_type(Measure.contract().decode_result(b"1"), int | None)
assert_type(contract.job_type, type[EmbedDocument])
assert_type(contract.timeout, float | None)

contract.encode(Measure(pages=[1]))  # error: reportArgumentType arg-type
contract.encode_result(3)  # error: reportArgumentType arg-type
contract.decode({"path": "a.md"})  # error: reportArgumentType arg-type
contract.name = "other"  # error: reportAttributeAccessIssue misc
Measure.contract().encode_result("three")  # error: reportArgumentType arg-type
wrong: Contract[Measure, int | None] = contract  # error: reportAssignmentType assignment

EmbedDocument(path=3)  # error: reportArgumentType arg-type
EmbedDocument()  # error: reportCallIssue call-arg
EmbedDocument(path="a.md", text="")  # error: reportCallIssue call-arg


def covariant(job: EmbedDocument) -> Job[BaseModel]:
    return job


def not_contravariant(job: Job[BaseModel]) -> Job[Embedded]:
    return job  # error: reportReturnType return-value


def any_contract(contract: Contract[Any, Any]) -> None: ...


any_contract(contract)
