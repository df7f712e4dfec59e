"""Cutting any iterable into batches, in bounded memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Item(Generic[T]):
    item: T


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None = None


async def batches(items: Iterable[T] | AsyncIterable[T], most: int) -> AsyncIterator[list[T]]:
    """The items in order, in lists of at most `most`.

    An asynchronous source that pauses is not waited for: what it has given so far goes on.
    """
    if isinstance(items, AsyncIterable):
        async with aclosing(_batches_as_they_come(items, most)) as lists:
            async for batch in lists:
                yield batch
        return
    iterator = iter(items)
    while batch := list(islice(iterator, most)):
        yield batch


async def _batches_as_they_come(items: AsyncIterable[T], most: int) -> AsyncGenerator[list[T]]:
    read: asyncio.Queue[_Item[T] | _End] = asyncio.Queue(most)
    end: _End | None = None
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(_read(items, read))
        try:
            while end is None:
                come = [await read.get()]
                while len(come) < most and not read.empty():
                    come.append(read.get_nowait())
                end = next((each for each in come if isinstance(each, _End)), None)
                if batch := [each.item for each in come if isinstance(each, _Item)]:
                    yield batch
        finally:
            reading.cancel()
    if end.error is not None:
        raise end.error


async def _read(items: AsyncIterable[T], read: "asyncio.Queue[_Item[T] | _End]") -> None:
    try:
        async for item in items:
            await read.put(_Item(item))
    except Exception as error:  # noqa: BLE001 - raised where the batches are read, after what came before it
        await read.put(_End(error))
    else:
        await read.put(_End())
