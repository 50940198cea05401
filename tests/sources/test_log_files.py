import gzip
import os
from pathlib import Path
from random import Random

import pytest

from proxypal.errors import UnreadableInput
from proxypal.sources.log_files import LogSet, OpenLog


def names(directory: Path) -> list[str]:
    return [file.path.name for file in LogSet(directory).rotated()]


def make(directory: Path, *files: str) -> Path:
    for name in files:
        (directory / name).write_bytes(name.encode())
    return directory


def test_rotated_files_come_in_the_order_they_were_written(tmp_path: Path) -> None:
    """The time in a rotated file's name orders it, whatever its own time stamp says."""
    make(
        tmp_path,
        "main-2026-08-22T10-00-00.500.log",
        "main-2026-08-22T09-59-59.999.log.gz",
        "main-2025-12-31T23-00-00.000.log",
        "main-2026-08-22T10-00-00.499.log",
    )
    assert names(tmp_path) == [
        "main-2025-12-31T23-00-00.000.log",
        "main-2026-08-22T09-59-59.999.log.gz",
        "main-2026-08-22T10-00-00.499.log",
        "main-2026-08-22T10-00-00.500.log",
    ]


def test_numbered_files_count_down_to_the_newest(tmp_path: Path) -> None:
    """With logrotate, main.log.10 is older than main.log.2."""
    make(tmp_path, "main.log.2", "main.log.1", "main.log.10.gz")
    assert names(tmp_path) == ["main.log.10.gz", "main.log.2", "main.log.1"]


def test_dated_files_of_logrotate_are_found(tmp_path: Path) -> None:
    """main.log-20260822 (logrotate's dateext) belongs to the log too."""
    make(tmp_path, "main.log-20260823", "main.log-20260822.gz")
    assert names(tmp_path) == ["main.log-20260822.gz", "main.log-20260823"]


def test_both_kinds_together_are_merged_by_time(tmp_path: Path) -> None:
    """Where the proxy and logrotate both rotate, the numbered file goes where it was written."""
    make(tmp_path, "main-2026-08-22T10-00-00.000.log", "main-2026-08-24T10-00-00.000.log")
    make(tmp_path, "main.log.1")
    between_s = 1_787_500_000
    os.utime(tmp_path / "main.log.1", (between_s, between_s))
    assert names(tmp_path) == [
        "main-2026-08-22T10-00-00.000.log",
        "main.log.1",
        "main-2026-08-24T10-00-00.000.log",
    ]


def test_nothing_else_belongs_to_the_log(tmp_path: Path) -> None:
    """Request dumps, other logs and folders are left alone."""
    make(
        tmp_path,
        "main.log",
        "error-v1-messages-2026-08-22T223903-a1b2c3d4.log",
        "v1-messages-2026-08-22T223903-a1b2c3d4.log",
        "domain-2026-08-22T10-00-00.000.log",
        "main.log.bak",
        "main.txt",
    )
    (tmp_path / "main-folder.log").mkdir()
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["error-v1-messages-1.log", "v1-messages-2026-08-22T223903-a1b2c3d4.log"],
)
def test_a_request_dump_is_refused(tmp_path: Path, name: str) -> None:
    """Naming a dump of whole requests is answered by saying what it is."""
    with pytest.raises(UnreadableInput, match="dump of whole requests"):
        LogSet(tmp_path / name)


def test_a_directory_means_its_main_log(tmp_path: Path) -> None:
    """A directory, its main.log, and another way to write either are one and the same log."""
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    sources = {
        LogSet(path).source
        for path in (
            tmp_path,
            tmp_path / "main.log",
            tmp_path / "x" / ".." / "main.log",
            tmp_path / "link",
        )
    }
    assert sources == {f"log:{tmp_path}"}


def test_a_single_file_stands_for_itself(tmp_path: Path) -> None:
    """A log with another name has no rotated files, and a source of its own."""
    make(tmp_path, "proxy.log", "main-2026-08-22T10-00-00.000.log")
    logs = LogSet(tmp_path / "proxy.log")
    assert logs.rotated() == []
    assert not logs.live.is_rotated
    assert logs.source == f"log:{tmp_path / 'proxy.log'}"
    assert LogSet(tmp_path / "main-2026-08-22T10-00-00.000.log").live.is_rotated


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_can_be_stored(tmp_path: Path) -> None:
    """A directory whose name is not UTF-8 still has a source that fits into the database."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/l\xff"))
    LogSet(odd / "main.log").source.encode()


def test_packed_content_is_read_as_if_it_were_not(tmp_path: Path) -> None:
    """Offsets of a gzipped log are those of what it holds; its name does not matter."""
    content = b"".join(b"line %d\n" % number for number in range(100_000))
    plain, packed = tmp_path / "a.gz", tmp_path / "b.log"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content[:500_000]) + gzip.compress(content[500_000:]))
    for path in (plain, packed):
        with OpenLog(path) as log:
            assert log.size() == len(content)
            assert log.read_at(499_990, 50) == content[499_990:500_040]
            assert log.read_at(3, 5) == content[3:8]
            assert log.read_at(len(content) - 4, 100) == content[-4:]
            assert log.read_at(len(content) + 9, 100) == b""
            assert log.damage is None


def test_content_begins_behind_leading_nuls(tmp_path: Path) -> None:
    """A hole of any length at the beginning is not part of the log."""
    path = tmp_path / "main.log"
    for hole in (0, 1, 4095, 3 << 20):
        path.write_bytes(b"\0" * hole + b"first\n")
        with OpenLog(path) as log:
            assert log.read_at(0, 100) == b"first\n"
            assert log.size() == 6


@pytest.mark.parametrize("cut", [1, 9, 30])
def test_a_cut_off_packing_is_damage_not_a_crash(tmp_path: Path, cut: int) -> None:
    """Half a gzip gives what can be unpacked and says so."""
    content = Random(cut).randbytes(3000)  # what begins with a NUL would begin with a hole
    assert content[0]
    path = tmp_path / "main.log.1.gz"
    path.write_bytes(gzip.compress(content)[:-cut])
    with OpenLog(path) as log:
        held = log.read_at(0, 10_000)
        assert content.startswith(held)
        assert log.damage
        assert log.read_at(5000, 10) == b""


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_no_log_file(tmp_path: Path) -> None:
    """A named pipe is refused at once; opening it would wait for ever."""
    os.mkfifo(tmp_path / "main.log")
    with pytest.raises(OSError, match="not a regular file"):
        OpenLog(tmp_path / "main.log")
