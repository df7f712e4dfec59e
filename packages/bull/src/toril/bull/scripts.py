"""Our Lua: one file per operation in the folders of lua/, composed from the shared parts in lua/parts/.

A line `--- use <part>` in a script or a part stands for that part's text; a part that several others use
is put in once, before the first of them. Within a function the line is indented: then the part is that
function's own, and made only when the function is called. A line `--- include <script>` stands for the text
of a whole script, where it is one step of a larger one. The header comment of each operation says what the
script is for, its KEYS and ARGV, its reply and the events that it emits.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_USE = "--- use "
_INCLUDE = "--- include "


@dataclass(frozen=True, slots=True)
class Script:
    """A composed Lua script, and the SHA-1 by which Redis knows it once it is loaded."""

    name: str
    text: str
    sha: str


@cache
def load(name: str) -> Script:
    """The script in `lua/<name>.lua`, with its parts put in; `name` has its folder: "adding/add"."""
    folder = files("toril.bull") / "lua"
    text = "\n".join(_compose(folder / f"{name}.lua", folder, used=set())) + "\n"
    # SHA-1 is Redis's own name for a script, no safeguard.
    return Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _compose(source: Traversable, folder: Traversable, used: set[str]) -> list[str]:
    lines: list[str] = []
    for line in source.read_text(encoding="utf-8").splitlines():
        stripped = line.lstrip()
        if line.startswith(_INCLUDE):
            lines += _compose(folder / f"{line.removeprefix(_INCLUDE).strip()}.lua", folder, used)
        elif stripped.startswith(_USE):
            part = stripped.removeprefix(_USE).strip()
            if part not in used:
                indent = line.removesuffix(stripped)
                # What is put into a function is unknown outside of it.
                known = used.copy() if indent else used
                known.add(part)
                lines += [indent + each for each in _compose(folder / "parts" / f"{part}.lua", folder, known)]
        else:
            lines.append(line)
    return lines
