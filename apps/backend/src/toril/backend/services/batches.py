"""Cutting any iterable into batches, in bounded memory."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
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


@asynccontextmanager
async def batches(items: Iterable[T] | AsyncIterable[T], most: int) -> AsyncGenerator[AsyncIterator[list[T]]]:
    """The items in order, in lists of at most `most`.

    An asynchronous source that pauses is not waited for: what it has given so far goes on. It is read ahead
    by a task that ends with the context; if it is a generator, it is closed then.
    """
    if isinstance(items, AsyncIterable):
        read: asyncio.Queue[_Item[T] | _End] = asyncio.Queue(most)
        reading = asyncio.create_task(_read(items, read))
        try:
            async with aclosing(_as_they_come(read, most)) as lists:
                yield lists
        finally:
            reading.cancel()
            await asyncio.wait([reading])
            if not reading.cancelled():
                reading.result()
    else:
        async with aclosing(_slices(items, most)) as lists:
            yield lists


async def _slices(items: Iterable[T], most: int) -> AsyncGenerator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, most)):
        yield batch


async def _as_they_come(read: "asyncio.Queue[_Item[T] | _End]", most: int) -> AsyncGenerator[list[T]]:
    end: _End | None = None
    while end is None:
        come = [await read.get()]
        while len(come) < most and not read.empty():
            come.append(read.get_nowait())
        end = next((each for each in come if isinstance(each, _End)), None)
        if batch := [each.item for each in come if isinstance(each, _Item)]:
            yield batch
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
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
