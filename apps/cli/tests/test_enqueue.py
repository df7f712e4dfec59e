"""`toril enqueue`."""

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.command_line import Toril
from support.jobs import handlers, paint
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker
from toril.worker import Worker, WorkerFactory


@pytest.fixture
def worker(broker: EmbeddedBroker, prefix: str) -> Iterator[None]:
    """A worker of the paint queue, in a thread: the command has an event loop of its own."""
    running: list[tuple[asyncio.AbstractEventLoop, Worker]] = []
    started = threading.Event()

    async def work() -> None:
        async with WorkerFactory(broker.url, handlers, prefix=prefix).create(paint) as worker:
            running.append((asyncio.get_running_loop(), worker))
            at_work = asyncio.create_task(worker.run())
            # By then it has said that it starts; else it would on the stdout of a command.
            await eventually(lambda: worker.health.is_running)
            started.set()
            await at_work

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    assert started.wait(20)
    yield
    for loop, worker in running:
        loop.call_soon_threadsafe(worker.stop)
    thread.join()


def stored(toril: Toril, job_id: str) -> dict[str, object]:
    return json.loads(toril("job", "paint", job_id, "--json").stdout)


def test_the_id_of_the_new_job_is_printed(toril: Toril):
    added = toril("enqueue", "support.jobs:Paint", '{"colour": "red"}')

    assert (added.exit_code, added.stdout, added.stderr) == (0, "1\n", "")
    assert stored(toril, "1")["data"] == {"colour": "red", "failures": 0, "seconds": 0.0}


def test_the_payload_may_come_from_stdin(toril: Toril):
    added = toril("enqueue", "support.jobs:Paint", "-", stdin='{"colour": "größer"}')

    assert added.exit_code == 0
    assert stored(toril, "1")["data"] == {"colour": "größer", "failures": 0, "seconds": 0.0}


def test_the_options_reach_the_job(toril: Toril):
    toril("enqueue", "support.jobs:Paint", '{"colour": "red"}', "--job-id", "mine", "--delay", "60.5")
    toril("enqueue", "support.jobs:Paint", '{"colour": "red"}', "--priority", "3", "--expires-in", "90")
    toril("enqueue", "support.jobs:Mix", '{"answer": "1"}')
    toril("enqueue", "support.jobs:Mix", '{"answer": "2"}', "--lifo")

    assert (stored(toril, "mine")["state"], stored(toril, "mine")["delay"]) == ("delayed", 60.5)
    [prioritized] = toril("jobs", "paint", "-s", "prioritized", "--json").stdout.splitlines()
    assert (json.loads(prioritized)["priority"], json.loads(prioritized)["expires_in"]) == (3, 90.0)
    waiting = toril("jobs", "paint", "--json").stdout.splitlines()
    assert [json.loads(line)["data"]["answer"] for line in waiting] == ["2", "1"]


def test_a_job_id_is_added_only_once(toril: Toril):
    for colour in ("red", "blue"):
        added = toril("enqueue", "support.jobs:Paint", json.dumps({"colour": colour}), "--job-id", "mine")
        assert added.stdout == "mine\n"

    assert stored(toril, "mine")["data"] == {"colour": "red", "failures": 0, "seconds": 0.0}


def test_a_key_keeps_a_second_job_away_and_says_who_holds_it(toril: Toril):
    paint = ("enqueue", "support.jobs:Paint", '{"colour": "red"}', "--deduplicate", "red", "--ttl", "60")
    first, again = toril(*paint), toril(*paint)

    assert (first.exit_code, first.stdout, first.stderr) == (0, "1\n", "")
    assert (again.exit_code, again.stdout) == (0, "1\n")
    assert again.stderr == "not added: job '1' of queue 'paint' has its id or its key\n"
    assert stored(toril, "1")["deduplication_key"] == "red"


def test_a_job_without_a_contract_is_named_by_its_queue_and_its_name(toril: Toril):
    added = toril("enqueue", "--queue", "paint", "--name", "anything", '[1, {"colour": null}]')

    assert (added.exit_code, added.stdout) == (0, "1\n")
    assert (stored(toril, "1")["name"], stored(toril, "1")["data"]) == ("anything", [1, {"colour": None}])


