"""Messages on a stream of bytes: two lengths, a header of JSON, and a body of bytes."""

import struct
from collections.abc import Iterator

from toril.jobs.codec import LARGEST_VALUE
from toril.worker.isolation.messages import Message, decode, encode

_LENGTHS = struct.Struct("!II")
LARGEST_BODY = LARGEST_VALUE
LARGEST_HEADER = LARGEST_VALUE


def frame(message: Message) -> bytes:
    """A message as it goes over the wire.

    Raises:
        ValueError: it is larger than the other side takes.
    """
    header, body = encode(message)
    _check(len(header), len(body))
    return b"".join((_LENGTHS.pack(len(header), len(body)), header, body))


class FrameReader:
    """Cuts what arrives into messages."""

    def __init__(self) -> None:
        self._arrived = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Takes what has arrived, and yields the messages that are whole by now.

        Raises:
            ValueError: this is no message of ours.
        """
        self._arrived += data
        while len(self._arrived) >= _LENGTHS.size:
            header, body = _LENGTHS.unpack_from(self._arrived)
            _check(header, body)
            start, end = _LENGTHS.size, _LENGTHS.size + header + body
            if len(self._arrived) < end:
                return
            whole = bytes(self._arrived[start:end])
            del self._arrived[:end]
            yield decode(whole[:header], whole[header:])


def _check(header: int, body: int) -> None:
    for size, largest in ((header, LARGEST_HEADER), (body, LARGEST_BODY)):
        if size > largest:
            raise ValueError(f"{size:,} bytes are more than the {largest:,} that cross at once")
