"""The comparison as people start it, with a handful of jobs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.timeout(180)


def bench(*options: str, module: str = "bench") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)


@pytest.mark.node
def test_every_measure_has_a_value_for_every_system_and_stands_beside_its_ratio(tmp_path: Path) -> None:
    raw = tmp_path / "raw.json"

    tiny = ("--rounds", "1", "--scale", "0.002", "--warm-up", "10")
    done = bench("--only", "toril,node", *tiny, "--json", str(raw))

    assert done.returncode == 0, done.stderr
    values: dict[str, dict[str, float]] = {}
    for sample in json.loads(raw.read_text())["samples"]:
        values.setdefault(sample["figure"], {})[sample["system"]] = sample["value"]
    bounded = values["process, 100 at a time"].keys()
    assert bounded == {"toril", "node", "bare"}
    assert len(values) == 13
    assert all(of.keys() >= {"toril", "node"} and min(of.values()) > 0 for of in values.values())
    assert "best = 1" in done.stdout
    assert "Share of the bound" in done.stdout


def test_an_unknown_system_is_refused_by_name() -> None:
    done = bench("--only", "celery")

    assert done.returncode == 2
    assert "no system 'celery'" in done.stderr


def test_the_profile_names_the_script_and_our_modules() -> None:
    done = bench(module="bench.profiling")

    assert done.returncode == 0, done.stderr
    assert "evalsha" in done.stdout
    assert "toril/worker/execution.py" in done.stdout
