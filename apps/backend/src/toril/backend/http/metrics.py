"""What the gateway tells Prometheus."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from toril.backend.http.occupancy import Occupancy, Work
from toril.backend.services.queue_service import QueueService

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class GatewayMetrics:
    """Counts requests as they are answered, and jobs as it is asked."""

    def __init__(self, occupancy: Occupancy) -> None:
        self._registry = CollectorRegistry()
        self._others: list[Callable[[], Awaitable[Mapping[str, float]]]] = []
        self._gauges: dict[str, Gauge] = {}
        self._requests = Counter(
            "toril_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "toril_http_request_seconds",
            "How long answers took; event streams are not among them.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        for work, name in ((Work.REQUEST, "requests"), (Work.STREAM, "streams")):
            gauge = Gauge(
                f"toril_http_{name}_under_way", f"{name.title()} under way.", registry=self._registry
            )
            gauge.set_function(lambda work=work: occupancy.under_way[work])
        self._jobs = Gauge(
            "toril_queue_jobs", "Jobs in each state.", ("queue", "state"), registry=self._registry
        )
        self._oldest = Gauge(
            "toril_queue_oldest_seconds",
            "For how long the oldest job of each state has stood there.",
            ("queue", "state"),
            registry=self._registry,
        )
        self._paused = Gauge(
            "toril_queue_paused", "1 if no job is started.", ("queue",), registry=self._registry
        )

    def note(self, method: str, route: str, status: int, seconds: float | None) -> None:
        """Notes an answer; `seconds` is None for an event stream."""
        self._requests.labels(method, route, str(status)).inc()
        if seconds is not None:
            self._seconds.labels(method, route).observe(seconds)

    def tell_also(self, read: Callable[[], Awaitable[Mapping[str, float]]]) -> None:
        """Has the page tell gauges of something else, by name, read each time that it is asked for."""
        self._others.append(read)

    async def page(self, queues: QueueService, names: Iterable[str]) -> bytes:
        """All of it as text, the jobs as they stand now.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        wanted = list(names)
        found = [self._look_at(queues, name) for name in wanted]
        await asyncio.gather(*found)
        for read in self._others:
            for name, value in (await read()).items():
                self._gauge(name).set(value)
        return generate_latest(self._registry)

    def _gauge(self, name: str) -> Gauge:
        if name not in self._gauges:
            self._gauges[name] = Gauge(name, name.replace("_", " "), registry=self._registry)
        return self._gauges[name]

    async def _look_at(self, queues: QueueService, name: str) -> None:
        inspector = queues.inspect(name)
        counts, oldest = await inspector.counts(), await inspector.oldest()
        self._paused.labels(name).set(counts.paused)
        for state, jobs in counts.by_state.items():
            self._jobs.labels(name, state.value).set(jobs)
            self._oldest.labels(name, state.value).set(oldest.get(state, 0.0))
