"""What the demo is asked to do."""

from pathlib import Path

import pytest

from examples.library.settings import FOLDER_QUERIES, REPOSITORY_QUERIES, UsageError, read_settings


def test_without_any_word_it_is_this_repository_and_questions_about_it():
    assert read_settings({}) == (None, REPOSITORY_QUERIES, False)


def test_a_folder_without_a_question_is_asked_what_suits_most(tmp_path: Path):
    assert read_settings({"DOCS": str(tmp_path)}) == (tmp_path, FOLDER_QUERIES, False)


def test_a_folder_and_a_question_are_taken_as_they_stand(tmp_path: Path):
    folder = tmp_path / "two words $HOME"
    folder.mkdir()

    assert read_settings({"DOCS": str(folder), "QUERY": " Who's there? "}) == (
        folder,
        ("Who's there?",),
        False,
    )


def test_it_stays_up_if_it_is_told_to():
    assert read_settings({"KEEP": "1"}).stays


def test_a_folder_may_be_named_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(tmp_path))

    assert read_settings({"DOCS": "~"}).folder == tmp_path


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"DOCS": "/nowhere/at all"}, "no such folder"),
        ({"DOCS": "~nobody-of-this-name/docs"}, "no such folder"),
        ({"DOCS": "x" * 5_000}, "no such folder"),
        ({"DOCS": __file__}, "this is a file"),
        ({"DOCS": " "}, "DOCS is empty"),
        ({"QUERY": ""}, "QUERY is empty"),
        ({"QUERY": " \t"}, "QUERY is empty"),
        ({"QUERY": "why? " * 1_000}, "5,000 characters"),
        ({"QUERY": "\udcff"}, "not UTF-8"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_give_instead(environment: dict[str, str], reason: str):
    with pytest.raises(UsageError, match=reason):
        read_settings(environment)
