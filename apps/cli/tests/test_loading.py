from pathlib import Path

import pytest

from support.jobs import Paint
from toril.cli.loading import load_contract
from toril.jobs import UnknownContract
from toril.worker.errors import BadTarget
from toril.worker.process.loading import load_handlers

HANDLERS = """
from toril.jobs import Job, Queue
from toril.worker import Handlers

class Wave(Job[None], queue=Queue("greetings"), name="wave"):
    pass

handlers = Handlers()
empty = Handlers()

@handlers.handles(Wave)
async def wave(job, context):
    pass
"""


def fault_of(target: str) -> str:
    with pytest.raises(BadTarget) as refused:
        load_handlers(target)
    return str(refused.value)


def test_handlers_are_found_in_the_current_folder(folder: Path):
    (folder / "greeter.py").write_text(HANDLERS)

    assert [queue.name for queue in load_handlers("greeter:handlers").queues()] == ["greetings"]


def test_a_contract_is_found_by_module_and_name(folder: Path):
    assert load_contract("support.jobs:Paint") is Paint.contract()


def test_a_name_that_is_no_contract_is_refused_with_those_there_are(folder: Path):
    with pytest.raises(UnknownContract, match=r"support\.jobs:PaintOnce"):
        load_contract("support.jobs:paint")


@pytest.mark.parametrize("target", ["greeter", "greeter:", ":handlers", "./greeter.py:handlers", "a..b:c"])
def test_a_target_of_another_form_is_refused_with_an_example(folder: Path, target: str):
    assert fault_of(target) == f"{target}: expected MODULE:NAME, such as app.jobs:name"


def test_a_module_that_does_not_exist_is_named_with_where_it_was_looked_for(folder: Path):
    assert fault_of("greeter.away:handlers") == (
        "greeter.away:handlers: there is no module 'greeter', "
        f"neither in {folder} nor among the installed ones"
    )


def test_a_name_that_the_module_lacks_is_named(folder: Path):
    (folder / "greeter.py").write_text(HANDLERS)

    assert fault_of("greeter:handler") == "greeter:handler: module greeter has no 'handler'"


def test_what_is_not_handlers_is_said(folder: Path):
    (folder / "greeter.py").write_text(HANDLERS)

    assert fault_of("greeter:Wave") == "greeter:Wave: is the class Wave, not Handlers of toril.worker"
    assert fault_of("greeter:wave") == "greeter:wave: is a function, not Handlers of toril.worker"


def test_handlers_without_a_handler_are_refused(folder: Path):
    (folder / "greeter.py").write_text(HANDLERS)

    assert "has no handlers" in fault_of("greeter:empty")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("\nraise ValueError('no key')", "importing greeter failed: ValueError: no key ({file}:2)"),
        (
            "import nowhere",
            "importing greeter failed: ModuleNotFoundError: No module named 'nowhere' ({file}:1)",
        ),
        ("raise SystemExit(3)", "importing greeter failed: SystemExit: 3 ({file}:1)"),
        ("def broken(:", "importing greeter failed: SyntaxError: invalid syntax ({file}:1)"),
    ],
)
def test_an_error_inside_the_module_is_told_in_one_line(folder: Path, source: str, reason: str):
    file = folder / "greeter.py"
    file.write_text(source)

    assert fault_of("greeter:handlers") == f"greeter:handlers: {reason.format(file=file)}"
