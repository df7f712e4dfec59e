"""`toril pause`: workers take no jobs of a queue."""

from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.pausing import set_paused
from toril.cli.reporting import reported


@reported
def pause(
    queue: QueueName,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Let no worker take jobs of a queue. Those that run end as usual."""
    set_paused(queue, url, prefix, paused=True, as_json=as_json)
