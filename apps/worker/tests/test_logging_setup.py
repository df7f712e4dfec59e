import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog

from toril.bull.errors import BrokerWarning
from toril.worker.process.logging_setup import configure_logging


@pytest.fixture
def stderr(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged once logging is configured; it is as before after the test."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.delenv("LOG_FORMAT", raising=False)
    written = io.StringIO()
    yield written
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def configured(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO, *, as_json: bool = False) -> None:
    with monkeypatch.context() as redirected:
        redirected.setattr(sys, "stderr", stderr)
        configure_logging(as_json=as_json)


def test_our_events_and_those_of_libraries_are_written_alike(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO
):
    configured(monkeypatch, stderr, as_json=True)
    structlog.get_logger("toril").info("ours", queue="paint")
    logging.getLogger("library").warning("theirs: %s", "late", extra={"queue": "paint"})

    ours, theirs = map(json.loads, stderr.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["queue"]) == ("ours", "info", "paint")
    assert (theirs["event"], theirs["level"], theirs["queue"]) == ("theirs: late", "warning", "paint")
    assert ours.keys() == theirs.keys()


def test_an_error_is_one_json_line_with_its_trace_and_no_variables(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO
):
    configured(monkeypatch, stderr, as_json=True)
    password = "swordfish"  # noqa: S105 - not to be found in a log
    try:
        _ = int("seven") or password
    except ValueError:
        logging.getLogger("library").exception("it broke")

    [line] = stderr.getvalue().splitlines()
    assert "seven" in json.loads(line)["exception"][0]["exc_value"]
    assert "swordfish" not in line


def test_the_environment_may_ask_for_json(monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO):
    monkeypatch.setenv("LOG_FORMAT", "JSON")
    configured(monkeypatch, stderr)
    structlog.get_logger("toril").info("ours")

    assert json.loads(stderr.getvalue())["event"] == "ours"


def test_lines_for_people_have_no_colours_where_there_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO
):
    configured(monkeypatch, stderr)
    structlog.get_logger("toril").warning("ours", queue="paint")

    assert stderr.getvalue().endswith("Z [warning  ] ours queue=paint\n")
    assert "\x1b" not in stderr.getvalue()


def test_a_warning_about_the_broker_is_logged_and_not_warned_of_again(
    monkeypatch: pytest.MonkeyPatch, stderr: io.StringIO
):
    with warnings.catch_warnings(record=True) as warned:
        configured(monkeypatch, stderr)
        warnings.warn("jobs may be evicted", BrokerWarning, stacklevel=1)

    assert warned == []
