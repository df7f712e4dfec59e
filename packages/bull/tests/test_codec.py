"""Between Python's words and BullMQ's."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toril.bull import codec
from toril.types import Backoff, CustomBackoff, Deduplicate, Keep, OnFailure, Progress
from toril.types.job_options import JobOptions

keeps = st.one_of(
    st.none(),
    st.builds(
        Keep,
        count=st.one_of(st.none(), st.integers(0, 10_000)),
        age=st.one_of(st.none(), st.integers(0, 10**6).map(float)),
    ).filter(lambda keep: not (keep.count == 0 and keep.age is not None)),
)
aged = st.builds(Keep, age=st.integers(0, 10**6).map(float), limit=st.integers(1, 1000))
durations = st.integers(0, 10**9).map(lambda milliseconds: milliseconds / 1000)
ttls = durations.filter(bool)
keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=500)
deduplications = st.one_of(
    st.builds(Deduplicate, keys, replace=st.booleans(), keep_last=st.booleans()),
    st.builds(Deduplicate, keys, ttls, extend=st.booleans(), reschedule=st.booleans()),
    st.builds(Deduplicate, keys, ttls, extend=st.booleans(), replace=st.booleans()),
)
options = st.builds(
    JobOptions,
    attempts=st.integers(1, 1000),
    backoff=st.one_of(
        st.none(),
        st.builds(Backoff, st.sampled_from(["fixed", "exponential"]), durations, st.floats(0, 1)),
        st.builds(CustomBackoff, st.sampled_from(["polite", "😀"]), durations),
    ),
    delay=durations,
    priority=st.integers(0, 2**21 - 1),
    lifo=st.booleans(),
    expires_in=st.none() | st.integers(1, 10**9).map(lambda milliseconds: milliseconds / 1000),
    keep_completed=st.one_of(keeps, aged),
    keep_failed=keeps,
    stack_trace_limit=st.one_of(st.none(), st.integers(0, 100)),
    log_limit=st.one_of(st.none(), st.integers(1, 10_000)),
    size_limit=st.one_of(st.none(), st.integers(1, 2**53 - 1)),
    deduplicate=st.one_of(st.none(), deduplications),
    enqueued_at=st.one_of(st.none(), ttls),
    contract_version=st.one_of(st.none(), st.integers(2, 100)),
)


@given(options)
def test_options_survive_the_way_to_the_wire_and_back(given_options: JobOptions) -> None:
    assert codec.decode_options(codec.encode_options(given_options)) == given_options


def test_options_stand_on_the_wire_as_bullmq_names_them() -> None:
    wire = codec.encode_options(
        JobOptions(
            attempts=5,
            backoff=Backoff("exponential", 1.5, 0.5),
            delay=2.25,
            priority=3,
            lifo=True,
            keep_completed=Keep(count=10, age=60.0, limit=50),
            keep_failed=Keep(count=0),
            stack_trace_limit=2,
            log_limit=20,
            size_limit=5_000,
            deduplicate=Deduplicate("red", 2.5, extend=True, replace=True),
            enqueued_at=1_700_000_000.125,
            contract_version=7,
        ),
        "report-1",
    )
    assert json.loads(wire) == {
        "attempts": 5,
        "backoff": {"type": "exponential", "delay": 1500, "jitter": 0.5},
        "delay": 2250,
        "priority": 3,
        "lifo": True,
        "removeOnComplete": {"count": 10, "age": 60.0, "limit": 50},
        "removeOnFail": True,
        "stackTraceLimit": 2,
        "kl": 20,
        "sizeLimit": 5_000,
        "de": {"id": "red", "ttl": 2500, "extend": True, "replace": True},
        "timestamp": 1_700_000_000_125,
        "jobId": "report-1",
        "contractVersion": 7,
    }


def test_the_first_version_of_a_contract_takes_no_room_in_its_jobs() -> None:
    assert codec.encode_options(JobOptions(contract_version=1)) == codec.encode_options(JobOptions())


def test_a_single_attempt_takes_no_room_in_its_job() -> None:
    assert codec.encode_options(JobOptions()) == b"{}"
    assert json.loads(codec.encode_options(JobOptions(), "toro")) == {"jobId": "toro"}
    child = codec.with_parent(b"{}", "bull:work", "1", OnFailure.KEEP_WAITING)
    assert json.loads(child) == {"parent": {"id": "1", "queue": "bull:work"}}


@pytest.mark.parametrize(
    ("wire", "backoff"),
    [
        ("1000", Backoff("fixed", 1.0)),
        ('{"type":"fixed","delay":50,"jitter":0.5}', Backoff("fixed", 0.05, 0.5)),
        ('{"type":"polite"}', CustomBackoff("polite")),
        ('{"type":"polite","delay":2500,"jitter":1}', CustomBackoff("polite", 2.5)),
        ('{"type":7,"delay":1000}', Backoff("fixed", 1.0)),
        ('{"type":"%s","delay":1000}' % ("x" * 101), Backoff("fixed", 1.0)),
    ],
)
def test_every_form_of_backoff_is_read(wire: str, backoff: Backoff | CustomBackoff) -> None:
    assert codec.decode_options(b'{"backoff":%s}' % wire.encode()).backoff == backoff


def test_node_writes_no_attempts_as_zero() -> None:
    assert codec.decode_options(b'{"attempts":0}').attempts == 1


@pytest.mark.parametrize(
    ("wire", "keep"),
    [
        ("true", Keep(count=0)),
        ("false", Keep()),
        ("5", Keep(count=5)),
        ("-1", Keep()),
        ('{"age":3,"count":4}', Keep(count=4, age=3.0)),
        ('{"age":3,"limit":40}', Keep(age=3.0, limit=40)),
        ('{"age":3,"limit":4000}', Keep(age=3.0, limit=1000)),
        ('{"age":3,"limit":0}', Keep(age=3.0)),
        ('{"count":4,"limit":40}', Keep(count=4)),
        ('"nonsense"', None),
    ],
)
def test_every_form_of_retention_is_read(wire: str, keep: Keep | None) -> None:
    assert codec.decode_options(b'{"removeOnComplete":%s}' % wire.encode()).keep_completed == keep


@pytest.mark.parametrize(
    ("wire", "deduplicate"),
    [
        ('{"id":"red"}', Deduplicate("red")),
        ('{"id":"red","ttl":0,"extend":true}', Deduplicate("red")),
        ('{"id":"red","ttl":-5}', Deduplicate("red")),
        ('{"id":"red","ttl":1e300}', Deduplicate("red")),
        ('{"id":"red","ttl":9e15}', Deduplicate("red", 100 * 365 * 86_400.0)),
        ('{"id":"red","keepLastIfActive":true,"ttl":500,"extend":true}', Deduplicate("red", keep_last=True)),
        ('{"id":"red","replace":true,"reschedule":true}', Deduplicate("red", replace=True)),
        ('{"id":"\\ud800"}', Deduplicate("?")),
        ('{"id":""}', None),
        ('{"id":7}', None),
        ('"red"', None),
    ],
)
def test_every_deduplication_is_read_as_bullmq_acts_on_it(wire: str, deduplicate: Deduplicate | None) -> None:
    assert codec.decode_options(b'{"de":%s}' % wire.encode()).deduplicate == deduplicate


@pytest.mark.parametrize(
    "wire",
    [None, b"", b"no json", b"[]", b"null", b'{"attempts":"x","backoff":[],"delay":-5,"priority":null}'],
)
def test_options_that_cannot_be_read_count_as_not_given(wire: bytes | None) -> None:
    assert codec.decode_options(wire) == JobOptions()


def test_options_out_of_range_on_the_wire_do_not_stop_a_worker() -> None:
    assert codec.decode_options(b'{"delay":1e300,"priority":9999999999,"attempts":1e300}').attempts == 1


@given(st.floats(0, 1), st.one_of(st.none(), st.text()))
def test_progress_survives_the_way_to_the_wire_and_back(fraction: float, note: str | None) -> None:
    progress = codec.decode_progress(codec.encode_progress(fraction, note))
    assert progress is not None
    assert progress.fraction == pytest.approx(fraction, abs=1e-6)
    assert progress.note == note


@pytest.mark.parametrize("wire", [b'"half"', b"[1]", b'{"step":3}', b"250", b"-1", b"true", b"not json"])
def test_progress_of_a_node_job_may_be_anything(wire: bytes) -> None:
    progress = codec.decode_progress(wire)
    assert isinstance(progress, Progress)
    assert progress.fraction is None


def test_lone_surrogates_become_something_that_every_reader_accepts() -> None:
    assert codec.encode_text("a\ud800b") == b"a?b"


@pytest.mark.parametrize(
    ("keep", "wire"),
    [
        (None, ""),
        (Keep(), ""),
        (Keep(count=0), "0"),
        (Keep(count=5), "5,,"),
        (Keep(age=1.5), ",1.500,"),
        (Keep(count=5, age=60), "5,60.000,"),
        (Keep(age=60, limit=7), ",60.000,7"),
    ],
)
def test_retention_is_told_to_the_script(keep: Keep | None, wire: str) -> None:
    assert codec.encode_retention(keep) == wire


@pytest.mark.parametrize(
    "wire", [None, b"", b"x", b"nan", b"inf", b"-inf", b"1e18", b"-1e300", b"9007199254740992"]
)
def test_what_is_no_number_that_counts_exactly_is_read_as_none(wire: bytes | None) -> None:
    assert codec.number(wire) == 0
    assert codec.number(wire, -1) == -1
    assert codec.count(wire) == 0
    assert codec.moment(wire) is None


def test_numbers_counts_and_moments_are_read() -> None:
    assert codec.number(b"-1.5") == -1.5
    assert codec.count(b"3.9") == 3
    assert codec.moment(b"1700000000125") == datetime(2023, 11, 14, 22, 13, 20, 125_000, tzinfo=UTC)


def test_a_moment_after_the_year_9999_is_none() -> None:
    assert codec.moment(b"253402300799999") is not None
    assert codec.moment(b"253402300800000") is None


def test_only_options_of_usual_length_are_remembered() -> None:
    usual, long = b'{"attempts":2}', b'{"attempts":2%s}' % (b" " * 1_000)
    assert codec.decode_options(usual) is codec.decode_options(usual)
    assert codec.decode_options(long) == codec.decode_options(usual)
    assert codec.decode_options(long) is not codec.decode_options(long)
