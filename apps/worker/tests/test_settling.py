"""Outcomes that Redis refuses."""

import pytest

from toril.bull.outcomes import Completed, Failed, Parked, Refusal, Refused
from toril.types import Keep
from toril.worker.settling import Settling

KEEP = Keep(count=3)


@pytest.mark.parametrize(
    "outcome", [Completed("1", "token", b"1"), Parked("1", "token")], ids=["ended", "parked"]
)
def test_a_job_whose_child_failed_meanwhile_fails_for_good(outcome: Completed | Parked) -> None:
    settling = Settling("paint", KEEP)
    settling.judge([Refused(outcome, Refusal.CHILDREN_FAILED)], in_doubt=False)
    assert settling.next_batch(10) == [Failed("1", "token", "children have failed", None, 1, KEEP)]
