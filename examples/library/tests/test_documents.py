"""Reading a folder of documents."""

import os
import subprocess
from pathlib import Path

import pytest

from examples.library import documents
from examples.library.contracts import LONGEST_DOCUMENT
from examples.library.documents import Document, read_folder, read_repository


def write(folder: Path, name: str, content: str | bytes = "The gate opens.") -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)


def test_documents_are_found_in_every_folder_with_paths_as_seen_from_the_top(tmp_path: Path):
    write(tmp_path, "gate.md")
    write(tmp_path, "ring/inside/bull.py", "run = True")

    assert read_folder(tmp_path).documents == [
        Document("gate.md", "The gate opens."),
        Document("ring/inside/bull.py", "run = True"),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("photo.png", b"\x89PNG", "not Markdown, text or Python"),
        ("zeros.md", b"text\0text", "binary"),
        ("latin.md", "Sevilla, España".encode("latin-1"), "not UTF-8"),
        ("blank.md", " \n\n", "empty"),
        ("long.md", "x" * (LONGEST_DOCUMENT + 1), "too long"),
        ("very-long.md", "x" * (4 * LONGEST_DOCUMENT + 1), "too long"),
    ],
)
def test_what_is_no_document_is_counted_with_its_reason(
    tmp_path: Path, name: str, content: str | bytes, reason: str
):
    write(tmp_path, name, content)
    write(tmp_path, "gate.md")

    collection = read_folder(tmp_path)

    assert [document.path for document in collection.documents] == ["gate.md"]
    assert collection.skipped == {reason: 1}


@pytest.mark.parametrize("folder", [".git", ".venv", "node_modules", "__pycache__", "ring/node_modules"])
def test_hidden_folders_and_those_of_other_people_are_not_entered(tmp_path: Path, folder: str):
    write(tmp_path, f"{folder}/gate.md")

    collection = read_folder(tmp_path)

    assert collection == ([], {})


def test_links_and_pipes_are_left_alone(tmp_path: Path):
    write(tmp_path, "docs/gate.md")
    (tmp_path / "docs/again.md").symlink_to("gate.md")
    (tmp_path / "docs/up").symlink_to("..")
    os.mkfifo(tmp_path / "docs/pipe.md")

    collection = read_folder(tmp_path / "docs")

    assert [document.path for document in collection.documents] == ["gate.md"]
    assert collection.skipped == {"not a regular file": 2}


def test_a_file_whose_name_is_not_text_is_skipped(tmp_path: Path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.md")).write_text("The gate opens.")

    assert read_folder(tmp_path).skipped == {"not UTF-8": 1}


def test_there_is_a_limit_on_all_documents_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(documents, "MOST_CHARACTERS", 20)
    write(tmp_path, "a.md")
    write(tmp_path, "b.md")

    collection = read_folder(tmp_path)

    assert [document.path for document in collection.documents] == ["a.md"]
    assert collection.skipped == {"past 20 characters in all": 1}


def test_of_a_repository_only_what_git_keeps_is_read(tmp_path: Path):
    write(tmp_path, "kept.md")
    write(tmp_path, "draft.md")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    subprocess.run(["git", "-C", tmp_path, "add", "kept.md"], check=True)

    assert [document.path for document in read_repository(tmp_path).documents] == ["kept.md"]


def test_without_git_all_documents_are_read(tmp_path: Path):
    write(tmp_path, "draft.md")

    assert [document.path for document in read_repository(tmp_path).documents] == ["draft.md"]
