"""What the documents claim is shown by tests that exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "PARITY.md",
    "docs/bad-input.md",
    "docs/command-line.md",
    "docs/gateway.md",
    "docs/guide.md",
    "docs/operations.md",
    "docs/outbox.md",
    "docs/reliability.md",
    "docs/tutorial.md",
)
NAMED_TEST = re.compile(r"([\w/.-]+\.py)::(\w+)")
NAMED_PATH = re.compile(r"`((?:tests|packages|apps|examples|bench|scripts)/[\w/.-]+)[`:]")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
STATUSES = ("yes", "partly", "not yet")


class Row(NamedTuple):
    """One feature of BullMQ."""

    feature: str
    status: str
    remark: str
    test: str


def rows() -> Iterator[Row]:
    for line in text("PARITY.md").splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and cells[0] != "Feature" and not cells[0].startswith("---"):
            yield Row(*cells)


@cache
def text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


@cache
def headings(path: Path) -> frozenset[str]:
    """What a link's `#…` may name, as GitHub makes it of the headings."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return frozenset(re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles)


@cache
def functions_of(path: Path) -> frozenset[str]:
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_and_a_heading(document: str) -> None:
    broken = [
        f"{target}#{heading}"
        for target, heading in LINK.findall(text(document))
        if not (found := (ROOT / document).parent / target if target else ROOT / document).exists()
        or (heading and heading not in headings(found))
    ]
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_test_that_is_named_exists(document: str) -> None:
    missing = [
        f"{path}::{name}"
        for path, name in NAMED_TEST.findall(text(document))
        if not (ROOT / path).is_file() or name not in functions_of(ROOT / path)
    ]
    assert not missing


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_is_named_exists(document: str) -> None:
    missing = [path for path in NAMED_PATH.findall(text(document)) if not (ROOT / path).exists()]
    assert not missing


def test_every_feature_has_a_status() -> None:
    assert len(list(rows())) > 50
    assert not [row for row in rows() if row.status not in STATUSES]


def test_a_feature_names_a_test_exactly_if_there_is_something_to_show() -> None:
    wrong = [row for row in rows() if bool(NAMED_TEST.search(row.test)) is (row.status == "not yet")]
    assert not wrong


def test_what_is_not_done_as_it_should_be_is_explained() -> None:
    assert not [row for row in rows() if row.status == "partly" and not row.remark]
