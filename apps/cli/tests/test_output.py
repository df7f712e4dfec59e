import io
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from rich.text import Text

from toril.cli.output import ago, print_growing_line, print_json, print_table, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(
    monkeypatch: pytest.MonkeyPatch,
    columns: list[str],
    rows: list[list[str | int]],
    *,
    hides_empty: bool = False,
) -> list[str]:
    """The lines of a table on a terminal of 40 columns, without its styles."""
    return on_terminal(monkeypatch, lambda: print_table(columns, rows, hides_empty=hides_empty))


def on_terminal(monkeypatch: pytest.MonkeyPatch, prints: Callable[[], None]) -> list[str]:
    """What is printed to a terminal of 40 columns, without its styles."""
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as terminal:
        terminal.setattr(sys, "stdout", screen)
        prints()
    return Text.from_ansi(screen.getvalue()).plain.splitlines()


def test_what_would_steer_a_terminal_is_shown_and_not_sent():
    assert printable("red \x1b[31m\r\x07\x9b \u202e\tend\n") == "red \\x1b[31m\\r\\x07\\x9b \\u202e\tend\n"


def test_letters_of_any_script_stay():
    assert printable("Grüße, 世界 🐂") == "Grüße, 世界 🐂"


def test_a_table_for_programs_is_cut_nowhere_and_keeps_one_line_a_row(capsys: pytest.CaptureFixture[str]):
    print_table(["id", "reason"], [["1", "a\nb\tc" + "x" * 500]])

    assert capsys.readouterr().out == "ID\tREASON\n1\ta b c" + "x" * 500 + os.linesep


def test_a_table_fits_the_terminal(monkeypatch: pytest.MonkeyPatch):
    lines = shown(monkeypatch, ["id", "age", "reason"], [["1", "2 s", "x" * 500], ["y" * 10, "3 s", "short"]])

    assert len(lines) == 3
    assert all(len(line) <= 40 for line in lines)
    assert lines[1].startswith("1           2 s  xxx")
    assert lines[1].endswith("…")
    assert lines[2].rstrip() == "yyyyyyyyyy  3 s  short"


def test_a_long_name_is_cut_and_numbers_are_not(monkeypatch: pytest.MonkeyPatch):
    lines = shown(monkeypatch, ["queue", "waiting", "failed"], [["x" * 100, 123_456_789, 987_654_321]])

    assert lines[1].startswith("xxx")
    assert lines[1].split()[1:] == ["123456789", "987654321"]


def test_a_heading_stays_on_one_line(monkeypatch: pytest.MonkeyPatch):
    lines = shown(monkeypatch, ["name", "a very long heading of many words indeed"], [["x", "y"]])

    assert len(lines) == 2


def test_columns_that_hold_nothing_are_left_out_if_asked_for(monkeypatch: pytest.MonkeyPatch):
    columns, rows = ["queue", "waiting", "failed", "limits"], [["a", 0, 10, "-"], ["b", 0, 0, "-"]]

    assert [line.split() for line in shown(monkeypatch, columns, rows, hides_empty=True)] == [
        ["QUEUE", "FAILED"],
        ["a", "10"],
        ["b", "0"],
    ]
    assert shown(monkeypatch, columns, rows)[0].split() == ["QUEUE", "WAITING", "FAILED", "LIMITS"]


def test_a_growing_table_is_cut_at_the_edge_of_a_terminal(monkeypatch: pytest.MonkeyPatch):
    lines = on_terminal(monkeypatch, lambda: print_growing_line(["1", "a\nb", "x" * 500], [4, 3, 0]))

    assert lines == ["1     a b  " + "x" * 28 + "…"]


def test_a_growing_table_for_programs_is_cut_nowhere(capsys: pytest.CaptureFixture[str]):
    print_growing_line(["id", "reason"], [4, 0], heading=True)
    print_growing_line(["1", "x" * 500], [4, 0])

    assert capsys.readouterr().out.splitlines() == ["ID\tREASON", "1\t" + "x" * 500]


def test_markup_is_not_read(monkeypatch: pytest.MonkeyPatch):
    assert shown(monkeypatch, ["name"], [["[red]x[/red]"]])[1].strip() == "[red]x[/red]"


def test_json_is_one_line(capsys: pytest.CaptureFixture[str]):
    print_json({"text": "ü\n"})

    assert capsys.readouterr().out == '{"text": "ü\\n"}\n'


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (61, "1 min"), (7_300, "2 h"), (200_000, "2 d")]
)
def test_how_long_ago_is_told_in_one_unit(seconds: float, text: str):
    assert ago(datetime.now(UTC) - timedelta(seconds=seconds)) == text
