"""What crosses between a worker and its child processes."""

import pytest

from toril.bull.children import EndedChild
from toril.bull.errors import BrokerUnavailable, JobNotFound
from toril.bull.intake import TakenJob
from toril.types import CustomBackoff, Keep
from toril.types.job_options import JobOptions
from toril.worker import RateLimited, WorkerError
from toril.worker.isolation import frames
from toril.worker.isolation.frames import FrameReader, frame
from toril.worker.isolation.known_errors import read_error, read_signal, write_error
from toril.worker.isolation.messages import (
    Answer,
    Begin,
    Cancel,
    Failed,
    Log,
    Message,
    Progress,
    Returned,
    Run,
)
from toril.worker.isolation.references import HandlerReference
from toril.worker.signals import (
    FailedByChild,
    MovedToDelayed,
    MovedToWaiting,
    MovedToWaitingChildren,
    RunEnded,
)

JOB = TakenJob(
    id="7",
    name="fire",
    data=b"",
    token="",
    options=JobOptions(attempts=3, backoff=CustomBackoff("patient"), keep_failed=Keep(5, 6.0)),
    attempts_made=1,
    attempts_started=2,
    stalled_count=0,
    enqueued_at=1.5,
    deferred_failure=None,
    earlier_stacktrace=b'["\xff"]',
    unknown_since=None,
)
MESSAGES: list[Message] = [
    Begin(path=["/one", "/two"]),
    Run(handler=HandlerReference("module:name", None, "kiln"), job=JOB, body=b"\xff\x00"),
    Cancel(),
    Answer(children=[EndedChild("kiln", "7", None, "[1]", None)]),
    Progress(fraction=0.5, note=None),
    Log(line="a lone surrogate: \ud800"),
    Returned(body=b"{}"),
    Failed(reason="ValueError: ü", trace="…", is_hopeless=True),
]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_messages_are_whole_again_however_they_arrive(size: int) -> None:
    stream = b"".join(frame(message) for message in MESSAGES)
    reader = FrameReader()
    read = [
        message
        for start in range(0, len(stream), size)
        for message in reader.feed(stream[start : start + size])
    ]
    assert read == MESSAGES


@pytest.mark.parametrize(
    "garbage", [b"\xff" * 8, b"\x00\x00\x00\x02\x00\x00\x00\x00[]", b"\x00\x00\x00\x01\x00\x00\x00\x00{"]
)
def test_what_is_no_message_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match=r"bytes are more|is no message|Expecting"):
        list(FrameReader().feed(garbage))


def test_a_message_larger_than_the_other_side_takes_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "LARGEST_BODY", 10)
    with pytest.raises(ValueError, match="11 bytes are more than"):
        frame(Returned(body=b"x" * 11))


@pytest.mark.parametrize(
    "signal",
    [
        RateLimited(5),
        MovedToDelayed(0.5),
        MovedToWaiting(),
        MovedToWaitingChildren(),
        FailedByChild("bull:a:7"),
    ],
)
def test_signals_are_the_same_on_both_sides(signal: RunEnded) -> None:
    again = read_signal(write_error(signal))
    assert (type(again), again.__dict__) == (type(signal), signal.__dict__)


def test_errors_that_both_sides_know_are_the_same() -> None:
    for error in (JobNotFound("kiln", "7"), BrokerUnavailable("redis:1", "gone"), ValueError("seven")):
        again = read_error(write_error(error))
        assert (type(again), str(again)) == (type(error), str(error))


def test_an_error_that_is_not_known_crosses_in_words() -> None:
    again = read_error(write_error(KeyError("seven")))
    assert isinstance(again, WorkerError)
    assert str(again) == "KeyError: 'seven'"
