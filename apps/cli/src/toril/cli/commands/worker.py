"""`toril worker`: run the jobs of some queues."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.brokers import working_broker
from toril.cli.event_loop import run
from toril.cli.members_health import telling_of_members
from toril.cli.options import JsonLogs, Prefix, Strict, Url, Verbose
from toril.cli.rate_limits import read_rate_limit
from toril.cli.reporting import reported
from toril.cli.supervisor import supervise
from toril.jobs import Queue
from toril.worker import RateLimit, WorkerFactory, WorkerSettings
from toril.worker.monitoring.server import LOOPBACK
from toril.worker.process.health import telling_of_workers
from toril.worker.process.loading import load_handlers
from toril.worker.process.logging_setup import configure_logging
from toril.worker.process.running import run_workers

_DEFAULTS = WorkerSettings()


@reported
def worker(
    target: Annotated[
        str,
        typer.Argument(metavar="MODULE:HANDLERS", help="Where the handlers are: app.handlers:handlers"),
    ],
    queue: Annotated[
        list[str] | None,
        typer.Option(
            "--queue",
            "-q",
            metavar="NAME",
            show_default=False,
            help="A queue to work on; may be repeated. By default every queue that the handlers serve.",
        ),
    ] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=100_000, help="Jobs at once, in each queue.")
    ] = _DEFAULTS.concurrency,
    processes: Annotated[int, typer.Option("--processes", min=1, max=1_000, help="Worker processes.")] = 1,
    lock_duration: Annotated[
        float,
        typer.Option("--lock-duration", metavar="SECONDS", help="How long a dead worker keeps its jobs."),
    ] = _DEFAULTS.lock_duration,
    stalled_interval: Annotated[
        float,
        typer.Option(
            "--stalled-interval", metavar="SECONDS", help="How often to look for dead workers' jobs."
        ),
    ] = _DEFAULTS.stalled_interval,
    most_stalls: Annotated[
        int, typer.Option("--most-stalls", min=0, help="How often a job may lose its worker; then it fails.")
    ] = _DEFAULTS.most_stalls,
    most_starts: Annotated[
        int | None,
        typer.Option("--most-starts", min=1, help="How often a job may be started in all; then it fails."),
    ] = None,
    limit: Annotated[
        RateLimit | None,
        typer.Option(
            "--limit",
            metavar="JOBS/SECONDS",
            parser=read_rate_limit,
            help="How many jobs may start in so long, over all workers of a queue: 100/60.",
        ),
    ] = None,
    metrics: Annotated[
        int | None,
        typer.Option("--metrics", metavar="MINUTES", help="Count the jobs that end, for so many minutes."),
    ] = None,
    grace: Annotated[
        float,
        typer.Option("--grace", metavar="SECONDS", help="How long running jobs may go on after a signal."),
    ] = _DEFAULTS.grace,
    child_processes: Annotated[
        int | None,
        typer.Option(
            "--child-processes",
            min=1,
            max=1_000,
            show_default="one a processor",
            help="Child processes for handlers that run in them, in each queue.",
        ),
    ] = None,
    child_memory_limit: Annotated[
        int | None,
        typer.Option("--child-memory-limit", metavar="BYTES", min=1, help="What each may hold; then killed."),
    ] = None,
    child_job_limit: Annotated[
        int | None,
        typer.Option("--child-job-limit", metavar="JOBS", min=1, help="What each runs; then it is replaced."),
    ] = None,
    health_port: Annotated[
        int | None,
        typer.Option(
            "--health-port",
            metavar="PORT",
            min=0,
            max=65_535,
            help="Answer /healthz, /readyz and /metrics there, for all processes.",
        ),
    ] = None,
    health_host: Annotated[
        str,
        typer.Option(
            "--health-host", metavar="ADDRESS", help="Where to listen for them; 0.0.0.0 is everywhere."
        ),
    ] = LOOPBACK,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="TEXT", help="Stands in the jobs it ran; by default nothing does."),
    ] = None,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    strict: Strict = False,
    json_logs: JsonLogs = False,
    verbose: Verbose = False,
    member: Annotated[int | None, typer.Option("--member", hidden=True)] = None,
    health_socket: Annotated[Path | None, typer.Option("--health-socket", hidden=True)] = None,
) -> None:
    """Run the jobs of the queues that the handlers serve.

    SIGTERM and Ctrl-C drain: running jobs may end within --grace, the rest goes back to the queue at once.
    A second signal puts everything back at once.
    """
    configure_logging(as_json=json_logs)
    try:
        settings = WorkerSettings(
            concurrency=concurrency,
            name=name,
            lock_duration=lock_duration,
            stalled_interval=stalled_interval,
            most_stalls=most_stalls,
            most_starts=most_starts,
            limit=limit,
            metrics_minutes=metrics,
            child_processes=child_processes,
            child_memory_limit=child_memory_limit,
            child_job_limit=child_job_limit,
            grace=grace,
        )
    except ValueError as fault:
        raise typer.BadParameter(str(fault)) from fault
    # Before a broker or a process is started: what is named wrongly is one clear line.
    handlers = load_handlers(target)
    queues = [Queue(each) for each in dict.fromkeys(queue)] if queue else handlers.queues()
    for each in queues:
        handlers.require(each)
    if processes > 1 and member is None:
        with (
            working_broker(url) as known,
            telling_of_members(processes, host=health_host, port=health_port) as health,
        ):
            supervise(sys.argv[1:], processes, url=known, strict=strict, grace=grace, health=health)
        return
    if name is not None and member is not None:
        settings = replace(settings, name=f"{name}-{member}")
    with working_broker(url) as known:
        factory = WorkerFactory(known, handlers, prefix=prefix, strict=strict)
        workers = [factory.create(each, settings=settings) for each in queues]
        with telling_of_workers(workers, host=health_host, port=health_port, path=health_socket):
            run(run_workers(workers, grace=grace, supervised=member is not None))
