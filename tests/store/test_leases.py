"""Leases: one process at a time reads a source, and a dead one holds nobody up."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from builders import NOW_MS, SetClock, a_store
from proxypal.store.leases import is_free, owner_name

HERE = socket.gethostname()
DURATION_MS = 10_000


@pytest.fixture(scope="module")
def dead() -> str:
    """The name of a process of this host that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return owner_name(ended.pid, "token")


@pytest.mark.parametrize(
    ("owner", "expires_in_ms", "expected"),
    [
        ("here", 5_000, False),
        ("here", 1, False),
        ("here", 0, True),
        ("here", -1, True),
        ("elsewhere", 5_000, False),
        ("elsewhere", -1, True),
        ("here", 2 * DURATION_MS, False),
        ("here", 2 * DURATION_MS + 1, True),
        ("elsewhere", 10**12, True),
    ],
)
def test_a_lease_ends_with_its_time(owner: str, expires_in_ms: int, expected: bool) -> None:
    """A lease binds until its time is over; one that ends impossibly late was a wrong clock."""
    names = {"here": owner_name(os.getpid(), "token"), "elsewhere": "another-host:1:token"}
    assert is_free(names[owner], NOW_MS + expires_in_ms, DURATION_MS, NOW_MS) is expected


def test_a_lease_ends_with_its_process(dead: str) -> None:
    """After a crash the next reader need not wait for the lease to run out."""
    assert is_free(dead, NOW_MS + 5_000, DURATION_MS, NOW_MS)


def test_an_owner_is_one_open_store() -> None:
    """Two stores of one process, and two processes, have different names."""
    assert owner_name(1, "a") != owner_name(1, "b")
    assert owner_name(1, "a") != owner_name(2, "a")
    assert owner_name(7, "a") == f"{HERE}:7:a"


def test_one_reader_at_a_time(tmp_path: Path) -> None:
    """While one store reads a log another one stands by, and takes over when it is released."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as first, a_store(tmp_path, clock=clock) as second:
        assert first.acquire_lease("main.log", DURATION_MS)
        assert not second.acquire_lease("main.log", DURATION_MS)
        assert second.acquire_lease("other.log", DURATION_MS), "another log is free"
        second.release_lease("main.log")
        assert not second.acquire_lease("main.log", DURATION_MS), "it was not theirs to release"
        first.release_lease("main.log")
        assert second.acquire_lease("main.log", DURATION_MS)
        assert not first.acquire_lease("main.log", DURATION_MS)


def test_a_reader_keeps_its_lease_by_asking_again(tmp_path: Path) -> None:
    """A lease is prolonged as often as its owner asks, and lost when it does not in time."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as first, a_store(tmp_path, clock=clock) as second:
        for _ in range(3):
            assert first.acquire_lease("main.log", DURATION_MS)
            clock.now_ms += DURATION_MS - 1
            assert not second.acquire_lease("main.log", DURATION_MS)
        clock.now_ms += 1
        assert second.acquire_lease("main.log", DURATION_MS)
        assert not first.acquire_lease("main.log", DURATION_MS)


def test_a_lease_is_no_news(tmp_path: Path) -> None:
    """Prolonging a lease a thousand times publishes nothing."""
    with a_store(tmp_path) as store:
        store.publish()
        before = (tmp_path / "aggregate.json").read_bytes()
        for _ in range(20):
            store.acquire_lease("main.log", DURATION_MS)
    assert (tmp_path / "aggregate.json").read_bytes() == before


def test_a_reader_that_was_killed_holds_nobody_up(tmp_path: Path) -> None:
    """A watcher that died without a word is replaced at once."""
    code = (
        "import os, sys; from proxypal import Store; store = Store(sys.argv[1]);"
        "assert store.acquire_lease('main.log', 3_600_000); os._exit(1)"
    )
    run = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert run.returncode == 1
    from proxypal import Store  # noqa: PLC0415 - the real clock, as the killed process had

    with Store(tmp_path) as store:
        assert store.acquire_lease("main.log", 3_600_000)
