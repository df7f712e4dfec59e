"""The tables of docs/reliability.md."""

from pathlib import Path

from chaos.report import HEADER, PAGE, write
from chaos.scenarios import SCENARIOS
from chaos.systems.commands import NODE, TORIL
from chaos.terms import COMPARED, LONG, Terms
from chaos.trial import Trial
from chaos.verdict import Cause, Figures

EMPTY = """before
<!-- alone -->
<!-- end of alone -->
between
<!-- compared -->
<!-- end of compared -->
after
"""


def trial(system: str, done: int, terms: Terms = COMPARED) -> Trial:
    figures = Figures(
        added=10,
        done=done,
        given_up=0,
        lost=10 - done,
        repeats={Cause.CRASH: 3},
        recovered=12.34,
        resumed=float("inf"),
        took=30.0,
    )
    scenario = SCENARIOS["workers-killed"]
    return Trial(scenario=scenario, system=system, terms=terms, figures=figures, problems=[], exited=0)


def rows(page: Path) -> list[list[str]]:
    lines = [line for line in page.read_text().splitlines() if line.startswith("| workers killed")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def test_a_trial_takes_the_place_of_the_row_that_told_of_the_same(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(EMPTY)

    write(trial(TORIL, 8), page)
    write(trial(NODE, 9), page)
    write(trial(TORIL, 10), page)

    assert [row[1:5] for row in rows(page)] == [["Toril", "10", "10", "0"], ["Node BullMQ", "10", "9", "1"]]
    assert rows(page)[0][6:10] == ["3", "its worker was killed (3)", "12.3 s", "never"]
    assert page.read_text().startswith("before\n<!-- alone -->\n<!-- end of alone -->\nbetween\n")
    assert page.read_text().endswith("<!-- end of compared -->\nafter\n")


def test_toril_alone_has_a_table_of_its_own(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(EMPTY)

    write(trial(TORIL, 10, LONG), page)
    write(trial(TORIL, 10), page)

    assert page.read_text().count(f"| {HEADER[0]} |") == 2


def test_the_page_has_a_place_for_both_tables() -> None:
    for section in ("alone", "compared"):
        assert PAGE.read_text().count(f"<!-- {section} -->\n") == 1
        assert PAGE.read_text().count(f"<!-- end of {section} -->\n") == 1
