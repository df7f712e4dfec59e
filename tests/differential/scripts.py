"""BullMQ's own Lua, from the `bullmq` wheel or the npm package: the oracle. Run here, copied nowhere."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import msgpack
from differential.npm_scripts import npm_script_text
from redis import Redis

NPM = "npm/"
Argument = bytes | str | int | float
Edit = Callable[[str], str]


class Call(NamedTuple):
    """One call of a script, whose name ends in the number of its keys."""

    script: str
    keys: Sequence[str]
    arguments: Sequence[Argument]


class OfficialScripts:
    """Runs the official scripts.

    Args:
        edit: changes each script's text before it is run, to see that the tests notice.
    """

    def __init__(self, client: Redis, edit: Edit | None = None) -> None:
        self._client = client
        self._edit = edit
        self._loaded: dict[str, Any] = {}

    def run(self, call: Call) -> Any:
        """Answers with what the script answers."""
        return self._load(call)(keys=call.keys, args=call.arguments)

    def run_all(self, calls: Iterable[Call]) -> list[Any]:
        """Runs one call after the other, in one round trip."""
        with self._client.pipeline(transaction=False) as pipeline:
            for call in calls:
                self._load(call)(keys=call.keys, args=call.arguments, client=pipeline)
            return pipeline.execute()

    def _load(self, call: Call) -> Any:
        name, keys, _ = call
        if len(keys) != int(name.rsplit("-", 1)[1]):
            raise ValueError(f"{name} was given {len(keys)} keys")
        if name not in self._loaded:
            text = script_text(name)
            self._loaded[name] = self._client.register_script(self._edit(text) if self._edit else text)
        return self._loaded[name]


@cache
def script_text(name: str) -> str:
    """The Lua of one script, its parts put in; `npm/<name>` is the one of the npm package."""
    if name.startswith(NPM):
        return npm_script_text(name.removeprefix(NPM))
    return (files("bullmq") / "commands" / f"{name}.lua").read_text(encoding="utf-8")


def pack(value: Any) -> bytes:
    """msgpack as Node sends it; absent entries of a map are left out rather than sent as nil."""
    if isinstance(value, dict):
        value = {key: entry for key, entry in value.items() if entry is not None}
    return msgpack.packb(value, use_bin_type=True)


def under(base: str, names: str) -> list[str]:
    """The keys of a queue: `base` before each of the names, which stand one after the other."""
    return [base + name for name in names.split(" ")]
