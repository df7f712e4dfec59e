"""`python -m toril.worker MODULE:HANDLERS`: a worker from the distribution `toril-worker` alone.

`toril worker` can do more, but comes with all of Toril, and that includes the database. Agents run here.
"""

import asyncio
import sys
from argparse import SUPPRESS, ArgumentParser, Namespace
from dataclasses import replace

from pydantic import TypeAdapter, ValidationError

from toril.bull.broker_url import URL_VARIABLE, broker_url
from toril.bull.errors import BullError
from toril.bull.keys import DEFAULT_PREFIX
from toril.jobs import JobsError, Queue
from toril.worker.errors import BadTarget, NoHandlers, WorkerError
from toril.worker.monitoring.server import LOOPBACK
from toril.worker.process.health import telling_of_workers
from toril.worker.process.loading import load_handlers
from toril.worker.process.logging_setup import configure_logging
from toril.worker.process.running import run_workers
from toril.worker.process.wall import build_wall
from toril.worker.settings import WorkerSettings
from toril.worker.worker_factory import WorkerFactory

FAILED, USAGE = 1, 2
_SETTINGS = TypeAdapter(WorkerSettings)


def main() -> int:
    """Run the worker that the command line asks for; the exit code."""
    options = _parser().parse_args()
    configure_logging(as_json=options.json)
    try:
        _work(options)
    except (BadTarget, NoHandlers, ValueError) as fault:
        return _complain(fault, USAGE)
    except (WorkerError, BullError, JobsError) as fault:
        return _complain(fault, FAILED)
    return 0


def _work(options: Namespace) -> None:
    if options.no_database:
        build_wall()
    settings = _settings(options)
    handlers = load_handlers(options.target)
    queues = [Queue(name) for name in dict.fromkeys(options.queue)] or handlers.queues()
    for queue in queues:
        handlers.require(queue)
    with broker_url() as url:
        factory = WorkerFactory(url, handlers, prefix=options.prefix)
        workers = [factory.create(queue, settings=settings) for queue in queues]
        with telling_of_workers(workers, host=options.health_host, port=options.health_port):
            asyncio.run(run_workers(workers, grace=settings.grace, supervised=options.supervised))


def _settings(options: Namespace) -> WorkerSettings:
    try:
        settings = _SETTINGS.validate_json(options.settings)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ValueError(f"--settings: {where}: {first['msg']}") from fault
    return settings if options.concurrency is None else replace(settings, concurrency=options.concurrency)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m toril.worker",
        description="Run the jobs of the queues that the handlers serve, until SIGTERM or Ctrl-C.",
        epilog=f"{URL_VARIABLE} says where Redis is; else the embedded broker of the data folder is used.",
    )
    parser.add_argument("target", metavar="MODULE:HANDLERS", help="where they are: app.handlers:handlers")
    parser.add_argument("--queue", "-q", action="append", default=[], metavar="NAME", help="may be repeated")
    parser.add_argument("--concurrency", "-c", type=int, metavar="JOBS", help="jobs at once, in each queue")
    parser.add_argument(
        "--settings",
        default="{}",
        metavar="JSON",
        help='what WorkerSettings takes: {"grace": 5, "most_stalls": 3}',
    )
    parser.add_argument(
        "--health-port", type=int, metavar="PORT", help="answer /healthz, /readyz and /metrics there"
    )
    parser.add_argument("--health-host", default=LOOPBACK, metavar="ADDRESS", help="where to listen for them")
    parser.add_argument("--prefix", default=DEFAULT_PREFIX, help="the first part of every key")
    parser.add_argument("--json", action="store_true", help="log JSON lines; so does LOG_FORMAT=json")
    parser.add_argument(
        "--no-database",
        action="store_true",
        help="refuse database drivers, and to start where one is in reach",
    )
    parser.add_argument("--supervised", action="store_true", help=SUPPRESS)  # stdin ends with the supervisor
    return parser


def _complain(fault: Exception, exit_code: int) -> int:
    sys.stderr.write(f"error: {fault}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
