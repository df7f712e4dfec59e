"""`python -m chaos`, as `make chaos` runs it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from support.waiting import eventually

ROOT = Path(__file__).parents[2]
ENDS_WITHIN = 40.0


@contextmanager
def chaos(*options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "chaos", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.timeout(180)
def test_a_scenario_is_run_by_name_and_its_figures_are_printed() -> None:
    with chaos("--short", "--only", "clocks-wrong", "--systems", "toril", "--jobs", "100") as process:
        printed, progress = process.communicate(timeout=170)

    assert process.returncode == 0, progress
    assert "jobs 100, done 100, not done 0" in progress
    assert "clocks ten minutes ahead and behind" in printed


@pytest.mark.parametrize(("option", "name"), [("--only", "workers-bored"), ("--systems", "rabbit")])
def test_what_does_not_exist_is_refused_by_name(option: str, name: str) -> None:
    with chaos(option, name) as process:
        _, said = process.communicate(timeout=ENDS_WITHIN)

    assert process.returncode == 2
    assert f"there is no '{name}'" in said


@pytest.mark.timeout(120)
async def test_what_is_told_to_end_leaves_no_process_behind() -> None:
    with chaos("--short", "--only", "workers-killed", "--systems", "toril") as process:
        children = await eventually(lambda: _children_once_all_run(process.pid), timeout=60.0)
        assert isinstance(children, list)
        process.terminate()
        process.wait(ENDS_WITHIN)
        await eventually(lambda: not any(child.is_running() for child in children))


def _children_once_all_run(pid: int) -> list[psutil.Process]:
    """A broker with its guard, two workers and a producer."""
    children = psutil.Process(pid).children(recursive=True)
    return children if len(children) >= 5 else []
