"""The only module that writes files: old bytes or new ones, never half, nothing left behind."""

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.errors import CannotWrite, StorageFull
from proxypal.store.durable_files import (
    commit_directory,
    make_private_directory,
    move_into_place,
    remove_temporaries,
    remove_tree,
    set_aside,
    write_file,
    writing,
)


@given(st.binary(max_size=5000), st.binary(max_size=5000))
def test_a_file_holds_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes
) -> None:
    """Writing replaces the whole content, with any bytes, and leaves no other file."""
    path = tmp_path_factory.mktemp("written") / "file"
    for data in (first, second):
        write_file(path, data)
        assert path.read_bytes() == data
    assert [found.name for found in path.parent.iterdir()] == ["file"]


def test_a_reader_sees_old_or_new_never_half(tmp_path: Path) -> None:
    """D3: while a file is replaced over and over, each reading is one whole version."""
    path = tmp_path / "file"
    versions = [bytes([digit]) * 200_000 for digit in b"0123456789"]
    write_file(path, versions[0])
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            write_file(path, versions[number % 10])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(200):
            assert path.read_bytes() in versions
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("where", ["missing/file", "plain/file", "directory"])
def test_what_cannot_be_written_is_named(tmp_path: Path, where: str) -> None:
    """The error says which file and what to do; no temporary file stays."""
    (tmp_path / "plain").write_text("in the way")
    (tmp_path / "directory").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        CannotWrite, match=f"Cannot write .*{where.split('/', maxsplit=1)[0]}.*--data-dir"
    ):
        write_file(tmp_path / where, b"data")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EACCES, CannotWrite),
        (errno.EROFS, CannotWrite),
        (errno.EIO, CannotWrite),
    ],
)
def test_each_trouble_has_its_words(
    tmp_path: Path, number: int, expected: type[StorageFull | CannotWrite]
) -> None:
    """A full disk and an exceeded quota are "Storage full", everything else "Cannot write"."""
    with pytest.raises(expected, match=str(tmp_path)), writing(tmp_path):
        raise OSError(number, os.strerror(number))


def test_a_directory_is_made_private_and_an_existing_one_kept(tmp_path: Path) -> None:
    """A new directory is the owner's alone; one that somebody opened on purpose stays open."""
    make_private_directory(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    if os.name != "nt":
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
        (tmp_path / "a" / "b").chmod(0o755)
        make_private_directory(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o755


def test_setting_aside_never_overwrites(tmp_path: Path) -> None:
    """Two bad files in the same second are both kept."""
    names = []
    for content in ("first", "second", "third"):
        (tmp_path / "history.json").write_text(content)
        names.append(set_aside(tmp_path / "history.json", "corrupt", "20260109T120000.000Z").name)
    assert names == [
        "history.json.corrupt-20260109T120000.000Z",
        "history.json.corrupt-20260109T120000.000Z-2",
        "history.json.corrupt-20260109T120000.000Z-3",
    ]
    assert [(tmp_path / name).read_text() for name in names] == ["first", "second", "third"]
    assert not (tmp_path / "history.json").exists()


def test_temporaries_of_a_crash_are_removed_by_name(tmp_path: Path) -> None:
    """Only what carries the mark of our temporary files is deleted, folders included."""
    for name in (".history.json.1.tmp", ".other.1.tmp", "history.json", "x.tmp", ".hidden"):
        (tmp_path / name).write_text("")
    (tmp_path / ".backup.tmp").mkdir()
    (tmp_path / ".backup.tmp" / "inside").write_text("")
    remove_temporaries(tmp_path, "history.json.*")
    assert not (tmp_path / ".history.json.1.tmp").exists()
    assert (tmp_path / ".other.1.tmp").exists()
    remove_temporaries(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"history.json", "x.tmp", ".hidden"}


def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    """A finished folder appears under its name at once, and is removed without a trace."""
    (tmp_path / ".new.tmp").mkdir()
    (tmp_path / ".new.tmp" / "file").write_text("x")
    commit_directory(tmp_path / ".new.tmp", tmp_path / "new")
    assert (tmp_path / "new" / "file").read_text() == "x"
    remove_tree(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CannotWrite, match="new"):
        remove_tree(tmp_path / "new")


def test_a_finished_file_is_moved_into_place(tmp_path: Path) -> None:
    """A file made elsewhere takes the place of the old one."""
    (tmp_path / "made").write_text("new")
    (tmp_path / "file").write_text("old")
    move_into_place(tmp_path / "made", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "new"
    assert not (tmp_path / "made").exists()
