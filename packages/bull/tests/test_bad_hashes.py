"""Job hashes that anyone may have written: none of them stops a worker or a reader."""

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from toril.bull.codec import decode_record
from toril.bull.intake import _taken_jobs

NUMBERS = [b"nan", b"inf", b"-inf", b"1e18", b"-1e18", b"1e400", b"9" * 5000, b"-1", b"1.5"]
DEEP = b"[" * 900 + b"]" * 900
FIELDS = (
    b"name data opts timestamp processedOn finishedOn delay priority attemptsMade atm ats stc progress "
    b"returnvalue failedReason stacktrace pb parentKey"
).split()

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
wire = (
    st.binary()
    | st.sampled_from([*NUMBERS, DEEP])
    | json_values.map(lambda value: json.dumps(value).encode())
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), wire))
@example(dict.fromkeys(FIELDS, b"1e18"))
@example(dict.fromkeys(FIELDS, b"inf"))
def test_any_hash_is_a_record(fields: dict[bytes, bytes]) -> None:
    assert decode_record("paint", "1", fields, None).id == "1"


@settings(deadline=None)
@given(st.lists(wire | st.none(), min_size=4, max_size=4), st.lists(wire | st.none(), min_size=6, max_size=6))
@example([None] * 4, [b"1e400"] * 6)
@example([b"nan"] * 4, [b"nan"] * 6)
def test_any_hash_is_a_job_that_can_be_taken(fields: list[bytes | None], past: list[bytes | None]) -> None:
    attempts_started = 1  # the only number that the script answers with as one
    [job] = _taken_jobs([b"1", *fields, [attempts_started, *past]], "token")
    assert (job.token, job.attempts_started) == ("token", 1)
    assert all(isinstance(line, str) for line in job.stacktrace)


@settings(deadline=None)
@given(st.lists(wire | st.none(), min_size=4, max_size=4))
def test_any_hash_is_a_job_that_is_taken_for_the_first_time(fields: list[bytes | None]) -> None:
    [job] = _taken_jobs([b"1", *fields, None], "token")
    assert (job.id, job.attempts_made, job.attempts_started) == ("1", 0, 1)
