"""What people see of the demo, in a terminal and in a file."""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from examples.library.search import Found

SHOWN_LINES = 4
"""Lines of a passage that are shown."""
INDENT = 8

Meter: TypeAlias = Callable[[int, int], None]
"""Told how many documents are done, and how many passages can be found."""


class Display:
    """The demo's words.

    Args:
        console: where they go; a bar that moves is drawn only in a terminal.
        problems: where problems go.
    """

    def __init__(self, console: Console, problems: Console) -> None:
        self._console = console
        self._problems = problems

    def opening(self, folder: Path, documents: int, skipped: Counter[str]) -> None:
        self._say(f"Semantic search over {_count(documents, 'document')} in {folder}", style="bold")
        if skipped:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in skipped.most_common())
            self._say(f"Skipped {_count(skipped.total(), 'file')}: {reasons}", style="dim")

    def parts(self, names: Sequence[str], log: Path) -> None:
        self._say(f"Starting {', '.join(names)}; their lines are in {log}", style="dim")

    def problem(self, words: str) -> None:
        self._problems.print(Text(printable(words), style="red"), soft_wrap=True)

    @contextmanager
    def progress(self, total: int) -> Generator[Meter]:
        """How far the documents are: a bar in a terminal, else a line at each quarter."""
        bar = Progress(
            TextColumn("Indexing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("documents, {task.fields[passages]:,} passages"),
            TimeElapsedColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        quarters = 0
        task = bar.add_task("", total=total, passages=0)

        def meter(done: int, passages: int) -> None:
            nonlocal quarters
            bar.update(task, completed=done, passages=passages)
            if not self._console.is_terminal and done * 4 // total > quarters:
                quarters = done * 4 // total
                self._say(f"Indexed {done:,} of {_count(total, 'document')}, {_count(passages, 'passage')}")

        with bar:
            yield meter

    def summary(self, jobs: int, passages: int, seconds: float) -> None:
        self._say(
            f"{_count(jobs, 'job')} in {seconds:.2f} s: {jobs / seconds:,.0f} jobs/s; "
            f"{_count(passages, 'passage')} can be found",
            style="green",
        )

    def addresses(self, web: str, gateway: str) -> None:
        self._say(f"\nThe library is at {web}/docs, the gateway to its jobs at {gateway}/openapi.json")
        self._say("Everything stays up until Ctrl-C", style="dim")

    def failures(self, failed: Sequence[tuple[str, str]]) -> None:
        for path, reason in failed:
            self._say(f"Failed  {path}: {reason}", style="red")

    def answer(self, query: str, found: Sequence[Found]) -> None:
        self._say(f"\n{query}", style="bold cyan")
        for each in found:
            title = f"  {each.title}" if each.title else ""
            self._say(f"  {each.score:.2f}  {each.path}:{each.first_line}-{each.last_line}{title}")
            self._console.print(self._quoted(each.text), soft_wrap=True)

    def _quoted(self, text: str) -> Text:
        """The first lines of a passage, as wide as the screen."""
        words = "\n".join(line for line in dedent(text).split("\n") if line.strip())
        lines = Text(printable(words)).wrap(self._console, max(20, self._console.width - INDENT))
        shown = [" " * INDENT + line.plain.rstrip() for line in lines[:SHOWN_LINES]]
        return Text("\n".join(shown) + (" …" if len(lines) > SHOWN_LINES else ""), style="dim")

    def _say(self, words: str, style: str = "") -> None:
        self._console.print(Text(printable(words), style=style), soft_wrap=True)


def printable(text: str) -> str:
    """The text without what would steer a terminal: documents come from anywhere."""
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
