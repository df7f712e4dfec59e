"""Any program of steps leaves the same queue behind, whether BullMQ's scripts took them or ours.

By hand, for as long as it takes: pytest tests/differential/test_programs.py --hypothesis-profile=thorough
"""

from collections.abc import Callable

import pytest
from differential.any_program import programs, workers
from differential.conftest import THOROUGH, Studio
from differential.programs import Program, run
from differential.side import Worker
from hypothesis import given, settings

is_thorough = settings.get_current_profile_name() == THOROUGH


@pytest.mark.timeout(0 if is_thorough else 400)  # finding the smallest program that differs takes its time
@settings(settings.get_profile(THOROUGH if is_thorough else "differential"))
@given(program=programs, worker=workers)
def test_every_program_leaves_the_same_queue_behind(
    make_studio: Callable[[], Studio], program: Program, worker: Worker
) -> None:
    with make_studio() as studio:
        run(program, studio.pair_of_queues(worker), check_each_step=is_thorough)
