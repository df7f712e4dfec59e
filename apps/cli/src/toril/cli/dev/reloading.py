"""Starting an application again when its files change."""

from pathlib import Path

from watchfiles import (
    Change,
    PythonFilter,
    awatch,  # pyright: ignore[reportUnknownVariableType] - of trio, which is not installed
)

from toril.cli.dev.session import Session
from toril.cli.kept_process import Tell


class SourceFiles(PythonFilter):
    """Python files that people write: not those of environments and data folders."""

    ignore_dirs = (*PythonFilter.ignore_dirs, ".toril")


async def reload_on_change(folder: Path, session: Session, tell: Tell) -> None:
    """Restart the session's processes whenever a Python file below the folder changes; for ever."""
    async for changes in awatch(folder, watch_filter=SourceFiles()):
        tell("dev", f"{_named(changes, folder)}: starting again")
        session.restart()


def _named(changes: set[tuple[Change, str]], folder: Path) -> str:
    first, *others = sorted(str(Path(path).relative_to(folder.resolve())) for _, path in changes)
    return f"{first} and {len(others)} more have changed" if others else f"{first} has changed"
