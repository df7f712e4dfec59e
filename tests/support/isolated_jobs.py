"""Jobs whose handlers run in threads and in child processes, and what those do to their process."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, JsonValue

from toril.backend import QueueService
from toril.jobs import Job, Queue, Retry
from toril.types import JobRecord
from toril.worker import (
    BlockingJobContext,
    Handlers,
    RateLimited,
    Unrecoverable,
    WorkerFactory,
    WorkerSettings,
)

mill = Queue("mill")
QUICK = WorkerSettings(
    concurrency=4,
    lock_duration=2.0,
    stalled_interval=0.5,
    grace=5.0,
    child_processes=2,
    child_kill_after=0.5,
)


class Ground(BaseModel):
    text: str
    pid: int
    thread: str


class GrindInThread(Job[Ground], queue=mill, name="grind-in-thread"):
    """Does what it is asked for, in a thread."""

    act: str = "answer"
    text: str = ""
    file: str = ""


class Grind(Job[Ground], queue=mill, name="grind"):
    """Does what it is asked for, in a child process."""

    act: str = "answer"
    text: str = ""
    file: str = ""


class GrindTwice(Grind, queue=mill, name="grind-twice", retry=Retry(attempts=2)):
    """Has a second attempt."""


class GrindBriefly(Grind, queue=mill, name="grind-briefly", timeout=0.5):
    """Has little time."""


class GrindBrieflyInThread(GrindInThread, queue=mill, name="grind-briefly-in-thread", timeout=0.5):
    """Has little time."""


handlers = Handlers()


@handlers.handles(GrindInThread, runs_in="thread")
@handlers.handles(GrindBrieflyInThread, runs_in="thread")
def grind_in_thread(job: GrindInThread, context: BlockingJobContext) -> Ground:
    return _act(job, context)


@handlers.handles(Grind, runs_in="process")
@handlers.handles(GrindBriefly, runs_in="process")
@handlers.handles(GrindTwice, runs_in="process")
def grind(job: Grind, context: BlockingJobContext) -> Ground:
    return _act(job, context)


@handlers.otherwise(mill, runs_in="process")
def grind_anything(job: JobRecord, context: BlockingJobContext) -> JsonValue:
    return {"name": job.name, "data": job.data, "attempt": context.attempt}


millers = Handlers()
"""All of whose jobs run in child processes."""
millers.handles(Grind, runs_in="process")(grind)


def _act(job: Grind | GrindInThread, context: BlockingJobContext) -> Ground:
    if job.file:
        with Path(job.file).open("a") as file:
            file.write(f"{os.getpid()}\n")
    match job.act:
        case "answer":
            pass
        case "watch":
            _watch(job, context)
        case "spin":
            while True:
                pass
        case "wait for cancellation":
            while True:
                context.raise_if_cancelled()
                time.sleep(0.01)
        case "give way":
            while not context.is_cancelled:
                time.sleep(0.01)
            Path(job.text).write_text("cleaned up")
            context.progress(1.0)
        case "hold on":
            while not Path(job.text).exists():
                time.sleep(0.01)
        case _:
            _misbehave(job, context)
    return Ground(text=job.text, pid=os.getpid(), thread=threading.current_thread().name)


def _watch(job: Grind | GrindInThread, context: BlockingJobContext) -> None:
    """Everything that a handler may ask for."""
    context.progress(0.5, "half way")
    context.log(f"attempt {context.attempt} of {context.attempts}")
    try:
        context.progress(7.0)
    except ValueError:
        context.log("refused")
    job.text = "saved"
    context.save(job)
    assert context.children().results == ()
    context.wait_for_children()
    context.raise_if_cancelled()


def _misbehave(job: Grind | GrindInThread, context: BlockingJobContext) -> None:
    match job.act:
        case "raise":
            raise ValueError(job.text)
        case "give up":
            raise Unrecoverable(job.text)
        case "hold the queue":
            raise RateLimited(0.2)
        case "put off once":
            marker = Path(job.text)
            if not marker.exists():
                marker.touch()
                context.move_to_delayed(0.1)
        case "exit":
            sys.exit(3)
        case "exit at once":
            os._exit(7)
        case "kill once" if context.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "print":
            print(job.text)  # noqa: T201 - it is to be seen
        case "close stdout":
            sys.stdout.close()
            with suppress(OSError):  # it is closed since the run before
                os.close(1)
        case "close everything":
            os.closerange(3, 1024)
        case "fork":
            if os.fork() == 0:
                return
        case "leave a program behind and die":
            subprocess.Popen(["/bin/sleep", "1000"])
            os.kill(os.getpid(), signal.SIGKILL)
        case "fork a sleeper and die":
            if os.fork() == 0:
                time.sleep(1000)
            os._exit(7)
        case "eat":
            eaten: list[bytes] = []
            while True:
                eaten.append(b"x" * 4_000_000)
                time.sleep(0.005)
        case _:
            pass


@asynccontextmanager
async def running_mill(
    url: str, prefix: str, settings: WorkerSettings = QUICK, handlers: Handlers = handlers
) -> AsyncIterator[QueueService]:
    """A producer, and a worker that runs the mill's jobs."""
    async with (
        QueueService.connect(url, prefix=prefix) as queues,
        WorkerFactory(url, handlers, prefix=prefix).create(mill, settings=settings) as worker,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(worker.run())
        try:
            yield queues
        finally:
            worker.stop()
