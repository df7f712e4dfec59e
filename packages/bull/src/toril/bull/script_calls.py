"""How a script is called on a server, and what helps where the server does not know it yet."""

import re
from collections.abc import Sequence

from hiredis import ReplyError

from toril.bull.replies import Argument
from toril.bull.scripts import Script

Command = tuple[Argument, ...]

# SCRIPT FLUSH, a restart or a failover made Redis forget it: nothing was run.
_MISSING_SCRIPT = re.compile(r"NOSCRIPT ")
_MISSING_FUNCTION = re.compile(r"ERR Function not found")
# Redis before 7 has no functions; and this user may be allowed scripts only.
_NO_FUNCTIONS = re.compile(r"ERR unknown command .fcall|NOPERM .*'fcall", re.IGNORECASE)


class ScriptCalls:
    """The commands that run scripts over one connection: as functions where the server keeps them.

    A function that the server does not have is loaded; where that is refused, and where there are no
    functions, EVALSHA runs the script.
    """

    def __init__(self) -> None:
        self._as_functions = True

    def brought(self, script: Script) -> Command | None:
        """What a new socket carries before the first call of a script that is called often.

        With that, calls that are sent one after the other run in that order: else all of them might be
        refused, and what another client loads meanwhile run the later ones before the first comes again.
        """
        if script.function is None:
            return None
        if self._as_functions:
            return ("FUNCTION", "LOAD", script.function.library)
        return ("SCRIPT", "LOAD", script.text)

    def first(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> list[Command]:
        """What runs a script that the server knows."""
        if script.function is not None and self._as_functions:
            return [("FCALL", script.function.name, len(keys), *keys, *arguments)]
        return [("EVALSHA", script.sha, len(keys), *keys, *arguments)]

    def next(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        sent: Sequence[Command],
        refused: ReplyError,
    ) -> list[Command]:
        """What to send now that the last of the commands `sent` was refused, for it has not run.

        Nothing, if it was refused for another reason than that the server does not know it.
        """
        text = str(refused)
        if script.function is not None and sent[-1][0] == "FCALL":
            if _MISSING_FUNCTION.match(text) and len(sent) == 1:
                # REPLACE, as another may load it at this moment.
                return [("FUNCTION", "LOAD", "REPLACE", script.function.library), *sent]
            if _MISSING_FUNCTION.match(text) or _NO_FUNCTIONS.match(text):
                self._as_functions = False
                return self.first(script, keys, arguments)
        elif sent[-1][0] == "EVALSHA" and _MISSING_SCRIPT.match(text):
            # EVAL runs it and has Redis keep it, in one step that no SCRIPT FLUSH can come between.
            return [("EVAL", script.text, len(keys), *keys, *arguments)]
        return []

    def begin_anew(self) -> None:
        """Another server may answer from now on."""
        self._as_functions = True
