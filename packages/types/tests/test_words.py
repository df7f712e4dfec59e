"""The shared words: BullMQ's spelling, frozen, and nothing of ours behind them."""

import dataclasses
import inspect
import subprocess
import sys
from typing import Any

import pytest

import toril.types
from toril.types import (
    Backoff,
    CustomBackoff,
    Deduplicate,
    EventKind,
    JobEvent,
    JobOptions,
    JobRecord,
    JobState,
    JobTree,
    JobUpdate,
    Keep,
    Progress,
    Schedule,
    ScheduleRecord,
)

VALUES = [
    Backoff("fixed", 1.0),
    CustomBackoff("polite"),
    Deduplicate("report-7"),
    JobEvent(queue="documents", id="1-0", kind=EventKind.ADDED),
    JobOptions(),
    JobRecord(queue="documents", id="1", name="embed-document", data="{}"),
    JobTree(record=JobRecord(queue="documents", id="1", name="embed-document", data="{}")),
    JobUpdate(JobState.ACTIVE),
    Keep(count=1),
    Progress(0.5),
    Schedule.every(60.0),
    ScheduleRecord(
        queue="documents",
        id="sweep",
        name="sweep",
        data="{}",
        schedule=None,
        next_run=None,
        next_job_id=None,
        runs=0,
    ),
]


def test_all_names_everything_public_and_nothing_else() -> None:
    public = {
        name
        for name, value in vars(toril.types).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(toril.types.__all__) == sorted(public)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_do_not_change(value: Any) -> None:
    first = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, first, None)


def test_every_value_is_tested_here() -> None:
    exported = [getattr(toril.types, name) for name in toril.types.__all__]
    assert {type(value) for value in VALUES} == {word for word in exported if dataclasses.is_dataclass(word)}


def test_states_are_called_as_bullmq_calls_them() -> None:
    assert [str(state) for state in JobState] == [
        "waiting",
        "active",
        "prioritized",
        "delayed",
        "waiting-children",
        "completed",
        "failed",
    ]


@pytest.mark.parametrize("state", JobState)
def test_a_job_that_has_ended_is_in_a_final_state(state: JobState) -> None:
    assert state.is_final == (state in {JobState.COMPLETED, JobState.FAILED})


def test_the_words_import_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import toril.types\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "names = {name for name in names if not name.startswith('_sysconfigdata')}\n"
        "print(*sorted(names - set(sys.stdlib_module_names) - {'toril'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
