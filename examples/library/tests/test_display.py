"""What people see of the demo."""

from collections import Counter
from io import StringIO
from pathlib import Path

from rich.console import Console

from examples.library.display import Display
from examples.library.search import Found


def shown(*, terminal: bool = False) -> tuple[Display, StringIO]:
    output = StringIO()
    console = Console(file=output, force_terminal=terminal, width=80, highlight=False)
    return Display(console, console), output


def found(path: str, *, title: str = "", text: str, first_line: int = 1, last_line: int = 1) -> Found:
    return Found(path=path, title=title, text=text, first_line=first_line, last_line=last_line, score=0.51)


def test_an_answer_names_the_file_the_lines_and_the_score_and_shows_the_passage():
    display, output = shown()
    passage = found("arena.md", title="The gate", text="It opens.", first_line=3, last_line=4)
    display.answer("When?", [passage])

    assert output.getvalue() == "\nWhen?\n  0.51  arena.md:3-4  The gate\n        It opens.\n"


def test_a_long_passage_is_shown_by_its_first_lines():
    display, output = shown()
    text = "\n".join(f"line {number}" for number in range(20))

    display.answer("What?", [found("arena.md", text=text)])

    assert "        line 3 …\n" in output.getvalue()
    assert "line 4" not in output.getvalue()


def test_text_from_documents_is_neither_markup_nor_able_to_steer_a_terminal():
    display, output = shown()

    display.answer("[blink]?", [found("a\x1b[2J.md", title="[red]", text="[bold]x[/] \x1b]0;title\x07")])

    assert "[bold]x[/]" in output.getvalue()
    assert "[red]" in output.getvalue()
    assert "\x1b" not in output.getvalue()
    assert "\x07" not in output.getvalue()


def test_outside_a_terminal_progress_is_a_line_at_each_quarter():
    display, output = shown()

    with display.progress(8) as meter:
        for done in (1, 2, 3, 5, 6, 8):
            meter(done, 10 * done)

    assert output.getvalue().splitlines() == [
        "Indexed 2 of 8 documents, 20 passages",
        "Indexed 5 of 8 documents, 50 passages",
        "Indexed 6 of 8 documents, 60 passages",
        "Indexed 8 of 8 documents, 80 passages",
    ]


def test_in_a_terminal_progress_is_a_bar():
    display, output = shown(terminal=True)

    with display.progress(2) as meter:
        meter(1, 1)
        meter(2, 2)

    assert "2/2" in output.getvalue()
    assert "Indexed" not in output.getvalue()


def test_skipped_files_are_said_with_their_reasons_the_most_frequent_first():
    display, output = shown()

    display.opening(Path("/docs"), 1, Counter({"empty": 1, "binary": 2}))

    assert output.getvalue().splitlines() == [
        "Semantic search over 1 document in /docs",
        "Skipped 3 files: 2 binary, 1 empty",
    ]
