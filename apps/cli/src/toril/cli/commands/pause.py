"""`toril pause`, `toril resume`: whether workers take jobs of a queue."""

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
    run(_set(url, QueueKeys(queue, prefix), paused=True))
    _tell(queue, as_json=as_json, paused=True)


@reported
def resume(
    queue: QueueName,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let workers take jobs of a queue again."""
    run(_set(url, QueueKeys(queue, prefix), paused=False))
    _tell(queue, as_json=as_json, paused=False)


async def _set(url: str | None, keys: QueueKeys, *, paused: bool) -> None:
    async with steering(url, keys) as admin:
        await (admin.pause() if paused else admin.resume())


def _tell(queue: str, *, as_json: bool, paused: bool) -> None:
    if as_json:
        print_json({"queue": queue, "paused": paused})
    else:
        print_note(f"queue {queue!r} {'is paused' if paused else 'goes on'}")
