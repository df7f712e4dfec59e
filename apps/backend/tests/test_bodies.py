"""What is refused is refused once its body has come."""

import pytest
from starlette.requests import Request
from starlette.types import Message

from toril.backend.http.errors import BodyTooLarge, UnsupportedMediaType
from toril.backend.http.requests.bodies import read_body, require_media_type


class Sent:
    """A request whose body comes in two parts."""

    def __init__(self, media_type: str) -> None:
        self.left: list[Message] = [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.request", "body": b"}", "more_body": False},
        ]
        headers = [(b"content-type", media_type.encode())]
        self.request = Request({"type": "http", "method": "POST", "headers": headers}, self._receive)

    async def _receive(self) -> Message:
        return self.left.pop(0)


# The connection ends with a refusal: a client that was still sending would hear of a reset instead of it.


async def test_another_media_type_is_refused_once_the_body_has_come():
    sent = Sent("text/plain")

    with pytest.raises(UnsupportedMediaType):
        await read_body(sent.request, most=10)

    assert not sent.left


async def test_a_batch_of_another_media_type_is_refused_once_it_has_come():
    sent = Sent("text/plain")

    with pytest.raises(UnsupportedMediaType):
        await require_media_type(sent.request, "application/x-ndjson", "application/jsonl")

    assert not sent.left


async def test_a_body_that_is_too_large_is_refused_once_it_has_come():
    sent = Sent("application/json")

    with pytest.raises(BodyTooLarge):
        await read_body(sent.request, most=0)

    assert not sent.left
