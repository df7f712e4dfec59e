"""How an embedding travels: base64 of 256 little-endian float32 numbers, a quarter of what JSON numbers take.

Node reads one with `new Float32Array(Uint8Array.from(Buffer.from(text, "base64")).buffer)`, NumPy with
`numpy.frombuffer(vector, "<f4")`; neither is needed to import a contract.
"""

import math
import struct
from base64 import b64decode, b64encode
from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

DIMENSIONS = 256
BYTES = 4 * DIMENSIONS
TEXT_LENGTH = 4 * math.ceil(BYTES / 3)

_LAYOUT = struct.Struct(f"<{DIMENSIONS}f")


def pack(numbers: Sequence[float]) -> bytes:
    """The bytes of a vector.

    Raises:
        ValueError: there are not 256 numbers.
    """
    if len(numbers) != DIMENSIONS:
        raise ValueError(f"a vector has {DIMENSIONS} numbers, this one {len(numbers)}")
    return _LAYOUT.pack(*numbers)


def unpack(vector: bytes) -> tuple[float, ...]:
    """The numbers of a vector."""
    return _LAYOUT.unpack(vector)


def as_text(vector: bytes) -> str:
    """A vector as pgvector reads it: [0.25,0.5,…]."""
    return f"[{','.join(map(repr, unpack(vector)))}]"


def _read(value: object) -> bytes:
    """The bytes of what stands in JSON (base64) or in Python (the bytes themselves), checked."""
    if isinstance(value, str):
        if len(value) != TEXT_LENGTH:
            raise ValueError(f"a vector is {TEXT_LENGTH} characters of base64, this one {len(value)}")
        value = b64decode(value, validate=True)
    if not isinstance(value, bytes):
        raise ValueError(f"a vector is base64 text, not {type(value).__name__}")  # noqa: TRY004  what Pydantic reports
    if len(value) != BYTES:
        raise ValueError(f"a vector is {BYTES} bytes ({DIMENSIONS} float32 numbers), this one {len(value)}")
    if not all(map(math.isfinite, unpack(value))):
        raise ValueError("a vector holds finite numbers only")
    return value


def _write(vector: bytes) -> str:
    return b64encode(vector).decode()


Vector = Annotated[
    bytes,
    BeforeValidator(_read),
    PlainSerializer(_write, return_type=str, when_used="json"),
    WithJsonSchema(
        {
            "type": "string",
            "contentEncoding": "base64",
            "minLength": TEXT_LENGTH,
            "maxLength": TEXT_LENGTH,
            "description": f"{DIMENSIONS} little-endian float32 numbers",
        }
    ),
]
"""A field of a model: bytes in Python, base64 in JSON."""
