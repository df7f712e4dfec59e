"""API keys: their secret is given away once, and only its hash is kept."""

import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Self
from urllib.parse import quote, unquote

from toril.backend.errors import InvalidKeyEntry

KEYS_VARIABLE = "TORIL_API_KEYS"
LONGEST_SECRET = 200
_EVERY_QUEUE = "*"


class Scope(StrEnum):
    """What a caller may do. None includes another."""

    ENQUEUE = "enqueue"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is known of a key.

    Attributes:
        id: a word by which people tell keys apart; it is no secret.
        queues: the only ones it is for; None is all.
        digest: the SHA-256 of its secret, which has 256 random bits: nothing slower is needed.
    """

    id: str
    scopes: frozenset[Scope]
    queues: frozenset[str] | None
    digest: bytes

    def entry(self) -> str:
        """The key as it stands in TORIL_API_KEYS: `id:scopes:queues:digest`."""
        queues = (
            _EVERY_QUEUE if self.queues is None else ",".join(quote(each, "") for each in sorted(self.queues))
        )
        return f"{self.id}:{','.join(sorted(self.scopes))}:{queues}:{self.digest.hex()}"

    @classmethod
    def read(cls, entry: str, number: int) -> Self:
        """The key of an entry.

        Args:
            number: which one it is, for the error.

        Raises:
            InvalidKeyEntry: it cannot be read.
        """
        parts = entry.split(":")
        if len(parts) != 4 or not all(parts):
            raise InvalidKeyEntry(number, "it is not of the form id:scopes:queues:digest")
        key_id, scopes, queues, digest = parts
        unknown = set(scopes.split(",")) - set(Scope)
        if unknown:
            raise InvalidKeyEntry(number, f"scopes are {', '.join(Scope)}")
        if len(digest) != 64 or not all(each in "0123456789abcdef" for each in digest):
            raise InvalidKeyEntry(number, "its digest is not 64 hexadecimal digits")
        return cls(
            id=key_id,
            scopes=frozenset(map(Scope, scopes.split(","))),
            queues=None if queues == _EVERY_QUEUE else frozenset(map(unquote, queues.split(","))),
            digest=bytes.fromhex(digest),
        )


class ApiKeys:
    """The keys that a gateway knows.

    Args:
        keys: none of them are needed on loopback; if there are any, every caller needs one.
    """

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys = tuple(keys)

    @classmethod
    def from_environment(cls) -> Self:
        """Those in TORIL_API_KEYS, whose entries stand apart by spaces or line ends.

        Raises:
            InvalidKeyEntry: one cannot be read, or two have one id.
        """
        entries = os.environ.get(KEYS_VARIABLE, "").split()
        keys = [ApiKey.read(entry, number) for number, entry in enumerate(entries, start=1)]
        ids = [key.id for key in keys]
        for number, key_id in enumerate(ids, start=1):
            if key_id in ids[: number - 1]:
                raise InvalidKeyEntry(number, f"another entry has the id {key_id}")
        return cls(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, secret: str) -> ApiKey | None:
        """The key that has this secret. How long it takes does not depend on how much of one is right."""
        digest = _digest(secret[:LONGEST_SECRET])
        found: ApiKey | None = None
        for key in self._keys:
            if compare_digest(key.digest, digest):
                found = key
        return found


def new_key(
    scopes: Iterable[Scope], queues: Iterable[str] | None = None, key_id: str | None = None
) -> tuple[str, ApiKey]:
    """A new secret, which nobody can find out from the key, and its key."""
    secret = f"toril_{secrets.token_urlsafe(32)}"
    return secret, ApiKey(
        id=key_id or secrets.token_hex(4),
        scopes=frozenset(scopes),
        queues=None if queues is None else frozenset(queues),
        digest=_digest(secret),
    )


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
