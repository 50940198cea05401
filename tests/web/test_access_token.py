import re
from pathlib import Path

import pytest

from proxypal.errors import CannotWrite, UnreadableInput, WrongUsage
from proxypal.web.access_token import FILE_NAME, own_token, read_token


def test_a_token_is_made_once(tmp_path: Path) -> None:
    """The first start makes a token that nobody can guess; later starts use the same."""
    token, path = own_token(tmp_path)
    assert path == tmp_path / FILE_NAME
    assert len(token) >= 32
    assert own_token(tmp_path) == (token, path)
    (tmp_path / "other").mkdir()
    assert own_token(tmp_path / "other")[0] != token


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """The file is 0600 from its first moment."""
    _, path = own_token(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_token_of_the_users_own_is_read(tmp_path: Path) -> None:
    """The space an editor leaves around it is no part of the token."""
    path = tmp_path / "token"
    path.write_text("  correct-horse-battery\n", encoding="utf-8")
    assert read_token(path) == "correct-horse-battery"


@pytest.mark.parametrize(
    "text", ["", "\n", "short", "two words that are long", "a" * 5000, "a\0" * 20]
)
def test_what_can_be_guessed_is_refused(tmp_path: Path, text: str) -> None:
    """An empty or short token protects nothing, so the server does not start with it."""
    path = tmp_path / "token"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage, match="at least 16 characters"):
        read_token(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    """A missing file and one that is no text are named."""
    with pytest.raises(UnreadableInput, match="No such file"):
        read_token(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff" * 20)
    with pytest.raises(UnreadableInput, match="ASCII"):
        read_token(tmp_path / "binary")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Without a place for the token the server does not start unprotected."""
    with pytest.raises(CannotWrite, match=re.escape(FILE_NAME)):
        own_token(tmp_path / "missing")
