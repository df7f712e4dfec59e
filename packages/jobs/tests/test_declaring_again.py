"""The same class that is made again is no duplicate."""

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from toril.jobs import Job, Queue
from toril.jobs.contract import Contract


@pytest.fixture
def module(tmp_path: Path, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that declares a contract."""
    name = f"declares_{queue.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(
        "from toril.jobs import Job, Queue\n"
        f"class Again(Job[int], queue=Queue({queue.name!r}), name='again'):\n"
        "    path: str\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_reload_replaces_the_class(module: str) -> None:
    loaded = importlib.import_module(module)
    before: Contract[Any, int] = loaded.Again.contract()
    after: Contract[Any, int] = importlib.reload(loaded).Again.contract()
    assert after is not before
    assert after.key == before.key
    assert after.place == before.place


def test_a_notebook_s_cell_that_is_run_again_replaces_the_class(queue: Queue) -> None:
    source = "class Again(Job[int], queue=queue, name='again'): pass"
    cells = [{"__name__": "notebook", "Job": Job, "queue": queue} for _ in range(2)]
    for number, cell in enumerate(cells):
        exec(compile(source, f"<cell {number}>", "exec"), cell)  # noqa: S102 - as a notebook does
    contracts: list[Contract[Any, int]] = [cell["Again"].contract() for cell in cells]  # pyright: ignore[reportAttributeAccessIssue]
    assert [contract.place for contract in contracts] == ["<cell 0>:1", "<cell 1>:1"]


def test_a_script_that_is_imported_by_its_own_name_too_is_no_duplicate(module: str) -> None:
    path = importlib.import_module(module).__file__
    assert path is not None
    specification = importlib.util.spec_from_file_location("declares_as_main", path)
    assert specification is not None
    assert specification.loader is not None
    again = importlib.util.module_from_spec(specification)
    sys.modules["declares_as_main"] = again
    try:
        specification.loader.exec_module(again)
    finally:
        del sys.modules["declares_as_main"]
    assert again.Again.contract().name == "again"
