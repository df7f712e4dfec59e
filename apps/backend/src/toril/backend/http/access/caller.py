"""Who asks, and what they may do."""

from dataclasses import dataclass
from typing import Self

from toril.backend.api_keys import ApiKey, Scope
from toril.backend.http.errors import Forbidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks.

    Attributes:
        key_id: of the API key; None where none is needed.
        queues: the only ones that may be asked for; None is all.
    """

    key_id: str | None
    scopes: frozenset[Scope]
    queues: frozenset[str] | None = None

    @classmethod
    def by(cls, key: ApiKey) -> Self:
        return cls(key_id=key.id, scopes=key.scopes, queues=key.queues)

    def require(self, scope: Scope) -> None:
        """Raises Forbidden without this scope."""
        if scope not in self.scopes:
            raise Forbidden(f"the scope {scope.value}")

    def require_queue(self, queue: str) -> None:
        """Raises Forbidden if this queue is none of the caller's."""
        if not self.may_use(queue):
            raise Forbidden("access to this queue")

    def may_use(self, queue: str) -> bool:
        return self.queues is None or queue in self.queues
