"""JSON texts that stand in Redis, as values: anybody may have written them."""

from pydantic import JsonValue
from pydantic_core import from_json


def json_value(text: str | None) -> JsonValue:
    """The value, or the text itself where it is no JSON, or nested too deeply to be passed on."""
    if text is None:
        return None
    try:
        value: JsonValue = from_json(text, allow_inf_nan=False)
    except ValueError:
        return text
    return value