@pytest.mark.usefixtures("worker")
def test_the_result_of_a_job_without_a_contract_is_printed_as_json(toril: Toril):
    waited = toril("enqueue", "--queue", "paint", "--name", "paint", '{"colour": "red"}', "--timeout", "30")

    assert waited.stdout == '{"colour":"red","attempt":1}\n'


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["support.jobs:Paint"], "the job's JSON is missing"),
        (["--queue", "paint", "{}"], "--queue QUEUE --name NAME JSON"),
        (["--queue", "paint", "--name", "x", "support.jobs:Paint", "{}"], "--queue QUEUE --name NAME JSON"),
        (["--queue", "a:b", "--name", "x", "{}"], "queue='a:b'"),
        (["--queue", "paint", "--name", "x", "NaN"], "the payload of job 'x'"),
        (["support.jobs:Paint", '{"colour": "red"}', "--ttl", "5"], "--ttl is the time of a key"),
        (["support.jobs:Paint", '{"colour": "red"}', "--expires-in", "0"], "expires_in=0.0"),
        (["support.jobs:Paint", '{"colour": "red"}', "--deduplicate", ""], "deduplication key is ''"),
        (["support.jobs:Paint", '{"colour": "red"}', "--deduplicate", "k", "--ttl", "0"], "ttl is 0"),
    ],
    ids=" ".join,
)
def test_words_that_do_not_go_together_are_bad_input(toril: Toril, words: list[str], complaint: str):
    refused = toril("enqueue", *words)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: ")
    assert complaint in refused.stderr


@pytest.mark.parametrize(
    ("payload", "lines"),
    [
        ('{"colour": "", "failures": "many"}', ["  colour: ", "  failures: "]),
        ("{}", ["  colour: Field required"]),
        ("{", ["  (whole): Invalid JSON"]),
        ("NaN", ["  (whole): "]),
    ],
)
def test_a_payload_that_does_not_fit_names_each_field(toril: Toril, payload: str, lines: list[str]):
    refused = toril("enqueue", "support.jobs:Paint", payload)

    assert (refused.exit_code, refused.stdout) == (2, "")
    heading, *problems = refused.stderr.splitlines()
    assert heading == "error: the payload of job 'paint' in queue 'paint' does not fit its contract"
    assert len(problems) == len(lines)
    assert all(problem.startswith(line) for problem, line in zip(problems, lines, strict=True))
    assert toril("queues").stdout == ""


@pytest.mark.parametrize(
    "options",
    [["--priority", "-1"], ["--delay", "-1"], ["--delay", "nan"], ["--job-id", "7"], ["--job-id", ""]],
)
def test_an_option_out_of_range_is_bad_input(toril: Toril, options: list[str]):
    refused = toril("enqueue", "support.jobs:Paint", '{"colour": "red"}', *options)

    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1


@pytest.mark.usefixtures("worker")
def test_waiting_prints_the_result_alone_on_stdout(toril: Toril):
    waited = toril("enqueue", "support.jobs:Paint", '{"colour": "red"}', "--wait", "--timeout", "30")

    assert waited.exit_code == 0, waited.output
    assert waited.stdout == '{"colour":"red","attempt":1}\n'
    assert "job 1 of queue 'paint'" in waited.stderr.splitlines()


@pytest.mark.usefixtures("worker")
def test_a_job_that_fails_says_why_and_has_an_exit_code_of_its_own(toril: Toril):
    failed = toril(
        "enqueue", "support.jobs:PaintOnce", '{"colour": "transparent"}', "--wait", "--timeout", "30"
    )

    assert (failed.exit_code, failed.stdout) == (4, "")
    # The worker logs to the same stderr here, perhaps in the middle of a line.
    assert re.search("error: job '1' of queue 'paint' failed: .*nobody would see it", failed.stderr)
    assert "Traceback" not in failed.stderr


@pytest.mark.usefixtures("worker")
def test_verbose_shows_the_workers_stack(toril: Toril):
    failed = toril(
        "enqueue",
        "support.jobs:PaintOnce",
        '{"colour": "transparent"}',
        "--wait",
        "--timeout",
        "30",
        "--verbose",
    )

    assert "support/jobs.py" in failed.stderr
    assert "toril/cli" not in failed.stderr


def test_a_job_that_does_not_end_in_time_has_an_exit_code_of_its_own(toril: Toril):
    late = toril("enqueue", "support.jobs:Paint", '{"colour": "red"}', "--timeout", "0.05")

    assert (late.exit_code, late.stdout) == (5, "")
    assert late.stderr.endswith(
        "error: job '1' of queue 'paint' has not ended within 0.05 s; it is not cancelled\n"
    )


def test_without_a_broker_one_is_started_and_keeps_the_job(bare_toril: Toril, folder: Path):
    assert bare_toril("enqueue", "support.jobs:Paint", '{"colour": "red"}').exit_code == 0

    assert EmbeddedBroker.running(folder / ".toril") is None
    with EmbeddedBroker(folder / ".toril"):
        assert json.loads(bare_toril("jobs", "paint", "--json").stdout)["data"]["colour"] == "red"
