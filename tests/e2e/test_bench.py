"""The comparison as people start it, with a handful of jobs."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]

FIGURES = 57

pytestmark = pytest.mark.timeout(180)


def bench(
    *options: str, module: str = "bench", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *options]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | (environment or {}), capture_output=True, text=True, timeout=170
    )


TINY = ("--rounds", "1", "--scale", "0.002", "--warm-up", "10")


@pytest.mark.node
def test_every_measure_has_a_value_for_every_system_and_stands_beside_its_ratio(tmp_path: Path) -> None:
    raw = tmp_path / "raw.json"

    done = bench("--only", "toril,node", *TINY, "--json", str(raw))

    assert done.returncode == 0, done.stderr
    values: dict[str, dict[str, float]] = {}
    for sample in json.loads(raw.read_text())["samples"]:
        values.setdefault(sample["figure"], {})[sample["system"]] = sample["value"]
    assert values["process, 100 at a time"].keys() == {"toril", "node", "bare", "calls"}
    assert len(values) == FIGURES
    assert all(of.keys() >= {"toril", "node"} for of in values.values())
    assert "best = 1" in done.stdout
    assert "process, 100 at a time, to Node's best" in done.stdout


def test_a_peer_that_is_not_installed_is_named_and_the_others_are_measured(tmp_path: Path) -> None:
    nowhere = {"TORIL_BENCH_PEERS": str(tmp_path / "nowhere")}

    done = bench("--only", "toril,saq", *TINY, environment=nowhere)

    assert done.returncode == 0, done.stderr
    assert "Not measured: saq: there is no" in " ".join(done.stdout.split())
    assert "process, 100 at a time" in done.stdout


def test_an_interrupted_comparison_leaves_no_process_behind() -> None:
    command = [sys.executable, "-m", "bench", "--only", "toril,port", *TINY]
    running = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr is not None
    for line in running.stderr:
        if "process, 1 at a time" in line:
            break
    started = psutil.Process(running.pid).children(recursive=True)

    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)

    assert len(started) >= 7  # the broker, two processes of each system, the bounds
    _, alive = psutil.wait_procs(started, timeout=30)
    assert not alive
    assert running.returncode == 130


def test_an_unknown_system_is_refused_by_name() -> None:
    done = bench("--only", "sidekiq")

    assert done.returncode == 2
    assert "no system 'sidekiq'" in done.stderr


def test_the_profile_names_the_script_and_our_modules() -> None:
    done = bench(module="bench.profiling")

    assert done.returncode == 0, done.stderr
    assert "fcall" in done.stdout
    assert "toril/worker/execution.py" in done.stdout


def test_many_clients_of_the_gateway_are_answered_as_they_should_be() -> None:
    done = bench("--clients", "200", "--seconds", "3", module="bench.gateway")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "wrong: 0" in done.stdout
    assert all(kind in done.stdout for kind in ("add", "wait", "fail", "follow"))
