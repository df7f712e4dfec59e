"""The command as a whole: its help, its version, its exit codes."""

from importlib.metadata import version
from pathlib import Path

import pytest

from support.command_line import Toril
from toril.backend import BackendError
from toril.bull import errors as bull_errors
from toril.bull.errors import BrokerUnavailable
from toril.cli.commands import queues
from toril.cli.exit_codes import MEANINGS, ExitCode
from toril.cli.verdicts import cause_of, exit_code_of, message_of
from toril.jobs import JobsError
from toril.worker import WorkerError

COMMANDS = [
    *("worker", "enqueue", "backend", "broker", "dev", "outbox"),
    *("queues", "workers", "jobs", "job", "events", "metrics"),
    *("pause", "resume", "limit", "retry", "promote", "remove", "clean", "drain", "obliterate"),
]


def test_bare_toril_shows_the_help(bare_toril: Toril):
    assert all(f"\n  {command} " in bare_toril().output for command in COMMANDS)


@pytest.mark.parametrize("group", [[], ["schedule"], ["key"], ["database"], ["outbox"]])
def test_what_a_command_does_is_told_in_a_whole_sentence(bare_toril: Toril, group: list[str]):
    listed = bare_toril(*group, "--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]

    assert listed
    assert not [line for line in listed.splitlines() if not line.endswith(".")]
    assert "..." not in listed


def test_the_help_lists_every_exit_code(bare_toril: Toril):
    helped = bare_toril("--help")

    assert helped.exit_code == 0
    for code in ExitCode:
        assert f"{code.value:5}  {MEANINGS[code]}" in helped.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(bare_toril: Toril, command: str):
    helped = bare_toril(command, "--help")

    assert helped.exit_code == 0
    assert "--verbose" in helped.stdout
    assert "--member" not in helped.stdout


def test_the_version_is_the_distributions(bare_toril: Toril):
    assert bare_toril("--version").stdout == f"toril {version('toril')}\n"


@pytest.mark.parametrize(
    "arguments", [["nope"], ["jobs"], ["jobs", "paint", "--state", "nope"], ["job", "a"]]
)
def test_wrong_usage_is_told_without_a_trace(bare_toril: Toril, arguments: list[str]):
    refused = bare_toril(*arguments)

    assert refused.exit_code == 2
    assert "Traceback" not in refused.stderr


def test_an_interrupt_is_a_line_and_130(bare_toril: Toril, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queues, "run", interrupted)
    monkeypatch.setattr(queues, "_read", lambda *_: None)

    ended = bare_toril("queues")

    assert (ended.exit_code, ended.stderr) == (130, "interrupted\n")


def test_a_bug_is_one_line_and_with_verbose_a_trace(bare_toril: Toril, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queues, "_read", broken)

    brief, verbose = bare_toril("queues"), bare_toril("queues", "--verbose")

    assert (brief.exit_code, brief.stderr) == (
        1,
        "error: unexpected ZeroDivisionError: by zero (--verbose shows where)\n",
    )
    assert "Traceback (most recent call last):" in verbose.stderr


@pytest.mark.parametrize("base", [bull_errors.BullError, JobsError, BackendError, WorkerError])
def test_errors_of_ours_speak_for_themselves(base: type[Exception]):
    assert message_of(base("so it is")) == "so it is"


def test_the_error_in_a_task_group_counts():
    gone = BrokerUnavailable("here", "refused")
    group = ExceptionGroup("unhandled", [ExceptionGroup("unhandled", [gone])])

    assert cause_of(group) is gone
    assert exit_code_of(cause_of(group)) is ExitCode.BROKER_UNAVAILABLE


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere:handlers"], "error: nowhere:handlers: there is no module 'nowhere'"),
        (["support.jobs:handlers", "--queue", "ghosts"], "error: no handler serves queue 'ghosts'"),
        (["support.jobs:handlers", "--grace", "-1"], "Usage: toril worker"),
        (["support.jobs:handlers", "--name", "two words"], "Usage: toril worker"),
        (["support.jobs:handlers", "--lock-duration", "nan"], "Usage: toril worker"),
        (["support.jobs:handlers", "--limit", "100"], "Usage: toril worker"),
        (["support.jobs:handlers", "--limit", "0/60"], "Usage: toril worker"),
        (["support.jobs:handlers", "--metrics", "0"], "Usage: toril worker"),
        (["support.jobs:handlers", "--most-starts", "0"], "Usage: toril worker"),
    ],
)
def test_a_worker_that_cannot_work_does_not_start(
    bare_toril: Toril, folder: Path, arguments: list[str], reason: str
):
    refused = bare_toril("worker", *arguments, "--url", "unix:///nowhere")

    assert refused.exit_code == 2
    assert refused.stderr.startswith(reason)
    assert "Traceback" not in refused.stderr


def interrupted(_: object) -> None:
    raise KeyboardInterrupt


def broken(*_: object) -> None:
    raise ZeroDivisionError("by zero")
