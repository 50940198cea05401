"""Nothing is acknowledged before it is on the disk: what holds when the power fails.

A killed process leaves its writes to the kernel; a power failure does not. So the system calls
themselves are looked at: before each acknowledgement every file that was written has been synced,
every new name too by a sync of its folder, and no file is renamed into place unsynced.
"""

import re
from pathlib import Path

import pytest

from moments import REPORT, TRACED, Stage, whole_lines
from nursing import Nursery
from scenarios import SCENARIOS, Scenario

pytest_plugins = ["crash_fixtures"]
pytestmark = pytest.mark.usefixtures("strace")

WRITING = {"pwrite64", "pwritev", "write", "writev", "ftruncate", "fallocate"}
_CALL = re.compile(r"\d+ +(\w+)\((.*)\) += (\d+)(?:<(.*)>)?")
_FILE = re.compile(r"\d+<([^>]*)>")
_NAMES = re.compile(r'"([^"]*)"')


class Disk:
    """What of a data directory would be gone if the power failed now."""

    def __init__(self, stage: Stage) -> None:
        self._top = str(stage.directory.parent)
        self._there = {
            str(stage.directory / path.relative_to(stage.template))
            for path in stage.template.rglob("*")
        }
        self._empty: set[str] = set()
        self.unsynced: set[str] = set()

    def see(self, call: str, arguments: str, opened: str) -> None:
        """Follow one successful system call."""
        file = _FILE.match(arguments)
        path = file[1] if file else ""
        names = _NAMES.findall(arguments)
        if (path or opened).endswith(("-shm", ".lock")):
            return  # an index, made again by whoever needs it, and a lock that holds nothing
        if call in WRITING:
            self._harm(path)
            if path in self._empty:
                # The name of an empty file is nobody's loss; with its first content it is.
                self._empty.remove(path)
                self._harm(str(Path(path).parent))
        elif call in {"fsync", "fdatasync"}:
            self.unsynced.discard(path)
        elif call in {"openat", "open"} and "O_CREAT" in arguments and opened not in self._there:
            self._there.add(opened)
            self._empty.add(opened)
        elif names:
            self._see_names(call, names)

    def _see_names(self, call: str, names: list[str]) -> None:
        if call.startswith("rename"):
            assert names[0] not in self.unsynced, f"{names[0]} was renamed before it was synced"
            self._there.discard(names[0])
            self._there.add(names[1])
        if call.startswith("unlink"):
            for known in (self._there, self._empty, self.unsynced):
                known.discard(names[0])
        elif call.startswith(("rename", "mkdir")):
            for name in names:
                self._harm(str(Path(name).parent))

    def _harm(self, path: str) -> None:
        if path.startswith(self._top):
            self.unsynced.add(path)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_synced_before_it_is_acknowledged(
    scenario: Scenario, nursery: Nursery, tmp_path: Path
) -> None:
    """Whatever is acknowledged survives a power failure: it was synced before."""
    stage = Stage(scenario, nursery, tmp_path)
    calls = tmp_path / "all calls"
    stage.play("-y", "-s", "512", "-e", TRACED, "-o", str(calls))
    disk, acknowledged = Disk(stage), 0
    for line in whole_lines(calls.read_text()):
        found = _CALL.match(line)
        if found is None:
            continue
        call, arguments, _, opened = found.groups()
        if REPORT.match(arguments):
            acknowledged += 1
            assert not disk.unsynced, f"{scenario.operations[acknowledged - 1]}: {disk.unsynced}"
        disk.see(call, arguments, opened or "")
    assert acknowledged == len(scenario.operations)
