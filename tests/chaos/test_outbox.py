"""The short form of `make chaos-outbox`, and what it must find."""

import pytest

from chaos.outbox.run import Plan, run
from chaos.outbox.verdict import Account

FAULTLESS = Account(
    committed={1: 0, 2: 1, 4: 0}, rolled_back=frozenset({3}), added=[2, 1, 4], left=0, kills={}
)


@pytest.mark.timeout(400)
async def test_each_committed_transaction_yields_one_job_and_each_other_one_none() -> None:
    account = await run(Plan(transactions=500, kill_every=70))
    assert list(account.problems()) == []
    assert set(account.kills) == {"relay", "Redis", "PostgreSQL"}
    assert len(account.committed) > 250
    assert len(account.rolled_back) > 50


def test_an_account_without_faults_has_no_problems() -> None:
    assert list(FAULTLESS.problems()) == []


@pytest.mark.parametrize(
    ("added", "left", "rolled_back", "problem"),
    [
        ([2, 1], 0, {3}, "1 committed transactions yielded no job"),
        ([2, 1, 4, 2], 0, {3}, "1 transactions yielded more than one job"),
        ([2, 1, 4, 3], 0, {3}, "1 transactions that were not committed yielded a job"),
        ([2, 4, 1], 0, {3}, "the jobs of writer 0 did not come in the order of its commits"),
        ([2, 1, 4], 1, {3}, "1 rows are left in the outbox"),
        ([2, 1, 4], 0, {4}, "1 transactions were committed although they were rolled back"),
    ],
)
def test_every_broken_promise_is_found(
    added: list[int], left: int, rolled_back: set[int], problem: str
) -> None:
    account = Account(
        committed=FAULTLESS.committed, rolled_back=frozenset(rolled_back), added=added, left=left, kills={}
    )
    assert [line.startswith(problem) for line in account.problems()] == [True]
