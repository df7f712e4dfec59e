"""What every embedded server has in common; packages/bull/tests/test_embedded.py shows it on a real one."""

from pathlib import Path

import pytest

from toril.embedded import ServerFolder


class Failed(Exception):
    def __init__(self, data: str, reason: str) -> None:
        super().__init__(f"{data}: {reason}")


def folder_in(data: Path) -> ServerFolder:
    return ServerFolder(data, "server", answers=lambda url: True, failed=Failed)


def test_a_server_is_found_by_its_announcement_as_long_as_the_lock_is_held(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    folder.create()
    with folder.locked():
        assert folder.running() is None
        folder.announce("unix:///here")
        assert folder_in(tmp_path).running() == "unix:///here"
    assert folder.running() is None


def test_a_second_owner_is_refused_while_the_first_one_answers(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    folder.create()
    with folder.locked():
        folder.announce("unix:///here")
        with pytest.raises(Failed, match="another owner"), folder_in(tmp_path).locked():
            pass


def test_what_is_written_there_is_for_the_user_alone(tmp_path: Path) -> None:
    folder = folder_in(tmp_path)
    folder.create()
    folder.write(folder.path / "secret.txt", "password")
    assert (folder.path / "secret.txt").stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(Failed, match="another user"):
        folder_in(tmp_path).create()
