"""`toril resume`: workers take jobs of a queue again."""

from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.pausing import set_paused
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
    set_paused(queue, url, prefix, paused=False, as_json=as_json)
