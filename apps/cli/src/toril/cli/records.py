"""Jobs as JSON, with keys that stay the same."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from toril.types import JobRecord, Progress


def record_as_json(record: JobRecord) -> dict[str, Any]:
    """Everything of a job; `data` and `result` as JSON values, or as text where they are no JSON."""
    values = {name: _plain(value) for name, value in asdict(record).items()}
    return values | {"data": read_json(record.data), "result": read_json(record.result)}


def read_json(text: str | None) -> Any:
    """The value, or the text itself where it is no JSON: anybody may have written it."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text


def progress_text(progress: Progress | None) -> str:
    """How far a job is, in a few words."""
    if progress is None:
        return ""
    share = None if progress.fraction is None else f"{progress.fraction:.0%}"
    said = [part for part in (share, progress.note) if part]
    return " ".join(said) if said else json.dumps(progress.value, ensure_ascii=False)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
