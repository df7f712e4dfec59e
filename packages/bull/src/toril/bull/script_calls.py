"""How a script is called on a server, and what helps where the server does not know it yet."""

import math
import re
import time
from collections.abc import Callable, Sequence
from typing import Any

from hiredis import ReplyError

from toril.bull.errors import BrokerMisconfigured
from toril.bull.replies import Argument
from toril.bull.scripts import Function, Script

Command = tuple[Argument, ...]

# SCRIPT FLUSH, a restart or a failover made Redis forget it: nothing was run.
_MISSING_SCRIPT = re.compile(r"NOSCRIPT ")
_MISSING_FUNCTION = re.compile(r"ERR Function not found")
# Redis before 7 has no functions; and this user may be allowed scripts only.
_NO_FUNCTIONS = re.compile(r"ERR unknown command .fcall|NOPERM .*'fcall", re.IGNORECASE)
_NOT_TO_BE_LOADED = re.compile(r"ERR unknown (sub)?command |NOPERM ", re.IGNORECASE)
LOAD_AGAIN_AFTER = 30.0
"""Seconds after which a function is loaded again that could not be loaded for a reason that may pass."""


class ScriptCalls:
    """The commands that run scripts over one connection: as functions where the server keeps them.

    A function that the server does not have is loaded. Where there are no functions, EVALSHA runs the script;
    also where the function cannot be loaded, for good if this user may not, else for a while: then the server
    was full or busy.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._only_scripts_until: float | None = None

    def brought(self, script: Script) -> Command | None:
        """What a new socket carries before the first call of a script that is called often.

        With that, calls that are sent one after the other run in that order: else all of them might be
        refused, and what another client loads meanwhile run the later ones before the first comes again.
        """
        if script.function is None:
            return None
        if self._only_scripts_until is None:
            return ("FUNCTION", "LOAD", script.function.library)
        return ("SCRIPT", "LOAD", script.text)

    def first(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> list[Command]:
        """What runs a script that the server knows."""
        function, until = script.function, self._only_scripts_until
        if function is None or (until is not None and self._clock() < until):
            return [("EVALSHA", script.sha, len(keys), *keys, *arguments)]
        call: Command = ("FCALL", function.name, len(keys), *keys, *arguments)
        if until is None:
            return [call]
        self._only_scripts_until = None
        return [_loading(function), call]

    def next(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument], replies: Sequence[Any]
    ) -> list[Command]:
        """What to send now that a call was refused, for it has not run.

        Nothing, if it was refused for another reason than that the server does not know it.

        Args:
            replies: to what was sent for it and ahead of it, the refusal last.
        """
        *loaded, refusal = replies
        refused = str(refusal)
        if _MISSING_SCRIPT.match(refused):
            # EVAL runs it and has Redis keep it, in one step that no SCRIPT FLUSH can come between.
            return [("EVAL", script.text, len(keys), *keys, *arguments)]
        if script.function is None:
            return []
        if _NO_FUNCTIONS.match(refused):
            self._only_scripts_until = math.inf
        elif not _MISSING_FUNCTION.match(refused):
            return []
        elif loaded:
            lasts = isinstance(loaded[-1], ReplyError) and _NOT_TO_BE_LOADED.match(str(loaded[-1]))
            self._only_scripts_until = math.inf if lasts else self._clock() + LOAD_AGAIN_AFTER
        elif self._only_scripts_until is None:
            return [_loading(script.function), *self.first(script, keys, arguments)]
        # Else one that was sent before has found out: this one must not come before its second try.
        return self.first(script, keys, arguments)

    def begin_anew(self) -> None:
        """Another server may answer from now on."""
        self._only_scripts_until = None


def foreign_function(address: str, script: Script, mismatch: object) -> BrokerMisconfigured:
    """The error for an answer that a script never gives: another function has its function's name."""
    name = script.name if script.function is None else script.function.name
    return BrokerMisconfigured(
        address,
        f"has a function {name} that is not ours, as its answer shows ({mismatch})",
        "FUNCTION LIST says in which library it is: take that away by FUNCTION DELETE, and ours is loaded",
    )


def _loading(function: Function) -> Command:
    # REPLACE, as another may load it at this moment.
    return ("FUNCTION", "LOAD", "REPLACE", function.library)
