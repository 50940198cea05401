"""Directories that cannot be written: what is there can be read, new requests wait, it is said."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from disks import SmallDisk
from harming import Images, answers_of
from law import check_law, open_store, reopen, requests
from programs import DAMAGE, start
from proxypal.errors import CannotWrite

pytest_plugins = ["damage_fixtures"]


STORES = Path(__file__).parents[1] / "data" / "stores"


class Other:
    """A process without rights, that does what it is told."""

    def __init__(self, directory: Path, user: str) -> None:
        self._program = start(DAMAGE / "unprivileged.py", str(directory), user)

    def tell(self, command: str) -> dict[str, Any]:
        """Its answer to one line."""
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(command + "\n")
        self._program.stdin.flush()
        answer = self._program.stdout.readline()
        assert answer, "it ended; its last words are above"
        found: dict[str, Any] = json.loads(answer)
        return found

    def end(self) -> int:
        """Close its input and wait for its end."""
        self._program.communicate(timeout=30)
        return self._program.returncode


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that every user of the machine can reach."""
    folder = Path(tempfile.mkdtemp(prefix="proxypal-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _allow(directory: Path, *, writing: bool) -> None:
    for path in (directory, *directory.rglob("*")):
        mode = 0o555 if path.is_dir() else 0o444
        path.chmod(mode | (0o222 if writing else 0))


def test_a_directory_that_belongs_to_somebody_else(public: Path) -> None:
    """Without the right to write, a store is read, requests wait, and are written once allowed."""
    if os.geteuid() != 0:
        pytest.skip("NOT PROVEN HERE: becoming another user needs root")
    directory = public / "data"
    with open_store(directory) as store:
        store.record(requests(0, 30))
    _allow(directory, writing=False)
    other = Other(directory, "nobody")
    answer = other.tell("read")
    assert answer["total"] == 30
    (warning,) = answer["warnings"]
    assert warning.startswith("Cannot write")
    assert str(directory) in warning
    assert "owner and permissions" in warning
    answer = other.tell("record 30 5")
    assert (answer["recorded"], answer["held"], answer["total"]) == (0, 5, 30)
    _allow(directory, writing=True)
    answer = other.tell("record 35 5")
    assert (answer["recorded"], answer["waiting"], answer["total"]) == (5, 0, 40)
    assert other.end() == 0
    directory.chmod(0o700)
    check_law(directory, acknowledged=40, offered=requests(0, 40))


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_older_store_that_belongs_to_somebody_else(public: Path, version: str) -> None:
    """A store of an earlier format that cannot be upgraded where it lies is read all the same."""
    if os.geteuid() != 0:
        pytest.skip("NOT PROVEN HERE: becoming another user needs root")
    directory = public / "data"
    shutil.copytree(STORES / version, directory)
    _allow(directory, writing=False)
    before = (directory / "proxypal.db").read_bytes()
    other = Other(directory, "nobody")
    answer = other.tell("read")
    assert answer["total"] == 6
    assert [warning[:12] for warning in answer["warnings"]] == ["Cannot write"]
    answer = other.tell("record 0 5")
    assert (answer["recorded"], answer["held"], answer["total"]) == (0, 5, 6)
    assert (directory / "proxypal.db").read_bytes() == before
    _allow(directory, writing=True)
    answer = other.tell("record 5 5")
    assert (answer["recorded"], answer["waiting"], answer["total"]) == (5, 0, 16)
    assert other.end() == 0
    directory.chmod(0o700)
    assert reopen(directory).books["totalRequests"] == 16


@pytest.mark.parametrize("image", ["closed", "killed"])
def test_a_disk_that_becomes_read_only(image: str, small_disk: SmallDisk, images: Images) -> None:
    """On a read-only disk all can be read, also after a crash, and recording goes on later."""
    shutil.copytree(getattr(images, image), small_disk.data)
    small_disk.mount("-o", "remount,ro")
    with open_store(small_disk.data, read_only=True) as reader:
        assert answers_of(reader) == images.answers
        with pytest.raises(CannotWrite, match="reading only"):
            reader.record(requests(2000, 1))
    with open_store(small_disk.data) as store:
        assert answers_of(store) == images.answers
        assert store.record(requests(2000, 2)).held == 2
        assert any(w.startswith("Cannot write") for w in store.warnings)
        small_disk.mount("-o", "remount,rw")
        assert store.record(requests(2002, 2)).recorded == 2
        assert store.get_usage_stats().total_requests == 814


def test_a_crash_without_its_index_on_a_read_only_disk(
    small_disk: SmallDisk, images: Images
) -> None:
    """Where SQLite could not read without writing, the published files answer."""
    shutil.copytree(images.killed, small_disk.data)
    (small_disk.data / "proxypal.db-shm").unlink()
    small_disk.mount("-o", "remount,ro")
    with open_store(small_disk.data) as store:
        assert answers_of(store) == images.answers
        assert any("those of the published files" in w for w in store.warnings)


@pytest.mark.parametrize("inside", ["", "data"])
def test_a_directory_that_may_not_be_entered(inside: str, public: Path) -> None:
    """Where not even looking is allowed, opening says which directory and why."""
    if os.geteuid() != 0:
        pytest.skip("NOT PROVEN HERE: becoming another user needs root")
    closed = public / "closed"
    closed.mkdir(mode=0o700)
    other = Other(closed / inside, "nobody")
    answer = other.tell("read")
    assert other.end() == 0
    assert "Permission denied" in answer["refused"]
    assert str(closed / inside) in answer["refused"]


def test_an_unreadable_json_file(public: Path) -> None:
    """A JSON file that may not even be read stops nobody who can write the directory."""
    if os.geteuid() != 0:
        pytest.skip("NOT PROVEN HERE: becoming another user needs root")
    directory = public / "data"
    with open_store(directory) as store:
        store.record(requests(0, 30))
    _allow(directory, writing=True)
    (directory / "history.json").chmod(0)
    other = Other(directory, "nobody")
    answer = other.tell("record 30 5")
    assert (answer["recorded"], answer["total"]) == (5, 35)
    assert any("history.json" in warning for warning in answer["warnings"])
    assert other.end() == 0
    directory.chmod(0o700)
    check_law(directory, acknowledged=35, offered=requests(0, 35))


def test_a_limit_of_file_size(public: Path) -> None:
    """A process that may not make its files larger holds what it cannot write, and writes it."""
    directory = public / "data"
    with open_store(directory) as store:
        store.record(requests(0, 30))
    me = Other(directory, "myself")
    assert me.tell("record 30 5")["recorded"] == 5
    me.tell("limit 300000")
    number, answer = 35, me.tell("record 35 1")
    while answer["recorded"]:
        number += 1
        answer = me.tell(f"record {number} 1")
    assert (answer["held"], answer["total"]) == (1, number)
    assert any(str(directory) in warning for warning in answer["warnings"])
    me.tell("limit -1")
    answer = me.tell(f"record {number + 1} 5")
    assert (answer["recorded"], answer["waiting"]) == (5, 0)
    assert me.end() == 0
    check_law(directory, acknowledged=number + 6, offered=requests(0, number + 6))
