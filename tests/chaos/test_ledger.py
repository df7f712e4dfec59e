"""What the processes write down, and what is read from it."""

import os
from pathlib import Path

import pytest

from chaos.ledger import Event, Ledger, LedgerFile


def test_a_run_that_its_process_did_not_outlive_has_no_end(tmp_path: Path) -> None:
    file = LedgerFile(tmp_path)
    file.note(Event.ADDED, 1, 2)
    file.note(Event.BEGAN, 1)
    with file.run(2):
        pass

    ledger = Ledger(tmp_path).read_on()

    assert ledger.added.keys() == {1, 2}
    assert ledger.ended == {2}
    assert [(run.number, run.ended, run.over is None) for run in ledger.runs] == [
        (1, False, True),
        (2, True, False),
    ]
    assert {run.worker for run in ledger.runs} == {os.getpgid(0)}


def test_a_run_that_raises_is_stopped_and_has_not_ended(tmp_path: Path) -> None:
    with pytest.raises(KeyError), LedgerFile(tmp_path).run(1):
        raise KeyError

    [run] = Ledger(tmp_path).read_on().runs

    assert not run.ended
    assert run.over is not None


def test_what_was_written_since_is_read_on_and_half_a_line_is_left_for_later(tmp_path: Path) -> None:
    file, ledger = LedgerFile(tmp_path), Ledger(tmp_path)
    file.note(Event.BEGAN, 1)
    assert ledger.read_on().ended == set()
    [path] = tmp_path.iterdir()
    with path.open("a") as other:
        other.write("ended 1 ")
    assert ledger.read_on().ended == set()
    with path.open("a") as other:
        other.write("12.5\n")
    assert ledger.read_on().ended == {1}
    assert len(ledger.runs) == 1
