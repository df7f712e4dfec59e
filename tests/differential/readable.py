"""Steps as a person would write them: values without the parts that are as always."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any


def call(queue: str, operation: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> str:
    """One step: `paint: add([NewJob(name='a')])`."""
    words = [shown(argument) for argument in arguments]
    words += [f"{name}={shown(value)}" for name, value in named.items()]
    return f"{queue}: {operation}({', '.join(words)})"


def shown(value: Any) -> str:
    """The value's repr, without fields that have their default."""
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _record(type(value).__name__, value._asdict(), value._field_defaults)
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: getattr(value, field.name) for field in fields(value)}
        defaults = {field.name: field.default for field in fields(value) if field.default is not MISSING}
        return _record(type(value).__name__, content, defaults)
    if isinstance(value, list | tuple):
        most = 12
        words = [shown(entry) for entry in value[:most]] + [f"… {len(value)} in all"] * (len(value) > most)
        return f"[{', '.join(words)}]"
    return repr(value)


def _record(name: str, content: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    words = [
        f"{field}={shown(value)}"
        for field, value in content.items()
        if field not in defaults or value != defaults[field]
    ]
    return f"{name}({', '.join(words)})"
