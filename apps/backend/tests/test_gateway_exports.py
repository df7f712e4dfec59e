"""What `from toril.backend.http import …` offers, and what a producer is spared."""

import inspect
import subprocess
import sys

import toril.backend.http
from toril.backend.http import errors
from toril.backend.http.problems import TABLE

CLASSES = {
    value for value in vars(errors).values() if inspect.isclass(value) and value.__module__ == errors.__name__
}
PRODUCE = """
import sys
import toril.backend
heavy = {"fastapi", "starlette", "uvicorn", "prometheus_client"} & set(sys.modules)
assert not heavy, heavy
"""


def test_all_names_everything_public_and_nothing_else() -> None:
    public = {
        name
        for name, value in vars(toril.backend.http).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert sorted(toril.backend.http.__all__) == sorted(public)


def test_errors_are_one_tree_and_the_errors_module_draws_it() -> None:
    assert errors.__doc__ is not None
    drawn = errors.__doc__.split("\n\n")[1].splitlines()
    assert {line.strip("│├└─ ").split()[0] for line in drawn} == {error.__name__ for error in CLASSES}
    assert all(issubclass(error, errors.GatewayError) for error in CLASSES)


def test_every_error_that_a_request_can_meet_is_told_as_a_problem() -> None:
    told = {row.error for row in TABLE}
    faults = {errors.GatewayError, errors.GatewayNotStarted}  # of the application, not of a request

    assert CLASSES - faults <= told


def test_a_producer_loads_nothing_of_the_gateway() -> None:
    done = subprocess.run([sys.executable, "-c", PRODUCE], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
