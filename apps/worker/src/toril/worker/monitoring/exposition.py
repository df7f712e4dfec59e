"""Workers' counts and states as Prometheus reads them; docs/operations.md lists the names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from toril.worker.health import WorkerHealth
from toril.worker.monitoring.histogram import Histogram
from toril.worker.monitoring.tally import Ending, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LABELS = ("queue", "worker")
_GAUGES: tuple[tuple[str, str, Callable[[WorkerHealth], float]], ...] = (
    ("consuming", "Whether the worker takes jobs.", lambda state: state.is_consuming),
    ("connected", "Whether Redis answers.", lambda state: state.is_connected),
    ("healthy", "Whether nothing is wrong with the worker.", lambda state: state.is_healthy),
    ("jobs_running", "Jobs that run.", lambda state: state.running),
    ("jobs_stuck", "Cancelled jobs whose handlers go on.", lambda state: len(state.stuck)),
    ("event_loop_lag_seconds", "How late the event loop is.", lambda state: state.loop_lag),
    ("lock_renewal_lag_seconds", "How late locks are renewed.", lambda state: state.renewal_lag),
)
_HISTOGRAMS: tuple[tuple[str, str, Callable[[Tally], Histogram]], ...] = (
    (
        "time_in_queue_seconds",
        "From when a job was due to its first start.",
        lambda tally: tally.time_in_queue,
    ),
    ("run_time_seconds", "From a job's start to its settling.", lambda tally: tally.run_time),
    ("batch_size_jobs", "Jobs settled or taken by one round trip.", lambda tally: tally.batch_size),
)


class Watched(Protocol):
    """A worker, to those who watch it."""

    @property
    def health(self) -> WorkerHealth: ...
    @property
    def tally(self) -> Tally: ...


def expose(workers: Sequence[Watched]) -> bytes:
    """The metrics of some workers of this process, and of the process itself where the system tells them."""
    registry = CollectorRegistry()
    registry.register(_Workers(workers))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def merge(processes: Mapping[str, str | None]) -> bytes:
    """The metrics of several processes as one, with the label `process`; `toril_up` says which answered.

    Args:
        processes: what each of them exposes, by what it is to be called; None if it did not answer.

    Raises:
        ValueError: one of them exposes no metrics.
    """
    up = GaugeMetricFamily("toril_up", "Whether the process answers.", labels=("process",))
    merged: dict[str, Metric] = {up.name: up}
    for process, text in processes.items():
        up.add_metric([process], float(text is not None))
        for family in text_string_to_metric_families(text or ""):
            into = merged.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                into.add_sample(sample.name, {**sample.labels, "process": process}, sample.value)
    registry = CollectorRegistry()
    registry.register(_Families(merged.values()))
    return generate_latest(registry)


class _Families(Collector):
    """Metrics that are at hand."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


class _Workers(Collector):
    """Metrics that are made as they are asked for: a worker at work calls nothing of Prometheus."""

    def __init__(self, workers: Sequence[Watched]) -> None:
        self._workers = workers

    def collect(self) -> Iterable[Metric]:
        states = [worker.health for worker in self._workers]
        for name, what, of in _GAUGES:
            gauge = GaugeMetricFamily(f"toril_{name}", what, labels=_LABELS)
            for state in states:
                gauge.add_metric(_labels(state), float(of(state)))
            yield gauge
        counts = [(_labels(state), worker.tally) for state, worker in zip(states, self._workers, strict=True)]
        yield _runs(counts)
        recovered = CounterMetricFamily(
            "toril_stalled_recovered", "Jobs of dead workers put back.", labels=_LABELS
        )
        for labels, tally in counts:
            recovered.add_metric(labels, tally.stalled_recovered)
        yield recovered
        for name, what, values in _HISTOGRAMS:
            histogram = HistogramMetricFamily(f"toril_{name}", what, labels=_LABELS)
            for labels, tally in counts:
                _add(histogram, labels, values(tally))
            yield histogram


def _labels(state: WorkerHealth) -> list[str]:
    return [state.queue, state.name or ""]


def _runs(counts: Sequence[tuple[list[str], Tally]]) -> Metric:
    runs = CounterMetricFamily("toril_runs", "Runs of jobs, by how they ended.", labels=(*_LABELS, "outcome"))
    for labels, tally in counts:
        for ending in Ending:
            runs.add_metric([*labels, ending], tally.endings[ending])
    return runs


def _add(family: HistogramMetricFamily, labels: list[str], histogram: Histogram) -> None:
    bounds = [*(str(float(bound)) for bound in histogram.bounds), "+Inf"]
    family.add_metric(
        labels, list(zip(bounds, map(float, histogram.cumulated()), strict=True)), histogram.sum
    )
