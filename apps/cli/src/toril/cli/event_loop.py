"""Running coroutines on the fastest event loop there is."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

try:
    from uvloop import new_event_loop as _uvloop
except ImportError:  # not on Windows
    _uvloop = None

T = TypeVar("T")

loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = _uvloop


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns; Ctrl-C cancels it and raises KeyboardInterrupt."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        return runner.run(coroutine)
