"""What is answered to those who ask how workers are doing."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Protocol

from toril.worker.health import WorkerHealth
from toril.worker.monitoring.exposition import CONTENT_TYPE, Watched, expose


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request."""

    status: HTTPStatus
    content_type: str
    body: bytes

    @classmethod
    def of(cls, *, well: bool, facts: Any) -> "Answer":
        """Facts as JSON: 200 if all is well, else 503."""
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        return cls(status, "application/json", json.dumps(facts, indent=2).encode() + b"\n")

    @classmethod
    def of_metrics(cls, text: bytes) -> "Answer":
        """Metrics in Prometheus's text format."""
        return cls(HTTPStatus.OK, CONTENT_TYPE, text)


class HealthSource(Protocol):
    """Who knows how workers are doing. Asked from several threads."""

    def answer(self, path: str) -> Answer | None:
        """The answer to a path; None if there is none there."""
        ...


class WorkersHealth:
    """The workers of this process."""

    def __init__(self, workers: Sequence[Watched]) -> None:
        self._workers = workers
        for worker in workers:
            worker.tally.take_times()

    def answer(self, path: str) -> Answer | None:
        """/healthz, /readyz or /metrics."""
        match path:
            case "/healthz":
                states = [worker.health for worker in self._workers]
                return Answer.of(well=all(each.is_healthy for each in states), facts=_facts(states))
            case "/readyz":
                states = [worker.health for worker in self._workers]
                return Answer.of(well=all(each.is_consuming for each in states), facts=_facts(states))
            case "/metrics":
                return Answer.of_metrics(expose(self._workers))
            case _:
                return None


def _facts(states: Sequence[WorkerHealth]) -> dict[str, Any]:
    return {
        "workers": [
            {**asdict(state), "is_consuming": state.is_consuming, "faults": state.faults} for state in states
        ]
    }
