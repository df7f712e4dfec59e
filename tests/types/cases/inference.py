"""What a decorator and a producer infer from a class of jobs: toril.worker and toril.backend in outline."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, assert_type

from pydantic import BaseModel

from toril.jobs import Contract, HasContract, Job, Queue

documents = Queue("type-cases-inference")
J = TypeVar("J")
R = TypeVar("R")
Result = TypeVar("Result", covariant=True)


class Embedded(BaseModel):
    passages: list[str]


class EmbedDocument(Job[Embedded], queue=documents, name="embed-document"):
    path: str


class Measure(Job[int | None], queue=documents, name="measure"):
    path: str


class Remove(Job[None], queue=documents, name="remove"):
    path: str


class Base(Job[int]):
    """No contract: known as the program runs, not to a checker."""


def handles(
    contract: HasContract[J, R],
) -> Callable[[Callable[[J], Awaitable[R]]], Callable[[J], Awaitable[R]]]:
    raise NotImplementedError


class Handle(Generic[Result]):
    async def result(self) -> Result:
        raise NotImplementedError


async def enqueue(job: Job[R]) -> Handle[R]:
    raise NotImplementedError


async def enqueue_many(jobs: Sequence[Job[R]]) -> list[Handle[R]]:
    raise NotImplementedError


def contract_of(contract: HasContract[J, R]) -> Contract[J, R]:
    return contract.contract()


assert_type(contract_of(EmbedDocument), Contract[EmbedDocument, Embedded])
assert_type(contract_of(Measure), Contract[Measure, int | None])


@handles(EmbedDocument)
async def embed(job: EmbedDocument) -> Embedded:
    return Embedded(passages=[job.path])


@handles(Measure)
async def measure(job: Measure) -> int:  # narrower than the contract's result
    return len(job.path)


@handles(Remove)
async def remove(job: Remove) -> None: ...


@handles(EmbedDocument)  # error: reportArgumentType arg-type
async def wrong_payload(job: Measure) -> Embedded:
    return Embedded(passages=[job.path])


@handles(EmbedDocument)  # error: reportArgumentType arg-type
async def wrong_result(job: EmbedDocument) -> str:
    return job.path


@handles(Remove)  # error: reportArgumentType arg-type
async def result_where_none_is_wanted(job: Remove) -> int:
    return len(job.path)


@handles(EmbedDocument)  # error: reportArgumentType arg-type
def not_a_coroutine(job: EmbedDocument) -> Embedded:
    return Embedded(passages=[job.path])


@handles(documents)  # error: reportArgumentType arg-type
async def of_a_queue(job: EmbedDocument) -> Embedded:
    return Embedded(passages=[job.path])


async def produce() -> None:
    handle = await enqueue(EmbedDocument(path="a.md"))
    assert_type(handle, Handle[Embedded])
    assert_type(await handle.result(), Embedded)
    assert_type(await (await enqueue(Measure(path="a.md"))).result(), int | None)

    same = await enqueue_many([EmbedDocument(path="a.md"), EmbedDocument(path="b.md")])
    assert_type(same, list[Handle[Embedded]])
    mixed: list[Job[Embedded | int | None]] = [EmbedDocument(path="a.md"), Measure(path="a.md")]
    assert_type(await enqueue_many(mixed), list[Handle[Embedded | int | None]])
    await enqueue_many([EmbedDocument(path="a.md"), Measure(path="a.md"), Remove(path="a.md")])

    wrong: Handle[int] = await enqueue(EmbedDocument(path="a.md"))  # error: Handle[int] arg-type
    await enqueue(Embedded(passages=[]))  # error: reportArgumentType arg-type
    await enqueue(EmbedDocument)  # error: reportArgumentType arg-type
    await wrong.result()
