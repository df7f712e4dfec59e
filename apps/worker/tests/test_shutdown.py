import asyncio
import threading

import pytest

from support.waiting import eventually
from toril.worker.process import shutdown as module
from toril.worker.process.shutdown import Shutdown


@pytest.fixture
def forced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why the process would have been ended by force."""
    reasons: list[str] = []
    monkeypatch.setattr(module, "end_by_force", reasons.append)
    return reasons


class Stops:
    """Counts how often it was asked to stop, on the event loop."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        asyncio.get_running_loop()
        self.count += 1


async def test_each_of_two_requests_stops(forced: list[str]):
    stops = Stops()
    shutdown = Shutdown(asyncio.get_running_loop(), stops, grace=60.0)
    with shutdown.listening(()):
        shutdown.request("first")
        await eventually(lambda: stops.count == 1)
        shutdown.request("second")
        await eventually(lambda: stops.count == 2)

    assert forced == []


async def test_a_third_request_ends_the_process(forced: list[str]):
    shutdown = Shutdown(asyncio.get_running_loop(), Stops(), grace=60.0)
    with shutdown.listening(()):
        for why in ("first", "second", "third"):
            shutdown.request(why)
        await eventually(lambda: forced)

    assert forced == ["asked for by a third signal"]


async def test_what_does_not_end_in_time_is_ended(forced: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "ENDS_WITHIN", 0.05)
    shutdown = Shutdown(asyncio.get_running_loop(), Stops(), grace=0.05)
    with shutdown.listening(()):
        shutdown.request("first")
        await eventually(lambda: forced)

    assert forced[0] == "handlers have not ended within 0.1 s"


async def test_the_thread_ends_with_the_work(forced: list[str]):
    shutdown = Shutdown(asyncio.get_running_loop(), Stops(), grace=60.0)
    with shutdown.listening(()):
        assert any(thread.name == "toril-shutdown" for thread in threading.enumerate())

    assert not any(thread.name == "toril-shutdown" for thread in threading.enumerate())
