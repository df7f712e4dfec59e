"""Lines, cut out of what comes in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from toril.backend.http.requests.lines import Line, LineReader


def read(parts: list[bytes], most: int = 100) -> list[Line]:
    reader = LineReader(most)
    return [line for part in parts for line in reader.feed(part)] + list(reader.end())


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ([], []),
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a", b"b\nc"], [b"ab", b"c"]),
        ([b"\n\n"], [b"", b""]),
        ([b"a\n", b"", b"b"], [b"a", b"b"]),
    ],
)
def test_lines_are_cut_wherever_the_parts_are(parts: list[bytes], lines: list[bytes]) -> None:
    assert [line.text for line in read(parts)] == lines


def test_a_line_that_is_too_long_is_told_and_the_next_one_is_read() -> None:
    assert read([b"ab", b"cd", b"e\nf\n"], most=4) == [Line(1, None), Line(2, b"f")]
    assert read([b"abcde"], most=4) == [Line(1, None)]


def test_no_more_than_a_line_is_held() -> None:
    reader = LineReader(10)
    for _ in range(1_000):
        assert list(reader.feed(b"x" * 1_000)) == []
    assert len(reader._begun) <= 10


@given(some.lists(some.binary(max_size=20)))
def test_the_lines_are_those_of_the_whole(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    wanted = whole.split(b"\n")
    if not wanted[-1]:
        wanted.pop()
    assert [line.text for line in read(parts, most=10_000)] == wanted
