"""`toril backend` as people run it: a process of its own that starts clearly and ends cleanly."""

import asyncio
import json
import re
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from httpx2 import AsyncClient

from support.command_line import CommandProcess
from support.household import Start
from support.waiting import eventually

pytestmark = pytest.mark.timeout(120)

ADDRESS = re.compile(r"address=(\S+)")
CONTRACTS = "support.jobs"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is refused without keys


@asynccontextmanager
async def serving(
    toril: Start, *options: str, **environment: str
) -> AsyncIterator[tuple[CommandProcess, str]]:
    with toril("backend", CONTRACTS, "--port", "0", *options, **environment) as gateway:
        await eventually(lambda: ADDRESS.search(gateway.log), timeout=60)
        address = ADDRESS.search(gateway.log)
        assert address, gateway.log
        yield gateway, address[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_starts_a_broker_serves_and_ends_its_streams_when_told(toril: Start, number: signal.Signals):
    async with serving(toril) as (gateway, address), AsyncClient(base_url=address, timeout=30) as client:
        job = (await client.post("/jobs/paint/paint", json={"colour": "red"})).headers["location"]
        async with client.stream("GET", f"{job}/events") as stream:
            lines = stream.aiter_lines()
            while await anext(lines) != "event: standing":
                pass
            gateway.send(number)
            async with asyncio.timeout(30):
                assert [line async for line in lines if line.startswith("event:")] == []

        assert await asyncio.to_thread(gateway.exit_code) == 0, gateway.log
        assert "gateway stopped" in gateway.log
        assert "Traceback" not in gateway.log


async def test_a_port_that_is_taken_is_one_clear_line(toril: Start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with toril("backend", CONTRACTS, "--port", str(port)) as gateway:
            assert gateway.exit_code() == 1
            assert (
                f"cannot listen on 127.0.0.1 port {port}: Address already in use; see --host" in gateway.log
            )
            assert "Traceback" not in gateway.log


async def test_beyond_loopback_it_does_not_start_without_keys(toril: Start, folder: Path):
    with toril("backend", CONTRACTS, "--host", EVERYWHERE, "--port", "0") as gateway:
        assert gateway.exit_code() == 2
        assert "toril key create" in gateway.log
    assert not (folder / ".toril").exists()


async def test_with_keys_it_serves_beyond_loopback_and_tells_no_secret(toril: Start):
    with toril("key", "create", "--scope", "read", "--id", "web", "--json") as made:
        assert made.exit_code() == 0, made.log
        key = json.loads(made.stdout)
    keys = {"TORIL_API_KEYS": key["entry"]}
    async with serving(toril, "--host", EVERYWHERE, **keys) as (gateway, address):
        port = address.rpartition(":")[2]
        async with AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            headers = {"authorization": f"Bearer {key['key']}", "host": "gateway.example"}
            assert (await client.get("/queues", headers=headers)).status_code == 200
            assert (await client.get("/queues")).status_code == 401
            assert (await client.get("/healthz")).status_code == 200
        process = psutil.Process(gateway.pid)
        assert key["key"] not in gateway.log
        assert key["key"] not in " ".join(process.cmdline()) + " ".join(process.environ().values())


@pytest.mark.parametrize(
    ("entry", "module", "said"),
    [
        ("nonsense", CONTRACTS, "entry 1 of TORIL_API_KEYS cannot be read"),
        ("", "nowhere", "there is no module 'nowhere'"),
        ("", "json", "has no contracts"),
    ],
)
async def test_what_is_wrong_is_one_clear_line(toril: Start, entry: str, module: str, said: str):
    with toril("backend", module, "--port", "0", TORIL_API_KEYS=entry) as gateway:
        assert gateway.exit_code() == 2
        assert said in gateway.log
        assert "Traceback" not in gateway.log
