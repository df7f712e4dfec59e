"""`toril resume`: workers take jobs of a queue again."""

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.commands.pause import set_paused, tell_paused
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.reporting import reported


@reported
def resume(
    queue: QueueName,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let workers take jobs of a queue again."""
    run(set_paused(url, QueueKeys(queue, prefix), paused=False))
    tell_paused(queue, as_json=as_json, paused=False)
