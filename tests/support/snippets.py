"""The examples in a document: its files and commands, and how they are run as a reader would run them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE_NAME = re.compile(r"(?:#|//|--) ([\w./]+)")
ENDS_WITHIN = 40.0


class Command(NamedTuple):
    """A line after `$`, and what the document shows below it."""

    words: list[str]
    output: str


class Snippets:
    """What stands in the code blocks of a document.

    Args:
        name: its path in the repository.
    """

    def __init__(self, name: str) -> None:
        self.text = (ROOT / name).read_text(encoding="utf-8")

    def write_files(self, folder: Path) -> None:
        """Write the code blocks that begin with a file's name."""
        for _, block in BLOCK.findall(self.text):
            if name := FILE_NAME.match(block):
                path = folder / name[1]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(block)

    def commands(self) -> list[Command]:
        shown = [block for language, block in BLOCK.findall(self.text) if language == "console"]
        parts = [
            part.split("\n", 1)
            for block in shown
            for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
        ]
        return [Command(shlex.split(line), output) for line, output in parts]

    def command(self, *words: str) -> Command:
        """The first command that begins with these words."""
        found, *_ = (each for each in self.commands() if each.words[: len(words)] == list(words))
        return found


def environment(**more: str) -> dict[str, str]:
    """The variables of a reader who has activated the project's environment."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("TORIL_")}
    return known | {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"} | more


def run(words: list[str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """What came of a command."""
    return subprocess.run(
        words,
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=ENDS_WITHIN,
    )
