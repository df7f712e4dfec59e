"""What a queue left behind in Redis, as plain values that can be compared. What must hold: invariants.py.

Two keyspaces are alike if nobody who reads them through BullMQ can tell them apart: key order inside JSON,
the ids of stream entries and a few milliseconds of a time to live do not count; all else does.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from redis import Redis

TTL_TOLERANCE = 5.0
JSON_FIELDS = frozenset({"opts", "parent"})


@dataclass(frozen=True)
class Stored:
    """One key: its type, its content in an order that means something, and its time to live in seconds.

    Of a stream, `content` is the entries that are left, each a list of fields and values, and `added` says
    how many there ever were.
    """

    kind: str
    content: Any
    ttl: float | None = None
    added: int = 0


Snapshot = dict[str, Stored]


def snapshot(client: Redis, prefix: str) -> Snapshot:
    """Every key that begins with `prefix`, which is cut out of names and values alike."""
    names: list[bytes] = sorted(client.keys(f"{prefix}:*"))
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.type(name)
            pipeline.pttl(name)
        facts = pipeline.execute()
        found = [
            (name, kind.decode(), ttl)
            for name, kind, ttl in zip(names, facts[::2], facts[1::2], strict=True)
            if kind != b"none"  # its time ran out meanwhile
        ]
        for name, kind, _ in found:
            _read(pipeline, name, kind)
        replies = iter(pipeline.execute())
    keyspace: Snapshot = {}
    for name, kind, ttl in found:
        # Redis before 7 does not count what it trimmed.
        content, added = next(replies), next(replies).get("entries-added", 0) if kind == "stream" else 0
        if content is None:
            continue  # its time ran out while it was read
        readable = _content(kind, content, prefix)
        keyspace[_text(name, prefix)] = Stored(kind, readable, ttl / 1000 if ttl >= 0 else None, added)
    return keyspace


def snapshot_of(url: str, prefix: str) -> Snapshot:
    """The same, of the broker at `url`."""
    with Redis.from_url(url, protocol=2) as client:
        return snapshot(client, prefix)


def differences(expected: Mapping[str, Stored], found: Mapping[str, Stored]) -> list[str]:
    """One line for each thing in which `found` is not like `expected`."""
    lines: list[str] = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            lines.append(f"{name}: missing; expected {expected[name].content!r}")
        elif name not in expected:
            lines.append(f"{name}: not expected; found {found[name].content!r}")
        else:
            lines += [f"{name}{line}" for line in _differences(expected[name], found[name])]
    return lines


def _read(pipeline: Any, name: bytes, kind: str) -> None:
    match kind:
        case "string":
            pipeline.get(name)
        case "list":
            pipeline.lrange(name, 0, -1)
        case "set":
            pipeline.smembers(name)
        case "zset":
            pipeline.zrange(name, 0, -1, withscores=True)
        case "hash":
            pipeline.hgetall(name)
        case "stream":
            pipeline.xrange(name)
            pipeline.xinfo_stream(name)
        case _:
            raise ValueError(f"{name!r} is a {kind}, which no queue has")


def _content(kind: str, content: Any, prefix: str) -> Any:
    match kind:
        case "string":
            return _text(content, prefix)
        case "list":
            return [_text(value, prefix) for value in content]
        case "set":
            return sorted(_text(value, prefix) for value in content)
        case "zset":
            return [(_text(member, prefix), float(score)) for member, score in content]
        case "hash":
            return _fields(content, prefix)
        case _:
            return [[_text(word, prefix) for pair in entry.items() for word in pair] for _, entry in content]


def _fields(content: Mapping[bytes, bytes], prefix: str) -> dict[str, str]:
    fields = {_text(field, prefix): _text(value, prefix) for field, value in sorted(content.items())}
    return {field: _sorted_json(value) if field in JSON_FIELDS else value for field, value in fields.items()}


@lru_cache(maxsize=4096)
def _sorted_json(text: str) -> str:
    """JSON whose key order and number formatting no longer depend on who wrote it."""
    return json.dumps(json.loads(text, parse_float=_number), sort_keys=True)


def _number(text: str) -> float | int:
    number = float(text)
    return int(number) if number.is_integer() else number


def _text(value: bytes, prefix: str) -> str:
    return value.decode("utf-8", "surrogateescape").replace(prefix, "")


def _differences(expected: Stored, found: Stored) -> Iterable[str]:
    if expected.kind != found.kind:
        yield f": expected a {expected.kind}, found a {found.kind}"
        return
    if (expected.ttl is None) != (found.ttl is None) or (
        expected.ttl is not None and found.ttl is not None and abs(expected.ttl - found.ttl) > TTL_TOLERANCE
    ):
        yield f": expected to live {_lifetime(expected)}, found {_lifetime(found)}"
    if expected.kind == "stream":
        yield from _stream_differences(expected, found)
    elif expected.kind == "hash":
        for field in sorted(expected.content.keys() | found.content.keys()):
            wanted, got = expected.content.get(field), found.content.get(field)
            if wanted != got:
                yield f".{field}: expected {wanted!r}, found {got!r}"
    elif expected.content != found.content:
        yield f": {_first_difference(expected.content, found.content)}"


def _stream_differences(expected: Stored, found: Stored) -> Iterable[str]:
    """Trimming is approximate: where entries were trimmed, those that both still hold are compared."""
    if expected.added != found.added:
        yield f": expected {expected.added} events, found {found.added}"
    shared = min(len(expected.content), len(found.content))
    trimmed = expected.added > len(expected.content) and found.added > len(found.content)
    if trimmed and expected.added == found.added:
        expected_entries, found_entries = expected.content[-shared:], found.content[-shared:]
    else:
        expected_entries, found_entries = expected.content, found.content
    if expected_entries != found_entries:
        yield f": {_first_difference(expected_entries, found_entries)}"


def _first_difference(expected: Any, found: Any) -> str:
    if not isinstance(expected, list) or len(expected) + len(found) < 8:
        return f"expected {expected!r}, found {found!r}"
    for at, (wanted, got) in enumerate(zip_longest(expected, found, fillvalue="nothing")):
        if wanted != got:
            around = slice(max(at - 2, 0), at + 4)
            return (
                f"at {at} of {len(expected)}: expected {wanted!r}, found {got!r}; "
                f"around it expected {expected[around]}, found {found[around]}"
            )
    return "alike"


def _lifetime(stored: Stored) -> str:
    return "for ever" if stored.ttl is None else f"{stored.ttl:g} s"
