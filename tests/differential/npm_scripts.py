"""BullMQ's own Lua from the npm package, where that is newer than the wheel. Run here, copied nowhere."""

import re
from functools import cache
from pathlib import Path

from support.node_install import FOLDER, install

INCLUDE = re.compile(r'^\s*--- @include "(?:includes/)?(\w+)"$')


@cache
def npm_script_text(name: str) -> str:
    """The Lua of one script of BullMQ 6.7, its parts put in, each once."""
    install()
    commands = FOLDER / "node_modules" / "bullmq-6" / "dist" / "cjs" / "commands"
    return "\n".join(_flattened(commands / f"{name}.lua", commands / "includes", set()))


def _flattened(source: Path, includes: Path, seen: set[str]) -> list[str]:
    lines: list[str] = []
    for line in source.read_text(encoding="utf-8").splitlines():
        found = INCLUDE.match(line)
        if not found:
            lines.append(line)
        elif found[1] not in seen:
            seen.add(found[1])
            lines += _flattened(includes / f"{found[1]}.lua", includes, seen)
    return lines
