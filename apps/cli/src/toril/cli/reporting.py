"""Whatever goes wrong in a command ends as one clear line and the right exit code."""

import logging
import traceback
from collections.abc import Callable, Mapping
from functools import wraps
from typing import ParamSpec

import typer

from toril.cli.exit_codes import ExitCode
from toril.cli.output import print_note
from toril.cli.verdicts import cause_of, exit_code_of, message_of

P = ParamSpec("P")

_log = logging.getLogger("toril.cli")


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
            report(error, verbose=bool(kwargs.get("verbose")), json_log=_logs_json(kwargs))
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


def _logs_json(options: Mapping[str, object]) -> bool:
    """Whether a command with these options has a log, and that is JSON lines."""
    if "json_logs" not in options:
        return False
    from toril.worker.process.logging_setup import logs_json

    return logs_json(asked=bool(options["json_logs"]))


def _stack(error: Exception) -> str:
    from toril.backend import JobFailed

    if isinstance(cause := cause_of(error), JobFailed) and cause.stacktrace:
        return cause.stacktrace[-1]
    return "".join(traceback.format_exception(error))
