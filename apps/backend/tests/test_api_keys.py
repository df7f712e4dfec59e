"""API keys and their entries."""

import pytest

from toril.backend import InvalidKeyEntry
from toril.backend.api_keys import KEYS_VARIABLE, ApiKey, ApiKeys, Scope, new_key


def test_a_secret_leads_to_its_key_and_no_other_does() -> None:
    secret, key = new_key([Scope.READ])
    other, _ = new_key([Scope.READ])
    keys = ApiKeys([new_key([Scope.ADMIN])[1], key])

    assert keys.find(secret) is key
    assert [keys.find(wrong) for wrong in (other, "", secret[:-1], secret + "0", "x" * 10_000)] == [None] * 5


def test_an_entry_holds_all_but_the_secret() -> None:
    secret, key = new_key([Scope.READ, Scope.ENQUEUE], ["mail", "reports: all, and more"], "web")

    assert secret not in key.entry()
    assert key.entry().startswith("web:enqueue,read:mail,reports%3A%20all%2C%20and%20more:")
    assert ApiKey.read(key.entry(), 1) == key


def test_keys_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_key([Scope.READ]), new_key([Scope.ADMIN], ["mail"])]
    monkeypatch.setenv(KEYS_VARIABLE, "\n ".join(key.entry() for _, key in made) + "\n")
    keys = ApiKeys.from_environment()

    assert len(keys) == 2
    assert [keys.find(secret) for secret, _ in made] == [key for _, key in made]
    monkeypatch.delenv(KEYS_VARIABLE)
    assert not ApiKeys.from_environment()


DIGEST = "0" * 64


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("nonsense", "form"),
        (f"web:read:{DIGEST}", "form"),
        (f"web::*:{DIGEST}", "form"),
        (f"web:root:*:{DIGEST}", "scopes are"),
        (f"web:read:*:{DIGEST[1:]}", "digest"),
        (f"web:read:*:{'G' * 64}", "digest"),
        (f"one:read:*:{DIGEST}", "another entry"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named_by_its_number_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, entry: str, fault: str
) -> None:
    monkeypatch.setenv(KEYS_VARIABLE, f"one:read:*:{DIGEST} {entry}")
    with pytest.raises(InvalidKeyEntry, match=f"entry 2 .*{fault}") as refused:
        ApiKeys.from_environment()
    assert DIGEST not in str(refused.value)
