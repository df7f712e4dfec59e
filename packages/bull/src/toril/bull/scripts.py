"""Our Lua: one file per operation in the folders of lua/, composed from the shared parts in lua/parts/.

A line `--- use <part>` in a script or a part stands for that part's text; a part that several others use
is put in once, before the first of them. Within a function the line is indented: then few calls need the
part, and where Redis would make its functions anew for each call, they are made only when the function is
called. A line `--- include <script>` stands for the text of a whole script, where it is one step of a larger
one. What a line `--- each call` begins, up to a line `--- once` or to the file's end, is done for each call;
all else only declares. The header comment of each operation says what the script is for, its KEYS and ARGV,
its reply and the events that it emits.

A script whose own text says `--- each call` is also made into a function of Redis's (FUNCTION, since Redis
7): what declares runs when it is loaded, and a call does the rest. By EVALSHA, Redis makes the dozens of Lua
functions of a script anew for each call, which weighs most where the call is for one job.
`--- flag <name>` gives the function one of Redis's script flags.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

_USE = "--- use "
_INCLUDE = "--- include "
_EACH_CALL = "--- each call"
_ONCE = "--- once"
_FLAG = "--- flag "


@dataclass(frozen=True, slots=True)
class Function:
    """A script as a function of Redis's: by what name, and the library of that name that brings it."""

    name: str
    library: str


@dataclass(frozen=True, slots=True)
class Script:
    """A composed Lua script, and the SHA-1 by which Redis knows it once it is loaded.

    Attributes:
        function: the same as a function, if it is called so often that this pays.
    """

    name: str
    text: str
    sha: str
    function: Function | None = None


class _Line(NamedTuple):
    text: str
    each_call: bool


@cache
def load(name: str) -> Script:
    """The script in `lua/<name>.lua`, with its parts put in; `name` has its folder: "adding/add"."""
    source = files("toril.bull") / "lua" / f"{name}.lua"
    text = _joined([line.text for line in _Composer(hoists=False).compose(source)])
    # SHA-1 is Redis's own name for a script, no safeguard.
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(name, text, sha, _function(source, f"toril_{source.name.removesuffix('.lua')}_{sha[:12]}"))


def _function(source: Traversable, name: str) -> Function | None:
    """Named after its text: each release of ours calls its own, whichever others the server keeps."""
    own = source.read_text(encoding="utf-8").splitlines()
    if _EACH_CALL not in own:
        return None
    flags = [f"'{line.removeprefix(_FLAG)}'" for line in own if line.startswith(_FLAG)]
    lines = list(_Composer(hoists=True).compose(source))
    library = _joined(
        [
            f"#!lua name={name}",
            "local KEYS, ARGV",
            *(line.text for line in lines if not line.each_call),
            "local function run()",
            *(line.text for line in lines if line.each_call),
            "end",
            "local function callback(keys, arguments)",
            "  KEYS, ARGV = keys, arguments",
            "  return run()",
            "end",
            "redis.register_function{",
            f"  function_name = '{name}', callback = callback, flags = {{ {', '.join(flags)} }}",
            "}",
        ]
    )
    return Function(name, library)


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


class _Composer:
    """Puts parts in, each once.

    Args:
        hoists: a part that is used within a function is put in before the file, not into the function.
    """

    def __init__(self, *, hoists: bool) -> None:
        self._hoists = hoists
        self._folder = files("toril.bull") / "lua"

    def compose(self, source: Traversable) -> Iterator[_Line]:
        return self._compose(source, set())

    def _compose(self, source: Traversable, used: set[str]) -> Iterator[_Line]:
        lines = source.read_text(encoding="utf-8").splitlines()
        if self._hoists:
            for line in lines:
                if line.lstrip().startswith(_USE):
                    yield from self._part(line.lstrip(), used)
        each_call = False
        for line in lines:
            stripped = line.lstrip()
            if line in (_EACH_CALL, _ONCE):
                each_call = line == _EACH_CALL
            elif line.startswith(_INCLUDE):
                name = line.removeprefix(_INCLUDE).strip()
                yield from self._compose(self._folder / f"{name}.lua", used)
            elif line.startswith(_FLAG):
                pass  # for `_function`
            elif not stripped.startswith(_USE):
                yield _Line(line, each_call)
            elif indent := line.removesuffix(stripped):
                # What is put into a function is unknown outside of it.
                for each in self._part(stripped, used.copy()):
                    yield _Line(indent + each.text, each_call)
            else:
                yield from self._part(stripped, used)

    def _part(self, line: str, used: set[str]) -> Iterator[_Line]:
        part = line.removeprefix(_USE).strip()
        if part not in used:
            used.add(part)
            yield from self._compose(self._folder / "parts" / f"{part}.lua", used)
