"""Users' code is typed: pyright and mypy, both strict, find every marked fault in cases/, and no other.

To add a case, put a file into cases/. Right uses stand as they are, with `assert_type`; a wrong one has a
comment at the line that must fail:

    # error: reportArgumentType arg-type     both checkers; one of the words is in the rule or the message
    # error[mypy]: misc                      only this checker
"""

import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = sorted((Path(__file__).parent / "cases").glob("*.py"))
MARK = re.compile(r"#\s*error(?:\[(?P<checker>\w+)\])?:\s*(?P<words>.+)$")

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True)
class Fault:
    """What a checker found: the file's name, the line from 1, and what it says of it, with the rule."""

    file: str
    line: int
    text: str


def pyright(folder: Path) -> Iterator[Fault]:
    settings = {
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
        "include": [os.path.relpath(path, folder) for path in CASES],
        "venvPath": str(ROOT),
        "venv": ".venv",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    said = _run("-m", "pyright", "--outputjson", "--project", str(folder))
    # The wrapper may say something of its own first.
    report = json.loads(said[said.index("{") :])
    assert report["summary"]["filesAnalyzed"] == len(CASES)
    for found in report["generalDiagnostics"]:
        if found["severity"] == "error":
            line = found["range"]["start"]["line"] + 1
            yield Fault(Path(found["file"]).name, line, f"{found.get('rule', '')} {found['message']}")


def mypy(folder: Path) -> Iterator[Fault]:
    options = (
        "--strict",
        "--config-file=",
        f"--cache-dir={folder}",
        "--python-version=3.11",
        "--output=json",
    )
    for found in map(json.loads, _run("-m", "mypy", *options, *map(str, CASES)).splitlines()):
        if found["severity"] == "error":
            yield Fault(Path(found["file"]).name, found["line"], f"{found['code']} {found['message']}")


def _run(*command: str) -> str:
    finished = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True)
    assert finished.returncode in (0, 1), finished.stdout + finished.stderr
    return finished.stdout


CHECKERS: dict[str, Callable[[Path], Iterator[Fault]]] = {"pyright": pyright, "mypy": mypy}


@pytest.fixture(scope="session", params=CHECKERS)
def checked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, list[Fault]]:
    """A checker's name, and all that it finds in all cases."""
    checker: str = request.param
    return checker, list(CHECKERS[checker](tmp_path_factory.mktemp(checker)))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_a_checker_finds_the_marked_faults_and_no_other(checked: tuple[str, list[Fault]], case: Path) -> None:
    checker, faults = checked
    found: defaultdict[int, list[str]] = defaultdict(list)
    for fault in faults:
        if fault.file == case.name:
            found[fault.line].append(fault.text)
    marked = marks(case.read_text(), checker)

    missed = sorted(marked.keys() - found.keys())
    unmarked = {line: found[line] for line in sorted(found.keys() - marked.keys())}
    otherwise = {
        line: found[line]
        for line, words in marked.items()
        if line in found and not any(word in text for word in words for text in found[line])
    }
    assert not missed, f"{checker} finds no fault on these lines of {case}"
    assert not unmarked, f"{checker} finds faults in {case} that are not marked"
    assert not otherwise, f"{checker} finds other faults in {case} than those that are marked"


def marks(source: str, checker: str) -> dict[int, list[str]]:
    """The lines on which a checker must find a fault, with the words of which it must say one."""
    found = ((line, MARK.search(text)) for line, text in enumerate(source.splitlines(), start=1))
    return {
        line: mark["words"].split() for line, mark in found if mark and mark["checker"] in (None, checker)
    }


def test_every_case_has_right_uses_and_wrong_ones() -> None:
    assert CASES
    for case in CASES:
        for checker in CHECKERS:
            assert marks(case.read_text(), checker), f"{case} marks no fault for {checker}"


def test_a_mark_may_be_meant_for_one_checker() -> None:
    source = "a\nb  # error: one two\nc  # error[mypy]: three\n"
    assert marks(source, "pyright") == {2: ["one", "two"]}
    assert marks(source, "mypy") == {2: ["one", "two"], 3: ["three"]}
