"""`toril events`: what happens in queues, as it happens."""

import asyncio
from contextlib import AsyncExitStack
from typing import Annotated

import typer

from toril.bull.connection import Connection
from toril.bull.event_feed import EventFeed
from toril.bull.inspect import QueueInspector
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.bull.workers import event_client_name
from toril.cli.brokers import running_broker
from toril.cli.event_lines import COLUMNS, event_as_json, event_cells
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import print_growing_line, print_json, print_note
from toril.cli.reporting import reported
from toril.types import JobEvent

MOST_UNSHOWN = 100
WIDEST_QUEUE = 16


@reported
def events(
    queues: Annotated[list[str], typer.Argument(metavar="QUEUE...", help="The names of the queues.")],
    after: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            show_default=False,
            help="Go on after the event with this id; 0 begins with the oldest. By default from now on.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, show_default=False, help="End after so many events."),
    ] = None,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show what happens in queues, as it happens, until Ctrl-C."""
    keys = [QueueKeys(name, prefix) for name in dict.fromkeys(queues)]
    run(_follow(running_broker(url), keys, after, limit, _Json() if as_json else _Lines(keys)))


async def _follow(
    url: str, keys: list[QueueKeys], after: str | None, limit: int | None, shown: "_Json | _Lines"
) -> None:
    unshown: asyncio.Queue[JobEvent] = asyncio.Queue(MOST_UNSHOWN)

    async def follow(feed: EventFeed) -> None:
        async for event in feed:
            await unshown.put(event)

    async with AsyncExitStack() as connections:
        feeds: list[EventFeed] = []
        for each in keys:
            connection = Connection(url, client_name=event_client_name(each))
            await connections.enter_async_context(connection)
            if not await QueueInspector(connection, each).exists():
                print_note(f"nobody has used the queue {each.queue!r} yet: waiting for its first event")
            feeds.append(await EventFeed.open(connection, each, after))
        shown.begin()
        async with asyncio.TaskGroup() as group:
            following = [group.create_task(follow(feed)) for feed in feeds]
            count = 0
            while limit is None or count < limit:
                shown.show(await unshown.get())
                count += 1
            for task in following:
                task.cancel()


class _Json:
    """Events as JSON, one a line."""

    def begin(self) -> None:
        pass

    def show(self, event: JobEvent) -> None:
        print_json(event_as_json(event), flush=True)


class _Lines:
    """Events as lines of columns; the queue's name is one if there are several."""

    def __init__(self, keys: list[QueueKeys]) -> None:
        self._several = len(keys) > 1
        width = min(max(len(each.queue) for each in keys), WIDEST_QUEUE)
        self._columns = {"queue": width, **COLUMNS} if self._several else COLUMNS

    def begin(self) -> None:
        print_growing_line(list(self._columns), self._columns.values(), heading=True)

    def show(self, event: JobEvent) -> None:
        cells = [event.queue, *event_cells(event)] if self._several else event_cells(event)
        print_growing_line(cells, self._columns.values())
