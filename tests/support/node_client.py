"""The real BullMQ in a Node process, driven from a test. Operations: tests/interop/node/session.mjs."""

import asyncio
import json
import os
from collections.abc import Mapping
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any, BinaryIO, Self

from support.node_install import FOLDER, installed_node

LONGEST_LINE = 256 * 1024 * 1024
LONGEST_REPORT = 10_000
ANSWERS_WITHIN = 30.0
ENDS_WITHIN = 10.0


class NodeError(Exception):
    """BullMQ raised: `name` and `message` are the JavaScript error's, `stack` its trace."""

    def __init__(self, error: Mapping[str, str]) -> None:
        self.name = error["name"]
        self.message = error["message"]
        self.stack = error.get("stack", "")
        super().__init__(f"{self.name}: {self.message}")


class NodeEnded(Exception):
    """The process ended too early or with a code other than 0, or an object of BullMQ's emitted an error."""


class NodeClient:
    """One BullMQ version on one broker under one prefix; the process lives as long as the `async with`.

    Args:
        major: "5" or "6", as tests/interop/node/package.json installs them.
        url: the broker's: `redis://` or `unix://`.
        prefix: the first part of every key.
        may_emit_errors: errors that BullMQ's objects emit (a lost lock) are part of the test; otherwise they
            fail it at the end.
    """

    def __init__(self, major: str, url: str, prefix: str, *, may_emit_errors: bool = False) -> None:
        self.major = major
        self.version = ""
        self._url = url
        self._prefix = prefix
        self._may_emit_errors = may_emit_errors
        self._last_id = 0
        self._pending: dict[int, asyncio.Future[Any]] = {}

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process.returncode is None

    async def __aenter__(self) -> Self:
        node = await installed_node()
        self._stderr: BinaryIO = TemporaryFile()  # noqa: SIM115 — closed in _end
        self._process = await asyncio.create_subprocess_exec(
            node.program,
            str(FOLDER / "harness.mjs"),
            self.major,
            self._url,
            self._prefix,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._stderr,
            limit=LONGEST_LINE,
        )
        greeting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[0] = greeting
        self._reader = asyncio.create_task(self._read_replies(), name="node replies")
        try:
            self.version = (await asyncio.wait_for(greeting, ANSWERS_WITHIN))["bullmq"]
        except BaseException:
            await self._end(patience=0)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        killed = not self.is_alive
        errors: list[Any] = []
        try:
            if not killed and error is None:
                errors = await self.call("errors")
        finally:
            said = await self._end(patience=0 if error else ENDS_WITHIN)
        if error is not None:
            error.add_note(f"BullMQ {self.version} said: {said or 'nothing'}")
        elif not killed and self._process.returncode != 0:
            raise NodeEnded(f"BullMQ {self.version} ended with code {self._process.returncode}: {said}")
        elif errors and not self._may_emit_errors:
            raise NodeEnded(f"BullMQ {self.version} emitted errors: {errors}")

    async def call(self, operation: str, *, timeout: float = ANSWERS_WITHIN, **parameters: Any) -> Any:
        """The answer to one operation. Several may be under way at once.

        Raises:
            NodeError: BullMQ raised.
            NodeEnded: the process ended first.
            TimeoutError: no answer within `timeout` seconds.
        """
        self._last_id += 1
        request_id = self._last_id
        request = {"id": request_id, "operation": operation, "parameters": parameters}
        answer = self._pending[request_id] = asyncio.get_running_loop().create_future()
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            await self._process.stdin.drain()
            return await asyncio.wait_for(answer, timeout)
        except TimeoutError as error:
            raise TimeoutError(f"BullMQ {self.version}: no answer to {request} within {timeout} s") from error
        except ConnectionError as error:
            raise NodeEnded(f"BullMQ {self.version} ended: {self._said()}") from error
        finally:
            self._pending.pop(request_id, None)

    async def on_queue(self, queue: str, method: str, *arguments: Any) -> Any:
        """What a method of BullMQ's `Queue` answers."""
        return await self.call("queue", queue=queue, method=method, args=arguments)

    async def on_job(self, queue: str, job_id: str, method: str, *arguments: Any) -> Any:
        """What a method of BullMQ's `Job` answers."""
        return await self.call("job", queue=queue, id=job_id, method=method, args=arguments)

    async def add(self, queue: str, name: str, data: Any, **options: Any) -> str:
        """Add a job with BullMQ's own options; its id."""
        return (await self.on_queue(queue, "add", name, data, options))["id"]

    async def wait_until_finished(self, queue: str, job_id: str, *, seconds: float = 20.0) -> Any:
        """What `job.waitUntilFinished` resolves with; a failed job raises NodeError with its failedReason."""
        return await self.call(
            "waitUntilFinished", queue=queue, id=job_id, ttl=round(seconds * 1000), timeout=seconds + 10
        )

    async def kill(self) -> None:
        """SIGKILL: no lock is given back, no job ends."""
        self._process.kill()
        await self._process.wait()

    async def _read_replies(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            reply = json.loads(line)
            answer = self._pending.get(reply["id"])
            if answer is None or answer.done():
                continue  # nobody waits for it any more
            if "error" in reply:
                answer.set_exception(NodeError(reply["error"]))
            else:
                answer.set_result(reply["result"])
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(NodeEnded(f"BullMQ {self.version} ended: {self._said()}"))

    def _said(self) -> str:
        # Read past the file's position, which the process shares.
        said = os.pread(self._stderr.fileno(), LONGEST_REPORT, 0)
        return said.decode(errors="replace").strip()

    async def _end(self, *, patience: float) -> str:
        """Close stdin, wait, and kill what is left; what the process wrote to stderr."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), patience)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        finally:
            await self._reader
            said = self._said()
            self._stderr.close()
        return said
