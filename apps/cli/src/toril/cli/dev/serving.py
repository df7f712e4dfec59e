"""Running an application until Ctrl-C."""

import asyncio
from pathlib import Path

from toril.cli.dev.reloading import reload_on_change
from toril.cli.dev.session import Addresses, Session
from toril.cli.kept_process import Tell
from toril.worker.process.shutdown import SIGNALS


async def serve(session: Session, watched: Path | None, tell: Tell) -> None:
    """Run it, say where it is reached, and restart what runs files that change.

    Args:
        watched: the folder of these files; None for none.
    """
    serving = asyncio.current_task()
    is_ending = False

    def end() -> None:
        nonlocal is_ending
        if is_ending or serving is None:
            session.hasten()
            return
        is_ending = True
        tell("dev", "ending; Ctrl-C again hastens it")
        serving.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        async with session.running() as addresses:
            _say_where(addresses, tell)
            if watched is not None:
                await reload_on_change(watched, session, tell)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        tell("dev", "everything has ended")


def _say_where(addresses: Addresses, tell: Tell) -> None:
    if addresses.web:
        tell("dev", f"the web application is at {addresses.web}")
    if addresses.gateway:
        tell("dev", f"the gateway is at {addresses.gateway}, and says at /openapi.json what it can do")
    tell("dev", "everything is started; Ctrl-C ends it")
