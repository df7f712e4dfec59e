"""Reading what a client sends, no more of it than there may be, and no slower than it may come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import Request

from toril.backend.http.errors import BodyTooLarge, BodyTooSlow, UnsupportedMediaType

READ_WITHIN = 30.0
ALL_WITHIN = 120.0
PASS_OVER_WITHIN = 2.0
MOST_PASSED_OVER = 16 * 1024 * 1024


async def read_body(request: Request, most: int) -> bytes:
    """The whole body.

    Args:
        most: how many bytes it may have.

    Raises:
        UnsupportedMediaType: it is not said to be JSON.
        BodyTooLarge: it has more bytes; no more than those are kept.
        BodyTooSlow: nothing came for READ_WITHIN seconds, or not all of it within ALL_WITHIN.
        ClientDisconnect: the client has left.
    """
    try:
        async with asyncio.timeout(ALL_WITHIN):
            return await _read_body(request, most)
    except TimeoutError:
        raise BodyTooSlow(ALL_WITHIN) from None


async def _read_body(request: Request, most: int) -> bytes:
    await require_media_type(request, "application/json")
    declared = request.headers.get("content-length", "")
    is_too_large = declared.isdecimal() and int(declared) > most
    body = bytearray()
    parts = parts_of(request)
    while not is_too_large and (part := await anext(parts, None)) is not None:
        body += part
        is_too_large = len(body) > most
    if is_too_large:
        await _pass_over(parts)
        raise BodyTooLarge("the request", most)
    return bytes(body)


async def parts_of(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, in parts of some 64 KiB.

    Raises:
        BodyTooSlow: nothing came for READ_WITHIN seconds.
        ClientDisconnect: the client has left.
    """
    stream = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(READ_WITHIN):
                part = await anext(stream)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise BodyTooSlow(READ_WITHIN) from None
        yield part


async def _pass_over(parts: AsyncIterator[bytes]) -> None:
    """Takes what is still on its way, within bounds: a client whose sending is cut off hears no answer."""
    left = MOST_PASSED_OVER
    with suppress(TimeoutError, BodyTooSlow):
        async with asyncio.timeout(PASS_OVER_WITHIN):
            while left > 0 and (part := await anext(parts, None)) is not None:
                left -= len(part)


async def require_media_type(request: Request, *wanted: str) -> None:
    """Raises UnsupportedMediaType, after the body, unless that is said to be of one of these types."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in wanted:
        await _pass_over(parts_of(request))
        raise UnsupportedMediaType(wanted[0])
