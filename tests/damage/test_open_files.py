"""A process has as many files open as it may: what is recorded stays durable, the rest waits."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from law import check_law, reopen, requests
from programs import DAMAGE, start
from proxy_log import ProxyLog
from watch_runs import until

MOST = 1024


class Crowded:
    """A process of its own that uses a store and watches a log; see `crowded.py`."""

    def __init__(self, directory: Path, log: Path) -> None:
        self._program = start(DAMAGE / "crowded.py", str(directory), str(MOST), str(log))

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
def log(tmp_path: Path) -> ProxyLog:
    """One that nothing was written to yet."""
    return ProxyLog(tmp_path / "logs")


@pytest.fixture
def crowded(tmp_path: Path, log: ProxyLog) -> Iterator[Crowded]:
    """A process that may have 1,024 files open."""
    process = Crowded(tmp_path / "data", log.main)
    yield process
    assert process.end() == 0


def test_recording_needs_no_further_file(crowded: Crowded, tmp_path: Path) -> None:
    """With 1,024 files open requests are durable all the same; files follow when they can."""
    assert crowded.tell("record 0 30")["recorded"] == 30
    assert crowded.tell("fill")["open"] > MOST - 20
    assert crowded.tell("record 30 5")["recorded"] == 5
    for command in ("publish", "clear"):
        answer = crowded.tell(command)
        assert answer["refused"].startswith(f"Cannot write {tmp_path}/data/")
        assert "Too many open files" in answer["refused"]
        assert "ulimit -n" in answer["refused"]
        assert answer["total"] == 35
    assert crowded.tell("empty")["open"] == 0
    assert "refused" not in crowded.tell("publish")
    assert crowded.tell("record 35 5")["recorded"] == 5
    assert crowded.end() == 0
    check_law(tmp_path / "data", acknowledged=40, offered=requests(0, 40))


def test_a_log_waits_until_it_can_be_opened(
    crowded: Crowded, log: ProxyLog, tmp_path: Path
) -> None:
    """A watcher that may not open its log says so once, and reads it from where it stood later."""
    log.write(2)
    until(lambda: crowded.tell("read")["total"] == 2)
    crowded.tell("fill")
    log.write(3)
    log.rotate()
    log.write(2)
    until(lambda: bool(crowded.tell("read")["notes"]))
    answer = crowded.tell("read")
    assert (answer["total"], answer["notes"]) == (2, ["cannot be read: Too many open files"])
    crowded.tell("empty")
    until(lambda: crowded.tell("read")["total"] == 7)
    assert crowded.end() == 0
    assert reopen(tmp_path / "data").books["totalRequests"] == 7
