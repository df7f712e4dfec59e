"""Entries of an event stream as events: typed where BullMQ says so, and never an error."""

from datetime import UTC, datetime

import pytest

from toril.bull.codec import decode_event
from toril.types import EventKind, JobEvent, JobState, Progress


def read(*words: str | bytes, entry_id: bytes = b"1700000000123-4") -> JobEvent:
    return decode_event("paint", entry_id, [w if isinstance(w, bytes) else w.encode() for w in words])


def test_each_kind_is_known_by_its_word() -> None:
    for kind in EventKind:
        event = read("event", kind.value, "jobId", "7")
        assert (event.kind, event.name, event.job_id) == (kind, kind.value, "7")


def test_an_added_job_tells_its_name() -> None:
    assert read("event", "added", "jobId", "1", "name", "mix").job_name == "mix"


def test_a_delayed_job_tells_when_it_is_due() -> None:
    event = read("event", "delayed", "jobId", "1", "delay", "1700000005000")
    assert event.due_at == datetime(2023, 11, 14, 22, 13, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("word", "state"),
    [*((state.value, state) for state in JobState), ("wait", JobState.WAITING), ("paused", JobState.WAITING)],
)
def test_the_state_before_is_told(word: str, state: JobState) -> None:
    assert read("event", "removed", "jobId", "1", "prev", word).previous is state


def test_how_a_job_ended_is_told() -> None:
    assert read("event", "completed", "jobId", "1", "returnvalue", '{"a":1}').result == '{"a":1}'
    assert read("event", "failed", "jobId", "1", "failedReason", "no paint").failed_reason == "no paint"
    assert read("event", "retries-exhausted", "jobId", "1", "attemptsMade", "3").attempts_made == 3


def test_progress_is_told_as_a_job_told_it() -> None:
    assert read("event", "progress", "jobId", "1", "data", "50").progress == Progress(0.5, None, 50)


def test_what_is_counted_and_what_was_a_duplicate_is_told() -> None:
    assert read("event", "cleaned", "count", "12").cleaned == 12
    event = read("event", "deduplicated", "jobId", "1", "deduplicationId", "colour", "deduplicatedJobId", "2")
    assert (event.job_id, event.deduplication_id, event.deduplicated_job_id) == ("1", "colour", "2")


def test_a_word_that_we_do_not_know_stays_readable_with_its_fields() -> None:
    event = read("event", "repainted", "jobId", "7", "colour", "red", "by", "anna")
    assert (event.kind, event.name, event.job_id) == (EventKind.UNKNOWN, "repainted", "7")
    assert event.fields == (("colour", "red"), ("by", "anna"))


def test_a_field_means_something_in_its_own_kind_of_event_only() -> None:
    fields = ["name", "mix", "delay", "5", "data", "50", "returnvalue", "1", "failedReason", "no paint"]
    fields += ["attemptsMade", "3", "count", "2", "deduplicationId", "colour", "deduplicatedJobId", "2"]
    event = read("event", "repainted", *fields)
    assert event == JobEvent(
        queue="paint",
        id=event.id,
        kind=EventKind.UNKNOWN,
        name="repainted",
        fields=tuple(zip(fields[::2], fields[1::2], strict=True)),
    )


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("jobId", "1"),
        ("event",),
        ("event", b"\xff\xfe", b"\x80", b"\x81"),
        ("event", "completed"),
        ("event", "completed", "jobId", b"\xff", "returnvalue", b"{\xff"),
        ("event", "progress", "jobId", "1"),
        ("event", "progress", "jobId", "1", "data", "{not json"),
        ("event", "progress", "jobId", "1", "data", "[" * 100_000),
        ("event", "delayed", "jobId", "1", "delay", "soon"),
        ("event", "delayed", "jobId", "1", "delay", "1e300"),
        ("event", "delayed", "jobId", "1", "delay", "-1"),
        ("event", "cleaned", "count", "nan"),
        ("event", "cleaned", "count", "-3"),
        ("event", "retries-exhausted", "attemptsMade", ""),
        ("event", "removed", "jobId", "1", "prev", "elsewhere"),
    ],
    ids=lambda words: repr(words)[:60],
)
def test_an_entry_that_cannot_be_read_is_no_error(words: tuple[str | bytes, ...]) -> None:
    event = read(*words)
    assert (event.due_at, event.cleaned, event.attempts_made, event.previous) == (None,) * 4


@pytest.mark.parametrize(
    ("entry_id", "at"),
    [
        (b"1700000000123-4", datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=UTC)),
        (b"0-1", datetime(1970, 1, 1, tzinfo=UTC)),
        (b"18446744073709551615-0", None),
    ],
)
def test_an_event_tells_when_it_happened(entry_id: bytes, at: datetime | None) -> None:
    assert read("event", "drained", entry_id=entry_id).at == at
