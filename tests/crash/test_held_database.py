"""A process sits in the middle of a write transaction, for long, or is killed there."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from law import check_law, open_store, reopen, requests
from programs import CRASH, start
from proxy_log import ProxyLog
from proxypal.errors import StoreBusy
from proxypal.service.watch_events import Recorded, StoreRecovered, StoreTrouble
from proxypal.store import Store, database
from running import Process, proxypal
from running import start as start_program
from watch_runs import Watching, until

LONG_S = 30.0


class Holder:
    """A process that holds the database of a directory."""

    def __init__(self, directory: Path) -> None:
        self.process = start(CRASH / "holding_on.py", str(directory))
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "inside\n", "its last words are above"

    def let_go(self) -> None:
        """End its transaction in order."""
        self.process.communicate("\n", timeout=30)
        assert self.process.returncode == 0

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "data"


@pytest.fixture
def store(directory: Path) -> Iterator[Store]:
    """A store that is open; whoever opens one waits as well."""
    with open_store(directory) as store:
        yield store


@pytest.fixture
def holder(store: Store) -> Iterator[Holder]:
    """Somebody who holds it."""
    holder = Holder(store.path)
    yield holder
    holder.kill()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer waits for a moment instead of a minute."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.3)


def record_in_a_thread(store: Store) -> threading.Thread:
    """Record five further requests, as soon as that can be."""
    thread = threading.Thread(target=lambda: store.record(requests(5, 5)))
    thread.start()
    return thread


@pytest.mark.parametrize("ending", ["killed", "done"])
def test_a_writer_waits_for_another(
    ending: str, store: Store, holder: Holder, directory: Path
) -> None:
    """What somebody killed had changed is undone; whoever waited for him goes on at once."""
    assert store.get_usage_stats().total_requests == 5
    thread = record_in_a_thread(store)
    time.sleep(0.2)  # long enough that it waits
    assert thread.is_alive()
    if ending == "killed":
        holder.kill()
    else:
        holder.let_go()
    thread.join(10)
    assert not thread.is_alive()
    assert store.warnings == []
    store.close()
    check_law(directory, acknowledged=10, offered=requests(0, 10))


@pytest.mark.usefixtures("impatient")
def test_a_watcher_waits_for_a_held_database(store: Store, holder: Holder, tmp_path: Path) -> None:
    """Held for longer than anybody waits, a watcher says who is in the way, and goes on after."""
    log = ProxyLog(tmp_path / "logs")
    log.write(3)
    with pytest.raises(StoreBusy, match="held by another process") as refused:
        store.record(requests(5, 5))
    assert str(store.path / "proxypal.db") in str(refused.value)
    assert "Nothing was written; try again" in str(refused.value)
    with Watching(store, log.main) as watching:
        until(lambda: bool(watching.of(StoreTrouble)))
        troubles = [event for event in watching.events if isinstance(event, StoreTrouble)]
        assert isinstance(troubles[0].error, StoreBusy)
        assert not watching.of(Recorded)
        holder.let_go()
        until(lambda: len(watching.of(StoreRecovered)) == 1)
        until(lambda: store.get_usage_stats().total_requests == 8)
    assert watching.error is None
    assert len(watching.of(StoreTrouble)) == 1, "the same trouble is told once"
    store.close()
    assert reopen(store.path).books["totalRequests"] == 8


@pytest.mark.torture
def test_a_database_held_for_thirty_seconds(store: Store, holder: Holder, tmp_path: Path) -> None:
    """Whoever reads only is answered at once; all who may write wait, and end well after it."""
    log = ProxyLog(tmp_path / "logs")
    log.write(3)
    began_s = time.monotonic()
    watcher = start_program(tmp_path, "watch", "--once", "--log-zone", "UTC", str(log.main))
    recorder = start_program(tmp_path, "record")
    reader = start_program(tmp_path, "stats", "--json")
    assert recorder.stdin is not None
    recorder.stdin.write(b'{"path": "/v1/messages", "status": 200}\n')
    recorder.stdin.close()
    with open_store(store.path, read_only=True) as readonly:
        while time.monotonic() - began_s < LONG_S:
            asked_s = time.monotonic()
            assert readonly.get_usage_stats().total_requests == 5
            assert time.monotonic() - asked_s < 5
            assert [watcher.poll(), recorder.poll()] == [None, None]
            time.sleep(1)
    holder.let_go()
    for process in (watcher, recorder, reader):
        assert ended_well(process)
    assert store.get_usage_stats().total_requests == 9
    assert proxypal(tmp_path, "doctor").code == 0


def ended_well(process: Process) -> bool:
    """Wait for its end."""
    try:
        return process.wait(30) == 0
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
