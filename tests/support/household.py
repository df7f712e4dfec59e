"""An application of jobs, for the command line: what is written into its folder, and what becomes of it."""

import json
from collections.abc import Callable
from pathlib import Path

import psutil

from support.command_line import CommandProcess

HANDLERS = """
import asyncio
import os
import time
from typing import Literal

from toril.jobs import Job, Queue
from toril.worker import Handlers

chores, errands = Queue("chores"), Queue("errands")
handlers = Handlers()


class Chore(Job[str], queue=chores, name="chore"):
    does: Literal["return", "rest", "hang", "cling", "block"] = "return"


class Errand(Job[str], queue=errands, name="errand"):
    pass


@handlers.handles(Chore)
async def do_chore(job, context):
    await context.log("begun")
    while job.does == "rest" and not os.path.exists("rested"):
        await asyncio.sleep(0.01)
    if job.does == "block":
        time.sleep(1000)
    while job.does in ("hang", "cling"):
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            if job.does == "hang":
                raise
    return "done"


@handlers.handles(Errand)
async def run_errand(job, context):
    return "done"
"""

Start = Callable[..., CommandProcess]
"""Starts the command with the arguments given, in the folder of the application."""


def processes_in(folder: Path) -> list[psutil.Process]:
    """The commands' processes; not the broker's, which has another folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == str(folder):
                found.append(process)
        except psutil.Error:
            continue
    return found


async def add(toril: Start, does: str = "return") -> str:
    """Adds a chore; its id."""
    with toril("enqueue", "household:Chore", json.dumps({"does": does})) as adding:
        assert adding.exit_code() == 0, adding.log
        return adding.stdout.strip()
