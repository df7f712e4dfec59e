"""`toril backend`: the HTTP gateway to the jobs of some contracts."""

import asyncio
import sys
from contextlib import ExitStack
from typing import Annotated

import structlog
import typer

from toril.backend import QueueService
from toril.backend.api_keys import KEYS_VARIABLE, ApiKeys
from toril.backend.outbox import OutboxRelay
from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.brokers import working_broker
from toril.cli.database_options import DatabaseUrl
from toril.cli.databases import working_database
from toril.cli.errors import AddressTaken, KeysMissing
from toril.cli.event_loop import run
from toril.cli.loading import load_catalog
from toril.cli.options import JsonLogs, Prefix, Strict, Url, Verbose
from toril.cli.reporting import reported
from toril.jobs import Catalog
from toril.worker.process.logging_setup import configure_logging

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.cli")

MOST_OPEN_FILES = 65_536


@reported
def backend(
    modules: Annotated[
        list[str], typer.Argument(metavar="MODULE…", help="Where the contracts are: app.contracts")
    ],
    host: Annotated[str, typer.Option(metavar="NAME", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Its port; 0 is a free one.")] = 8000,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", show_default=False, help="Another name to be called by on loopback."),
    ] = None,
    cors_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ORIGIN",
            show_default=False,
            help="Whose web pages may call: https://app.example.org. None by default.",
        ),
    ] = None,
    max_body: Annotated[int, typer.Option(metavar="BYTES", min=1, help="How large a request may be.")] = 4
    * 1024
    * 1024,
    relays: Annotated[
        bool, typer.Option("--outbox", help="Relay the outbox of the database too, as `toril outbox` does.")
    ] = False,
    database_url: DatabaseUrl = None,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    strict: Strict = False,
    json_logs: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Serve the jobs of contracts over HTTP.

    It runs until SIGTERM or Ctrl-C.

    On loopback no key is needed. On any other address it does not start without TORIL_API_KEYS, whose entries
    `toril key create` makes.
    """
    configure_logging(as_json=json_logs)
    # FastAPI takes long to load: only those who serve wait for it.
    from toril.backend.http import GatewaySettings, create_app
    from toril.backend.http.access.browsers import LOOPBACK_NAMES
    from toril.backend.http.server import GatewayServer, is_loopback, listen, url_of

    catalog = Catalog(contract for module in modules for contract in load_catalog(module))
    keys = ApiKeys.from_environment()
    try:
        listening = listen(host, port)
    except OSError as error:
        reason, _, _ = (error.strerror or str(error)).partition(" (while")  # the address is said already
        raise AddressTaken(host, port, reason) from error
    with listening:
        is_local = is_loopback(listening)
        if not is_local and not keys:
            raise KeysMissing(host, KEYS_VARIABLE)
        hosts = {*LOOPBACK_NAMES, *(allow_host or ())} if is_local else None
        settings = GatewaySettings(cors_origins=tuple(cors_origin or ()), largest_body=max_body)

        async def work(known: str, database: str | None) -> None:
            async with QueueService.connect(known, prefix=prefix, strict=strict) as queues:
                app = create_app(queues, catalog, keys=keys, hosts=hosts, settings=settings)
                server = GatewayServer(app, listening, told)
                if database is None:
                    await server.run_until_signal()
                    return
                relay = OutboxRelay(database, known, prefix=prefix, strict=strict)
                app.state.gateway.metrics.tell_also(relay.metrics)
                async with asyncio.TaskGroup() as group:
                    group.create_task(relay.run())
                    await server.run_until_signal()
                    relay.stop()

        def told() -> None:
            names = sorted({contract.queue.name for contract in catalog})
            _log.info("gateway started", address=url_of(listening), queues=names, keys=len(keys))

        _allow_many_connections()
        with working_broker(url) as known, ExitStack() as stack:
            database = stack.enter_context(working_database(database_url)) if relays else None
            run(work(known, database))
        _log.info("gateway stopped")


def _allow_many_connections() -> None:
    """Each stream is an open file, of which a shell often allows 1,024."""
    if sys.platform == "win32":
        return
    import resource

    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_OPEN_FILES if most == resource.RLIM_INFINITY else min(most, MOST_OPEN_FILES)
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
