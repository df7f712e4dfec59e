"""What is broken, and when. Each scenario hires a fleet, adds jobs, and breaks something while they run."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from chaos.broker import Sync
from chaos.scenarios.broker import (
    broker_killed,
    broker_stopped,
    broker_stopped_briefly,
    workers_replaced_meanwhile,
)
from chaos.scenarios.loops import loops_blocked
from chaos.scenarios.network import network_unreliable
from chaos.scenarios.workers import (
    clocks_wrong,
    mixed_fleet_killed,
    worker_stopped,
    workers_killed,
    workers_replaced,
)
from chaos.stage import Stage
from chaos.verdict import Cause

CRASH = frozenset({Cause.CRASH})


class Scenario(NamedTuple):
    """One way to break things.

    Attributes:
        name: what a command calls it.
        title: what a table calls it.
        act: returns when nothing is broken any more; all jobs must have been given to producers by then.
        repeats: for which causes a job may run again.
        compares: whether other systems can be broken this way as well.
        sync: when the broker's append-only file reaches the disk.
    """

    name: str
    title: str
    act: Callable[[Stage], Awaitable[None]]
    repeats: frozenset[Cause] = frozenset()
    sync: Sync = Sync.EVERY_SECOND
    compares: bool = False


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("workers-killed", "workers killed (SIGKILL)", workers_killed, repeats=CRASH, compares=True),
        Scenario(
            "workers-replaced",
            "workers replaced by the next release (SIGTERM)",
            workers_replaced,
            repeats=frozenset({Cause.HANDED_BACK}),
            compares=True,
        ),
        Scenario(
            "worker-stopped",
            "a worker stopped (SIGSTOP) for longer than a lock",
            worker_stopped,
            repeats=frozenset({Cause.LOST_LOCK}),
        ),
        Scenario("broker-killed-always", "broker killed, fsync always", broker_killed, sync=Sync.ALWAYS),
        Scenario(
            "broker-killed-everysec",
            "broker killed, fsync every second",
            broker_killed,
            repeats=frozenset({Cause.LOST_WRITE}),
            compares=True,
        ),
        Scenario(
            "broker-stopped-briefly", "broker stopped (SIGSTOP) for 5/12 of a lock", broker_stopped_briefly
        ),
        Scenario(
            "broker-stopped",
            "broker stopped (SIGSTOP) for longer than a lock",
            broker_stopped,
            repeats=frozenset({Cause.LOST_LOCK}),
        ),
        Scenario(
            "workers-replaced-in-outage",
            "all workers replaced (SIGTERM) while the broker is stopped",
            workers_replaced_meanwhile,
            repeats=frozenset({Cause.LOST_LOCK, Cause.HANDED_BACK}),
        ),
        Scenario(
            "network-unreliable",
            "a network that delays, cuts, half-closes and swallows",
            network_unreliable,
            repeats=frozenset({Cause.LOST_LOCK}),
        ),
        Scenario("loops-blocked", "event loops blocked for three locks", loops_blocked, compares=True),
        Scenario("clocks-wrong", "clocks ten minutes ahead and behind", clocks_wrong),
        Scenario(
            "mixed-fleet-killed", "Toril and Node workers killed (SIGKILL)", mixed_fleet_killed, repeats=CRASH
        ),
    )
}
