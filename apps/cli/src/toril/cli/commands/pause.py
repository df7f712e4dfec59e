"""`toril pause`: workers take no jobs of a queue."""

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.output import print_json, print_note
from toril.cli.reporting import reported
from toril.cli.steering import steering


@reported
def pause(
    queue: QueueName,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let no worker take jobs of a queue. Those that run end as usual."""
    run(set_paused(url, QueueKeys(queue, prefix), paused=True))
    tell_paused(queue, as_json=as_json, paused=True)


async def set_paused(url: str | None, keys: QueueKeys, *, paused: bool) -> None:
    """Pause a queue, or let it go on.

    Raises:
        as `steering`.
    """
    async with steering(url, keys) as admin:
        await (admin.pause() if paused else admin.resume())


def tell_paused(queue: str, *, as_json: bool, paused: bool) -> None:
    """Say how the queue stands now."""
    if as_json:
        print_json({"queue": queue, "paused": paused})
    else:
        print_note(f"queue {queue!r} {'is paused' if paused else 'goes on'}")
