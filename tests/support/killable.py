"""Programs of the tests in processes of their own, to be killed."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

TESTS = Path(__file__).parent.parent


@asynccontextmanager
async def killable(module: str, *arguments: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Runs `main()` of a module of `support`; the process is killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        f"from {module} import main; main()",
        *arguments,
        env={"PYTHONPATH": str(TESTS)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
