"""BullMQ's names stay in the codec, and in the Lua."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

BULL = Path(str(files("toril.bull")))
CAMEL_CASE = re.compile(r"\b[a-z]+[A-Z]\w*")
OUTSIDE = [path for path in BULL.rglob("*.py") if path.parent.name != "codec"]


def literals(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(str(value)):
                yield value
            case ast.Constant(bytes(value)):
                yield value.decode("latin-1")
            case _:
                pass


def test_camel_case_is_found_in_every_kind_of_literal() -> None:
    found = [CAMEL_CASE.findall(text) for text in literals("""'jobId', b'jobId', f'{x} jobId', "BullMQ" """)]
    assert [names for names in found if names] == [["jobId"]] * 3


@pytest.mark.parametrize("path", OUTSIDE, ids=lambda path: path.name)
def test_no_literal_outside_the_codec_is_in_camel_case(path: Path) -> None:
    names = {name for text in literals(path.read_text(encoding="utf-8")) for name in CAMEL_CASE.findall(text)}
    assert names == set()
