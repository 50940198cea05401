"""The file system calls of a run with all their data, read from what `strace` wrote.

Must not enter: what a disk makes of them (`power_disk.py`).
"""

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SEEN = (
    "openat", "open", "creat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync",
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat",
    "newfstatat", "stat", "lstat", "mmap",
)  # fmt: skip
NOT_MODELLED = (
    "writev", "pwritev", "pwritev2", "truncate", "fallocate", "link", "linkat", "symlink",
    "symlinkat", "copy_file_range", "sendfile", "splice", "sync_file_range",
)  # fmt: skip
"""Calls that change files too, and that nothing here may make."""

STRACE = (
    *("-y", "-v", "-xx", "-s", "67108864"),
    *("-e", "trace=" + ",".join(f"?{call}" for call in (*SEEN, *NOT_MODELLED))),
)
"""Arguments of strace: every string whole and in hexadecimal, files named, times told."""

_HEX = r"((?:\\x[0-9a-f]{2})*)"
_WHOLE = re.compile(r"(\w+)\((.*)\)\s+= (-?\w+|\?)(?:<([^>]*)>)?", re.DOTALL)
_FILE = re.compile(rf"(\d+)<{_HEX}>(\(deleted\))?")
_STRING = re.compile(rf'(?:\w+<{_HEX}>, )?"{_HEX}"')
_NUMBERS = re.compile(r", (\d+)(?=,|$)")
_MTIME = re.compile(r"st_mtime=(\d+)[^,]*, st_mtime_nsec=(\d+)")
_REPORT = re.compile(rb"(\d+)\n")


class Call(NamedTuple):
    """One successful system call; `begun` and `ended` are its places in the whole recording.

    `file` is the path behind the descriptor it was given, `names` are the paths it was given,
    `flags` everything else that it was given as words.
    """

    begun: int
    ended: int
    name: str
    descriptor: int = -1
    file: str = ""
    names: tuple[str, ...] = ()
    data: bytes = b""
    numbers: tuple[int, ...] = ()
    flags: str = ""
    result: int = 0
    mtime_ns: int | None = None

    @property
    def is_sync(self) -> bool:
        """Whether it puts something on the disk."""
        return self.name in {"fsync", "fdatasync"}

    @property
    def acknowledged(self) -> int | None:
        """The number of the operation that this write to a pipe reports as done."""
        if self.name != "write" or not self.file.startswith("pipe:"):
            return None
        found = _REPORT.fullmatch(self.data)
        return None if found is None else int(found[1])


def read_calls(lines: Iterable[str]) -> Iterator[Call]:
    """Every successful call, in the order in which they ended; of all processes and threads."""
    for begun, ended, text in _whole(lines):
        found = _WHOLE.match(text)
        if found is None:
            continue
        name, arguments, result, _ = found.groups()
        if result == "?" or result.startswith("-"):
            continue
        yield _call(begun, ended, name, arguments, int(result, 0))


def _whole(lines: Iterable[str]) -> Iterator[tuple[int, int, str]]:
    """Lines with those put together that another process's line cut in two."""
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        process, _, rest = line.strip().partition(" ")
        rest = rest.lstrip()
        if rest.endswith("<unfinished ...>"):
            begun[process] = number, rest.removesuffix("<unfinished ...>").rstrip()
        elif rest.startswith("<... "):
            at, head = begun.pop(process, (number, ""))
            yield at, number, head + rest.partition(" resumed>")[2]
        else:
            yield number, number, rest


def _call(begun: int, ended: int, name: str, arguments: str, result: int) -> Call:
    file = _FILE.match(arguments) or (_FILE.search(arguments) if name == "mmap" else None)
    strings = _STRING.findall(arguments)
    is_write = name in {"write", "pwrite64"}
    words = re.sub(rf"<{_HEX}>", "", re.sub(rf'"{_HEX}"', "", arguments))
    mtime = _MTIME.search(arguments)
    return Call(
        begun=begun,
        ended=ended,
        name=name,
        descriptor=result if name.startswith("open") else int(file[1]) if file else -1,
        file="" if file is None else _text(file[2]) + (" (deleted)" if file[3] else ""),
        names=() if is_write else tuple(_path(folder, path) for folder, path in strings),
        data=_bytes(strings[0][1])[:result] if is_write else b"",
        numbers=tuple(int(number) for number in _NUMBERS.findall(words)),
        flags=words if name in {"openat", "open", "mmap", "unlinkat"} else "",
        result=result,
        mtime_ns=int(mtime[1]) * 1_000_000_000 + int(mtime[2]) if mtime else None,
    )


def _bytes(said: str) -> bytes:
    return bytes.fromhex(said.replace("\\x", ""))


def _text(said: str) -> str:
    return os.fsdecode(_bytes(said))


def _path(folder: str, path: str) -> str:
    return os.path.join(_text(folder), _text(path)).rstrip("/")  # noqa: PTH118 - text from strace
