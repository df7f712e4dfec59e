"""The short form of each scenario of `make chaos`: nothing is lost, nothing runs twice without cause."""

import pytest

from chaos.broker import Sync
from chaos.scenarios import SCENARIOS
from chaos.systems.commands import NODE, TORIL
from chaos.terms import SHORT
from chaos.trial import Trial, hold
from chaos.verdict import Cause

pytestmark = pytest.mark.timeout(180)


async def short(name: str) -> Trial:
    trial = await hold(SCENARIOS[name], TORIL, SHORT)
    assert trial.problems == []
    assert trial.figures.done + trial.figures.given_up == SHORT.jobs
    return trial


async def test_jobs_of_killed_workers_run_again_and_no_other_job_does() -> None:
    trial = await short("workers-killed")
    assert trial.figures.repeats[Cause.CRASH] > 0


async def test_a_rolling_deploy_with_a_new_kind_of_job_hands_back_what_it_interrupts() -> None:
    trial = await short("workers-replaced")
    assert trial.figures.repeats[Cause.HANDED_BACK] > 0


async def test_a_worker_that_stood_still_finds_its_jobs_lost_and_its_results_refused() -> None:
    trial = await short("worker-stopped")
    assert trial.figures.repeats[Cause.LOST_LOCK] > 0


@pytest.mark.parametrize("sync", list(Sync))
async def test_a_killed_broker_comes_back_with_its_jobs_and_all_workers_go_on(sync: Sync) -> None:
    trial = await short(f"broker-killed-{sync.value}")
    assert trial.figures.resumed is not None


async def test_a_broker_that_stands_still_for_less_than_a_lock_repeats_nothing() -> None:
    await short("broker-stopped-briefly")


async def test_a_fleet_that_is_replaced_while_the_broker_stands_still_loses_nothing() -> None:
    await short("workers-replaced-in-outage")


async def test_a_broker_that_stands_still_for_longer_than_a_lock_loses_nothing() -> None:
    await short("broker-stopped")


async def test_a_network_that_delays_cuts_half_closes_and_swallows_loses_nothing() -> None:
    await short("network-unreliable")


async def test_jobs_that_block_the_event_loop_for_three_locks_run_once() -> None:
    await short("loops-blocked")


async def test_wrong_clocks_lose_and_repeat_nothing() -> None:
    await short("clocks-wrong")


@pytest.mark.node
async def test_a_fleet_of_ours_and_of_node_outlives_killed_workers() -> None:
    await short("mixed-fleet-killed")


@pytest.mark.node
async def test_the_same_driver_breaks_other_systems() -> None:
    trial = await hold(SCENARIOS["workers-killed"], NODE, SHORT)
    assert trial.figures.done + trial.figures.given_up == SHORT.jobs
    assert trial.figures.repeats[Cause.CRASH] > 0
