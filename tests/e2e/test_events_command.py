"""`toril events` as people run it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from support.household import Start, add
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker

pytestmark = pytest.mark.timeout(120)


async def test_events_are_shown_as_they_happen_until_ctrl_c(toril: Start, url: str):
    with toril("events", "chores") as following:
        await eventually(lambda: "DETAIL" in following.stdout)
        job_id = await add(toril)
        await eventually(lambda: "waiting" in following.stdout)
        following.interrupt_all()

        assert following.exit_code() == 130
        shown = [line.split("\t")[1:] for line in following.stdout.splitlines()[1:]]
        assert shown == [["added", job_id, "chore"], ["waiting", job_id, ""]]
        assert following.log.splitlines()[-1] == "interrupted"


async def test_events_go_on_when_the_broker_is_back(toril: Start, folder: Path):
    with EmbeddedBroker(folder / ".toril") as broker:
        first = await add(toril)
        with toril("events", "chores", "--after", "0", "--limit", "4", "--json") as following:
            await eventually(lambda: following.stdout.count("\n") == 2)
            broker.stop()
            broker.start()
            second = await add(toril)

            assert following.exit_code() == 0, following.log
            events = [json.loads(line) for line in following.stdout.splitlines()]
    assert [(event["name"], event["job_id"]) for event in events] == [
        ("added", first),
        ("waiting", first),
        ("added", second),
        ("waiting", second),
    ]


async def test_whoever_reads_events_may_stop_reading(folder: Path, toril: Start, url: str):
    command = f"{sys.executable} -m toril.cli events chores --after 0 | head -n 1"
    pipe = asyncio.subprocess.PIPE
    await add(toril)
    reading = await asyncio.create_subprocess_shell(command, cwd=folder, stdout=pipe, stderr=pipe)
    said = asyncio.create_task(reading.communicate())

    async def ended() -> bool:
        await add(toril)  # it notices when it has something to say
        return said.done()

    await eventually(ended, timeout=60)
    shown, log = await said
    assert (shown.decode(), log.decode()) == ("TIME\tEVENT\tJOB\tDETAIL\n", "")
