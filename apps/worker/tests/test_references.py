"""What a child process can import is found out before there is one."""

import sys
from functools import wraps
from types import ModuleType

import pytest

from toril.jobs import Job, Queue
from toril.worker import BlockingJobContext, HandlerNotImportable, Handlers, WorkerFactory
from toril.worker.isolation.references import reference_to, resolve

loft = Queue("references-loft")


class Sweep(Job[int], queue=loft, name="sweep"):
    """Sweep the loft."""


def sweep(job: Sweep, context: BlockingJobContext) -> int:
    return 0


def logged(function):
    @wraps(function)
    def call(*arguments: object) -> object:
        return function(*arguments)

    return call


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """This module, by the name that its functions say is theirs."""
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())


def _this_module() -> ModuleType:
    module = ModuleType(__name__)
    module.__dict__.update(globals())
    return module


def test_a_reference_leads_to_the_same_object(importable: None) -> None:
    assert resolve(reference_to(sweep, what="it")) is sweep
    assert resolve(reference_to(Sweep, what="it")) is Sweep


def test_a_worker_with_a_handler_inside_a_function_is_refused_as_it_is_made(importable: None) -> None:
    handlers = Handlers()

    @handlers.handles(Sweep, runs_in="process")
    def hidden(job: Sweep, context: BlockingJobContext) -> int:
        return 0

    with pytest.raises(HandlerNotImportable, match="defined inside a function: move it to the top"):
        WorkerFactory("redis://nowhere", handlers).create(loft)


def test_a_handler_below_another_decorator_is_refused(
    importable: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = sweep
    monkeypatch.setattr(sys.modules[__name__], "sweep", logged(registered))
    with pytest.raises(HandlerNotImportable, match="be its outermost decorator"):
        reference_to(registered, what="it")


def test_a_handler_of_the_program_itself_is_refused() -> None:
    def main() -> None: ...

    main.__module__, main.__qualname__ = "__main__", "main"
    with pytest.raises(HandlerNotImportable, match="its module is the program itself"):
        reference_to(main, what="it")


def test_what_is_no_longer_there_is_refused(importable: None) -> None:
    def gone() -> None: ...

    gone.__qualname__ = "gone"
    with pytest.raises(HandlerNotImportable, match="has no gone"):
        reference_to(gone, what="it")


@pytest.mark.parametrize("reference", ["nowhere.at_all:handler", "json:nothing"])
def test_what_cannot_be_imported_is_told(reference: str) -> None:
    with pytest.raises(HandlerNotImportable, match="importing it in a child process failed"):
        resolve(reference)
