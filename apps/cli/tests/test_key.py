"""`toril key create`."""

import json

import pytest

from support.command_line import Toril
from toril.backend.api_keys import ApiKey, Scope


def test_a_key_is_shown_once_with_its_entry(bare_toril: Toril):
    made = bare_toril("key", "create", "--scope", "enqueue", "--queue", "documents")
    secret, entry = (line.split()[1] for line in made.stdout.splitlines())

    assert made.exit_code == 0
    assert secret.startswith("toril_")
    assert "not shown again" in made.stderr
    key = ApiKey.read(entry, 1)
    assert (key.scopes, key.queues) == ({Scope.ENQUEUE}, {"documents"})


def test_a_script_gets_json(bare_toril: Toril):
    made = json.loads(
        bare_toril("key", "create", "-s", "read", "-s", "admin", "--id", "ops", "--json").stdout
    )

    assert ApiKey.read(made["entry"], 1).scopes == {Scope.READ, Scope.ADMIN}
    assert made["id"] == "ops"
    assert made["key"] not in made["entry"]


@pytest.mark.parametrize("arguments", [[], ["--scope", "root"], ["--scope", "read", "--id", "a:b"]])
def test_wrong_usage_is_told(bare_toril: Toril, arguments: list[str]):
    refused = bare_toril("key", "create", *arguments)

    assert refused.exit_code == 2
    assert "toril_" not in refused.output
