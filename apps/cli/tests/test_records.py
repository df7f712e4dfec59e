import json
from datetime import UTC, datetime
from typing import Any

import pytest

from toril.cli.records import progress_text, read_json, record_as_json
from toril.types import Backoff, JobRecord, JobState, Progress


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ('{"a": [1, null]}', {"a": [1, None]}),
        ("null", None),
        ("not json", "not json"),
        ("NaN", "NaN"),
        ("[" * 100_000, "[" * 100_000),
        (None, None),
    ],
)
def test_what_is_no_json_stays_text(stored: str | None, value: Any):
    assert read_json(stored) == value


def test_a_record_is_json_with_iso_times():
    record = JobRecord(
        queue="paint",
        id="7",
        name="paint",
        data='{"colour": "red"}',
        state=JobState.WAITING,
        enqueued_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        backoff=Backoff("fixed", 2.0),
        progress=Progress(0.5, "half way", 50),
    )

    told = json.loads(json.dumps(record_as_json(record)))

    assert told["data"] == {"colour": "red"}
    assert told["result"] is None
    assert told["state"] == "waiting"
    assert told["enqueued_at"] == "2026-01-02T03:04:05+00:00"
    assert told["backoff"] == {"kind": "fixed", "delay": 2.0, "jitter": 0.0}
    assert told["progress"] == {"fraction": 0.5, "note": "half way", "value": 50}


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (None, ""),
        (Progress(0.25, "loading"), "25% loading"),
        (Progress(note="loading"), "loading"),
        (Progress(value={"step": 3}), '{"step": 3}'),
    ],
)
def test_progress_is_told_in_a_few_words(progress: Progress | None, text: str):
    assert progress_text(progress) == text
