"""Pausing a queue, and letting it go on."""

from toril.bull.keys import QueueKeys
from toril.cli.event_loop import run
from toril.cli.output import print_json, print_note
from toril.cli.steering import steering


def set_paused(queue: str, url: str | None, prefix: str, *, paused: bool, as_json: bool) -> None:
    """Pause a queue, or let it go on, and say how it stands now.

    Raises:
        as `steering`.
    """
    run(_set_paused(url, QueueKeys(queue, prefix), paused=paused))
    if as_json:
        print_json({"queue": queue, "paused": paused})
    else:
        print_note(f"queue {queue!r} {'is paused' if paused else 'goes on'}")


async def _set_paused(url: str | None, keys: QueueKeys, *, paused: bool) -> None:
    async with steering(url, keys) as admin:
        await (admin.pause() if paused else admin.resume())
