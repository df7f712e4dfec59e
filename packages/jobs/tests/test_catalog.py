"""Contracts are found by the names that stand on the wire, or by where they are declared."""

from pathlib import Path
from typing import Any

import pytest

from toril.jobs import (
    Catalog,
    DuplicateContract,
    InvalidReference,
    Job,
    NoContracts,
    NotAContract,
    Queue,
    UnknownContract,
    UnknownModule,
    resolve,
)

CONTRACTS = """
from toril.jobs import Job, Queue

documents = Queue({queue!r})

class Base(Job[int]):
    path: str

class Count(Base, queue=documents, name="count"):
    pass

class Remove(Base, queue=documents, name="remove"):
    pass

Alias = Remove
"""


@pytest.fixture
def package(tmp_path: Path, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with modules that declare, import, lack or break."""
    name = f"package_{queue.name.replace('-', '_')}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "contracts.py").write_text(CONTRACTS.format(queue=queue.name))
    (folder / "importing.py").write_text(f"from {name}.contracts import Remove\n")
    (folder / "empty.py").write_text("from toril.jobs import Job\n")
    (folder / "broken.py").write_text("import there_is_no_such_module\n")
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_a_catalog_holds_what_a_module_declares(package: str, queue: Queue) -> None:
    catalog = Catalog.load(f"{package}.contracts")
    assert [contract.key for contract in catalog] == [(queue.name, "count"), (queue.name, "remove")]
    assert len(catalog) == 2
    assert (queue.name, "count") in catalog
    assert (queue.name, "other") not in catalog
    assert catalog.find(queue.name, "count").job_type.__name__ == "Count"


def test_a_catalog_holds_what_a_module_imports(package: str, queue: Queue) -> None:
    assert [contract.name for contract in Catalog.load(f"{package}.importing")] == ["remove"]


def test_an_unknown_contract_is_answered_with_those_there_are(package: str, queue: Queue) -> None:
    with pytest.raises(UnknownContract) as caught:
        Catalog.load(f"{package}.contracts").find(queue.name, "cuont")
    assert f"{queue.name}/cuont" in str(caught.value)
    assert caught.value.known == (f"{queue.name}/count", f"{queue.name}/remove")
    assert f"{queue.name}/count, {queue.name}/remove" in str(caught.value)


def test_a_long_list_of_contracts_is_cut() -> None:
    assert str(UnknownContract("x", (str(at) for at in range(100)))).endswith("19 and 80 more")
    assert str(UnknownContract("x", ())).endswith("there are: none")


@pytest.mark.parametrize(
    "missing", ["no_such_package", "no_such_package.contracts", "{package}.no_such_module"]
)
def test_a_module_that_does_not_exist_is_told_by_its_name(package: str, missing: str) -> None:
    module = missing.format(package=package)
    with pytest.raises(UnknownModule, match=module):
        Catalog.load(module)
    with pytest.raises(UnknownModule, match=module):
        resolve(f"{module}:Count")


def test_a_module_that_fails_to_import_shows_its_own_error(package: str) -> None:
    with pytest.raises(ModuleNotFoundError, match="there_is_no_such_module"):
        Catalog.load(f"{package}.broken")


def test_a_module_without_contracts_is_refused(package: str) -> None:
    with pytest.raises(NoContracts, match=f"{package}.empty"):
        Catalog.load(f"{package}.empty")


def test_a_catalog_refuses_a_second_contract_of_one_name(queue: Queue) -> None:
    def declare() -> Any:
        # Declared twice from one place, as a reload would.
        class Same(Job[None], queue=queue, name="same"):
            pass

        return Same.contract()

    first, second = declare(), declare()
    catalog = Catalog([first, first])
    assert list(catalog) == [first]
    with pytest.raises(DuplicateContract, match="Same"):
        catalog.add(second)


def test_a_reference_names_one_contract(package: str, queue: Queue) -> None:
    assert resolve(f"{package}.contracts:Count").key == (queue.name, "count")
    assert resolve(f"{package}.contracts:Alias") is resolve(f"{package}.importing:Remove")


@pytest.mark.parametrize(
    "reference",
    ["", "contracts", "contracts:", ":Count", ".contracts:Count", "a b:Count", "../contracts:Count"],
)
def test_a_reference_of_another_form_is_refused(reference: str) -> None:
    with pytest.raises(InvalidReference, match=r"package\.module:Name"):
        resolve(reference)


@pytest.mark.parametrize("name", ["Cuont", "Base", "documents"])
def test_a_reference_to_no_contract_lists_those_there_are(package: str, name: str) -> None:
    with pytest.raises(UnknownContract) as caught:
        resolve(f"{package}.contracts:{name}")
    listed = [f"{package}.contracts:{known}" for known in ("Count", "Remove", "Alias")]
    assert list(caught.value.known) == listed


def test_a_base_says_how_a_contract_is_declared() -> None:
    with pytest.raises(NotAContract, match=r"name=\"\.\.\.\""):
        Job.contract()
