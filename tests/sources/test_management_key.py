"""The management key: from a file or the environment, and never shown."""

import os
import pickle
from pathlib import Path

import pytest

from proxypal.errors import UnreadableInput, WrongUsage
from proxypal.sources.management_key import KeySource, ManagementKey

SECRET = "mgmt-s3cret"


def test_a_key_does_not_show_itself() -> None:
    """Neither a log line nor a traceback nor a file can hold the key by accident."""
    key = ManagementKey(SECRET)
    assert SECRET not in f"{key!r} {key} {key!s} {[key]} {(key,)}"
    with pytest.raises(TypeError) as refused:
        pickle.dumps(key)
    assert SECRET not in str(refused.value)
    assert (key.reveal(), key == ManagementKey(SECRET)) == (SECRET, True)


@pytest.mark.parametrize(
    "body",
    [b"mgmt-s3cret", b"mgmt-s3cret\n", b"\xef\xbb\xbfmgmt-s3cret\r\n\r\n", b"  mgmt-s3cret "],
)
def test_a_file_holds_the_key_on_a_line(tmp_path: Path, body: bytes) -> None:
    """What editors add around the key does not matter."""
    file = tmp_path / "key"
    file.write_bytes(body)
    assert KeySource(file, {}).current() == ManagementKey(SECRET)


@pytest.mark.parametrize("body", [b"", b"\n", b"mgmt-s3cret\nanother", b"x\0y", b"k" * 5000])
def test_a_file_without_one_key_is_named(tmp_path: Path, body: bytes) -> None:
    """The message names the file and not what is in it."""
    file = tmp_path / "key"
    file.write_bytes(body)
    with pytest.raises(UnreadableInput, match=str(file)) as refused:
        KeySource(file, {}).current()
    assert "s3cret" not in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The person learns which file was looked for."""
    with pytest.raises(UnreadableInput, match="gone"):
        KeySource(tmp_path / "gone", {}).current()


def test_the_file_wins_then_our_variable_then_the_proxys_own() -> None:
    """MANAGEMENT_PASSWORD gives the proxy its key and will do for us."""
    both = {"PROXYPAL_MANAGEMENT_KEY": "ours", "MANAGEMENT_PASSWORD": "theirs"}
    assert KeySource(None, both).current().reveal() == "ours"
    assert KeySource(None, {"MANAGEMENT_PASSWORD": "theirs"}).current().reveal() == "theirs"


def test_no_key_at_all_says_how_to_give_one() -> None:
    """An empty variable is none."""
    source = KeySource(None, {"PROXYPAL_MANAGEMENT_KEY": ""})
    assert not source.is_given
    with pytest.raises(WrongUsage, match="--management-key-file"):
        source.current()


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    """A key that is put right is used without a restart."""
    file = tmp_path / "key"
    file.write_text("first")
    source = KeySource(file, {"PROXYPAL_MANAGEMENT_KEY": "unused"})
    assert source.current().reveal() == "first"
    file.write_text("other")
    os.utime(file, ns=(1, 1))
    assert source.current().reveal() == "other"
