"""The checks of `make lint`, so that no change passes without them."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LONGEST_FILE = 400


def run(*command: str) -> None:
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def tracked_files(*options: str) -> list[str]:
    done = subprocess.run(["git", "ls-files", *options], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("command", [("ruff", "format", "--check", "."), ("ruff", "check", ".")])
def test_the_style_is_kept(command: tuple[str, ...]) -> None:
    run(*command)


def test_imports_flow_one_way() -> None:
    run("lint-imports", "--no-cache")


@pytest.mark.timeout(300)
def test_every_type_holds_under_pyright_strict() -> None:
    run("pyright")


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    sources = [
        ROOT / name
        for name in tracked_files()
        if name.endswith((".py", ".lua", ".mjs")) and (ROOT / name).is_file()
    ]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources
        if (lines := len(path.read_text().splitlines())) > LONGEST_FILE
    }
    assert sources
    assert not long


def test_nothing_that_a_tool_leaves_behind_is_tracked() -> None:
    assert not tracked_files("--cached", "--ignored", "--exclude-standard")


def test_no_check_is_switched_off_for_a_whole_file() -> None:
    marks = (
        "# pyright: basic",
        "# pyright: report",
        "# type: ignore\n",
        "# ruff: noqa",
        "# mypy:",
        "# pyright: ignore\n",
    )
    shipped = [*ROOT.glob("packages/*/src/**/*.py"), *ROOT.glob("apps/*/src/**/*.py")]
    found = [str(path) for path in shipped for mark in marks if mark in path.read_text()]
    assert shipped
    assert not found
