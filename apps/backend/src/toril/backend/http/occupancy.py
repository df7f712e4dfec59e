"""How much is under way at once, and that it is never too much."""

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum

from toril.backend.http.errors import Overloaded, TooManyRequests
from toril.backend.http.settings import GatewaySettings


class Work(StrEnum):
    """What is counted apart, as the one ends soon and the other does not."""

    REQUEST = "request"
    STREAM = "stream"


class Occupancy:
    """Counts what is under way, and refuses more than there is room for."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._most = {Work.REQUEST: settings.most_requests, Work.STREAM: settings.most_streams}
        self._most_per_key = settings.most_per_key
        self._of_keys: Counter[str] = Counter()
        self.under_way: Counter[Work] = Counter()

    @contextmanager
    def of(self, work: Work) -> Generator[None]:
        """One more of a kind, until the end of the `with`.

        Raises:
            Overloaded: there is no room for it.
        """
        if self.under_way[work] >= self._most[work]:
            raise Overloaded(self._most[work])
        self.under_way[work] += 1
        try:
            yield
        finally:
            self.under_way[work] -= 1

    @contextmanager
    def of_key(self, key_id: str) -> Generator[None]:
        """One more of an API key, until the end of the `with`.

        Raises:
            TooManyRequests: it has too many already.
        """
        if self._of_keys[key_id] >= self._most_per_key:
            raise TooManyRequests(self._most_per_key)
        self._of_keys[key_id] += 1
        try:
            yield
        finally:
            self._of_keys[key_id] -= 1
            if not self._of_keys[key_id]:
                del self._of_keys[key_id]
