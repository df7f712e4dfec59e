"""Where a class stands, for messages."""

import inspect

from toril.jobs.errors import InvalidContract

_MACHINERY = ("pydantic", "abc", "typing", "toril.jobs")


def full_name(kind: type) -> str:
    """A class as messages name it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def place_of_class_statement() -> str:
    """`file:line` of the class statement that is being executed, seen from inside the machinery it calls."""
    frame = inspect.currentframe()
    while frame is not None:
        module = str(frame.f_globals.get("__name__"))
        if not any(module == name or module.startswith(f"{name}.") for name in _MACHINERY):
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "unknown place"


def refusal(job_type: type, fault: str) -> InvalidContract:
    """The error for a class whose statement is being executed."""
    return InvalidContract(full_name(job_type), place_of_class_statement(), fault)
