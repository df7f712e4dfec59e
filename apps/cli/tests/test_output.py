import io
import os
import sys
from datetime import UTC, datetime, timedelta

import pytest
from rich.text import Text

from toril.cli.output import ago, print_json, print_table, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, columns: list[str], rows: list[list[str | int]]) -> list[str]:
    """The lines of a table on a terminal of 40 columns, without its styles."""
    screen = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERM", "xterm")
    with monkeypatch.context() as terminal:
        terminal.setattr(sys, "stdout", screen)
        print_table(columns, rows)
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
