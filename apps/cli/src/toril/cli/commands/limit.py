"""`toril limit`: how many jobs of a queue may run, and how fast they may start."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from toril.bull.inspect import QueueInspector, QueueMeta
from toril.bull.intake import RateLimit
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.brokers import reading
from toril.cli.errors import BadInput
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.output import print_fields, print_json
from toril.cli.rate_limits import read_rate_limit
from toril.cli.reporting import reported
from toril.cli.steering import steering


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to change; None, and False, leave it as it is."""

    concurrency: int | None
    no_concurrency: bool
    rate: RateLimit | None
    no_rate: bool
    hold: float | None
    release: bool


@reported
def limit(
    queue: QueueName,
    concurrency: Annotated[
        int | None, typer.Option(min=1, show_default=False, help="How many jobs may run at once.")
    ] = None,
    no_concurrency: Annotated[bool, typer.Option("--no-concurrency", help="Any number.")] = False,
    rate: Annotated[
        RateLimit | None,
        typer.Option(
            metavar="JOBS/SECONDS",
            show_default=False,
            parser=read_rate_limit,
            help="How many may start: 100/60.",
        ),
    ] = None,
    no_rate: Annotated[bool, typer.Option("--no-rate", help="Any number.")] = False,
    hold: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            show_default=False,
            help="Let none start so long, where a rate limit holds.",
        ),
    ] = None,
    release: Annotated[
        bool, typer.Option("--release", help="End what --hold or the rate holds back.")
    ] = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Set the limits of a queue over all its workers, and show them. Without options: show them."""
    if (concurrency and no_concurrency) or (rate and no_rate) or (hold is not None and release):
        raise BadInput("a limit can be set or lifted, not both")
    wish = _Wish(
        concurrency=concurrency,
        no_concurrency=no_concurrency,
        rate=rate,
        no_rate=no_rate,
        hold=hold,
        release=release,
    )
    keys = QueueKeys(queue, prefix)
    meta, held_for = run(_apply(url, keys, wish))
    if as_json:
        print_json(_as_json(queue, meta, held_for))
    else:
        print_fields(_fields(meta, held_for))


async def _apply(url: str | None, keys: QueueKeys, wish: _Wish) -> tuple[QueueMeta, float]:
    async with steering(url, keys) as admin:
        if wish.concurrency is not None or wish.no_concurrency:
            await admin.set_concurrency(wish.concurrency)
        if wish.rate is not None or wish.no_rate:
            await admin.set_rate_limit(wish.rate)
        if wish.hold is not None:
            await admin.limit_rate_for(wish.hold)
        if wish.release:
            await admin.end_rate_limit()
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        return await inspector.meta(), await inspector.rate_limited_for()


def _as_json(queue: str, meta: QueueMeta, held_for: float) -> dict[str, Any]:
    rate = meta.rate_limit
    return {
        "queue": queue,
        "concurrency": meta.concurrency,
        "rate": None if rate is None else {"jobs": rate.jobs, "seconds": rate.duration},
        "held_for": held_for,
    }


def _fields(meta: QueueMeta, held_for: float) -> dict[str, str]:
    rate = meta.rate_limit
    return {
        "concurrency": "any number" if meta.concurrency is None else f"{meta.concurrency} jobs at once",
        "rate": "any number" if rate is None else f"{rate.jobs} jobs in {rate.duration:g} s",
        "held back": f"for {held_for:g} s" if held_for else "no",
    }
