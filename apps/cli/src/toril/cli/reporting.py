"""Whatever goes wrong in a command ends as one clear line and the right exit code."""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import structlog
import typer

from toril.backend import JobFailed
from toril.cli.errors import cause_of, exit_code_of, message_of
from toril.cli.exit_codes import ExitCode
from toril.cli.output import print_note
from toril.worker.process.logging_setup import logs_json

P = ParamSpec("P")

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.cli")


def reported(command: Callable[P, None]) -> Callable[P, None]:
    """The command, its errors reported; those of its usage are Typer's own business.

    Its parameters `verbose` and `json_logs`, if it has them, say how.
    """

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (typer.Exit, typer.BadParameter):
            raise
        except KeyboardInterrupt:
            print_note("interrupted")
            raise typer.Exit(ExitCode.INTERRUPTED) from None
        except Exception as error:
            if isinstance(cause_of(error), BrokenPipeError):
                raise cause_of(error) from None
            json_log = "json_logs" in kwargs and logs_json(asked=bool(kwargs["json_logs"]))
            report(error, verbose=bool(kwargs.get("verbose")), json_log=json_log)
            raise typer.Exit(exit_code_of(cause_of(error))) from error

    return run


def report(error: Exception, *, verbose: bool, json_log: bool) -> None:
    """Say on stderr what went wrong: a line, and with `verbose` where."""
    message = message_of(cause_of(error))
    if json_log:
        _log.error(message, exc_info=error if verbose else None)
        return
    if verbose:
        print_note(_stack(error))
    print_note(f"error: {message}")


def _stack(error: Exception) -> str:
    if isinstance(cause := cause_of(error), JobFailed) and cause.stacktrace:
        return cause.stacktrace[-1]
    return "".join(traceback.format_exception(error))
