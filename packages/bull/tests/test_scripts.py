"""Our Lua, composed."""

import re
from importlib.resources import files

import pytest

from toril.bull.scripts import load

NAMES = sorted(
    entry.name.removesuffix(".lua")
    for entry in (files("toril.bull") / "lua").iterdir()
    if entry.name.endswith(".lua")
)


@pytest.mark.parametrize("name", NAMES)
def test_each_script_has_its_header(name: str) -> None:
    text = (files("toril.bull") / "lua" / f"{name}.lua").read_text()
    header = text[: text.index("]]")]
    assert header.startswith("--[[\n")
    assert re.findall(r"^(KEYS|Reply|Events) ", header, re.MULTILINE) == ["KEYS", "Reply", "Events"]


@pytest.mark.parametrize("name", NAMES)
def test_a_part_is_put_in_once_and_every_use_is_resolved(name: str) -> None:
    text = load(name).text
    assert "--- use" not in text
    functions = re.findall(r"^local function (\w+)", text, re.MULTILINE)
    assert len(functions) == len(set(functions))


def test_every_part_is_used() -> None:
    parts = {entry.name for entry in (files("toril.bull") / "lua" / "parts").iterdir()}
    folder = files("toril.bull") / "lua"
    texts = [
        entry.read_text()
        for place in (folder, folder / "parts")
        for entry in place.iterdir()
        if entry.name.endswith(".lua")
    ]
    used = {f"{name}.lua" for text in texts for name in re.findall(r"^--- use (\w+)$", text, re.MULTILINE)}
    assert used == parts


def test_a_script_is_known_by_the_hash_that_redis_gives_it() -> None:
    assert re.fullmatch("[0-9a-f]{40}", load("add").sha)
    assert load("add") is load("add")
