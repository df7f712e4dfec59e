"""Splitting documents into excerpts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.library.passages import LONGEST, Excerpt, split

SENTENCE = "The gate opens and the bull enters the ring at a run.\n"


def test_a_markdown_section_is_one_excerpt_with_its_heading_and_lines():
    gate = "# The gate\n\n" + SENTENCE * 5
    ring = "## The ring\n\n" + SENTENCE * 5

    first, second = split("arena.md", gate + "\n" + ring)

    assert first == Excerpt("The gate", gate.rstrip(), 1, 7)
    assert second == Excerpt("The ring", ring.rstrip(), 9, 15)


def test_short_sections_are_joined_until_there_is_something_to_find():
    excerpts = split("arena.md", "# Toril\n\n## Name\n\nA gate.\n\n## Place\n\nSeville.\n")

    assert [(excerpt.first_line, excerpt.last_line) for excerpt in excerpts] == [(1, 9)]
    assert "A gate." in excerpts[0].text
    assert "Seville." in excerpts[0].text


def test_a_comment_in_a_fenced_block_is_no_heading():
    text = "# Start\n\n" + SENTENCE * 5 + "\n```sh\n# not a heading\n```\n"

    assert [excerpt.title for excerpt in split("arena.md", text)] == ["Start"]


def test_a_long_section_is_cut_between_paragraphs():
    paragraph = SENTENCE * 10
    excerpts = split("arena.md", "# Long\n\n" + "\n".join([paragraph] * 3))

    assert [(excerpt.first_line, excerpt.last_line) for excerpt in excerpts] == [(1, 12), (14, 23), (25, 34)]
    assert {excerpt.title for excerpt in excerpts} == {"Long"}


def test_a_heading_stays_with_the_first_lines_of_a_long_paragraph():
    excerpts = split("arena.md", "## Traps\n\n" + SENTENCE * 20)

    assert excerpts[0].text.startswith("## Traps\n\nThe gate")
    assert len(excerpts) == 2


def test_a_long_paragraph_is_cut_between_lines_and_a_long_line_within():
    by_lines = split("arena.txt", SENTENCE * 40)
    within = split("arena.txt", "x" * (2 * LONGEST + 10))

    lines = LONGEST // len(SENTENCE)
    assert by_lines[0].text == (SENTENCE * lines).rstrip()
    assert [excerpt.first_line for excerpt in by_lines] == list(range(1, 41, lines))
    assert [len(excerpt.text) for excerpt in within] == [LONGEST, LONGEST, 10]
    assert {(excerpt.first_line, excerpt.last_line) for excerpt in within} == {(1, 1)}


PYTHON = '''"""A module about gates, which open and close again, every day from noon until the evening."""

import asyncio

WIDTH = 4  # metres: as wide as two bulls, so that one which turns around does no harm to the gate


@asyncio.coroutine
# The keeper pulls the rope.
def open_gate():
    """Open the gate as wide as it goes, and wait until the bull has left through it before anything else."""
    return "The keeper pulls the rope, the gate swings open, and the bull walks out into the ring at last."


class Ring:
    """Where the bull runs: round, covered with sand, and with a fence around it that is one metre high."""

    async def enter(self, bull):
        """Let one bull in; a second one has to wait until the first one has left by the same gate."""
        return "The bull enters the ring, looks around, and runs to the other side to see what is over there."
'''


def test_python_is_cut_at_functions_classes_and_methods():
    excerpts = split("gates.py", PYTHON)

    assert [excerpt.title for excerpt in excerpts] == ["", "open_gate", "Ring"]
    assert excerpts[1].text.startswith("@asyncio.coroutine")
    assert (excerpts[1].first_line, excerpts[1].last_line) == (8, 12)
    assert "async def enter" in excerpts[2].text


def test_a_method_is_named_with_its_class():
    body = '        return "' + "The bull enters the ring. " * 10 + '"\n'
    text = (
        "class Ring:\n    def open(self):\n"
        + body
        + "\n    def close(self):\n"
        + body
        + "\ndef leave():\n    pass\n"
    )

    assert [excerpt.title for excerpt in split("ring.py", text)] == ["Ring", "Ring.close", "leave"]


def test_python_that_does_not_parse_is_split_all_the_same():
    assert [excerpt.title for excerpt in split("old.py", "def gate():\n    print 'open'\n")] == ["gate"]


@pytest.mark.parametrize("text", ["", "\n\n", " \t \r\n", "\ufeff"])
def test_a_document_without_words_has_no_excerpts(text: str):
    assert split("empty.md", text) == []


def test_windows_line_ends_and_a_byte_order_mark_leave_no_trace():
    assert split("gate.md", "\ufeff# Gate\r\n\r\nOpen.\r\n") == [Excerpt("Gate", "# Gate\n\nOpen.", 1, 3)]


@given(st.text(alphabet=st.sampled_from("a# \n\t`=@"), max_size=3_000), st.sampled_from(["a.md", "a.py"]))
def test_no_word_is_lost_or_doubled_and_no_excerpt_is_too_long(text: str, path: str):
    excerpts = split(path, text)

    assert "".join("".join(excerpt.text.split()) for excerpt in excerpts) == "".join(text.split())
    assert all(0 < len(excerpt.text) <= LONGEST for excerpt in excerpts)


@given(st.text(alphabet=st.sampled_from("a# \n"), max_size=3_000))
def test_an_excerpt_stands_on_the_lines_that_it_names(text: str):
    lines = text.split("\n")
    for excerpt in split("a.md", text):
        named = "\n".join(lines[excerpt.first_line - 1 : excerpt.last_line])
        assert "".join(excerpt.text.split()) in "".join(named.split())


def test_a_document_of_nothing_but_headings_makes_few_excerpts():
    text = "# a\n" * 250_000

    assert len(split("headings.md", text)) < len(text) / 150
