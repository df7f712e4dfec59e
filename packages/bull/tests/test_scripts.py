"""Our Lua, composed."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from toril.bull.scripts import load

LUA = Path(str(files("toril.bull"))) / "lua"
PARTS = LUA / "parts"
NAMES = sorted(
    str(path.relative_to(LUA).with_suffix("")) for path in LUA.rglob("*.lua") if path.parent != PARTS
)


@pytest.mark.parametrize("name", NAMES)
def test_each_script_has_its_header(name: str) -> None:
    text = (LUA / f"{name}.lua").read_text()
    header = text[: text.index("]]")]
    assert header.startswith("--[[\n")
    assert re.findall(r"^(KEYS|Reply|Events) ", header, re.MULTILINE) == ["KEYS", "Reply", "Events"]


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_put_in_once_and_every_use_is_resolved(name: str) -> None:
    text = load(name).text
    assert not re.search(r"^ *--- ", text, re.MULTILINE)
    functions = re.findall(r"^local function (\w+)", text, re.MULTILINE)
    assert len(functions) == len(set(functions))


def test_every_part_is_used() -> None:
    texts = [path.read_text() for path in LUA.rglob("*.lua")]
    used = {f"{name}.lua" for text in texts for name in re.findall(r"^ *--- use (\w+)$", text, re.MULTILINE)}
    assert used == {path.name for path in PARTS.iterdir()}


def test_a_script_is_known_by_the_hash_that_redis_gives_it() -> None:
    assert re.fullmatch("[0-9a-f]{40}", load("adding/add").sha)
    assert load("adding/add") is load("adding/add")


def test_a_part_used_within_a_function_is_that_functions_own() -> None:
    text = load("working/settle_and_take").text
    assert re.search(r"^local function consequences_of_end\(\)$", text, re.MULTILINE)
    assert re.search(r"^    local function child_completed\(", text, re.MULTILINE)
    # What the script has made by then is not made again.
    assert len(re.findall(r"^ *local function emit\(", text, re.MULTILINE)) == 1


FUNCTIONS = [name for name in NAMES if load(name).function]


def test_what_is_called_for_each_job_is_a_function_too() -> None:
    assert {"adding/add", "working/settle_and_take"} <= set(FUNCTIONS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_has_no_name_twice(name: str) -> None:
    function = load(name).function
    assert function is not None
    declared = re.findall(r"^local (?:function )?([\w, ]+)", function.library, re.MULTILINE)
    names = [each.strip() for some in declared for each in some.split(",")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_declares_once_and_begins_each_call_anew(name: str) -> None:
    function = load(name).function
    assert function is not None
    declared, _, called = function.library.partition("\nlocal function run()\n")
    assert "\nlocal function read_steering()\n" in declared
    assert "\nsteering_read = false\n" in called
    assert not re.search(r"^ *--- ", function.library, re.MULTILINE)
