"""`proxypal watch` on a usage queue, killed at any moment: nothing doubled, no loss unsaid."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.records.request import RequestLog
from proxypal.store import Store
from queue_runs import gaps_of
from running import Process, proxypal, start
from watch_runs import until

SLACK_MS = 2_000
"""A record is dated when its request ended, and handed out a little later."""


@contextmanager
def traffic(fake: FakeProxy, most: int) -> Iterator[None]:
    """Requests, as they come, while the block runs."""
    stop = threading.Event()
    chance = random.Random(most)

    def go_on() -> None:
        for _ in range(most):
            fake.request()
            if stop.wait(chance.choice((0, 0, 0.001, 0.004))):
                return

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def watch(home: Path, fake: FakeProxy) -> Process:
    key = home / "key.txt"
    key.write_text(fake.key)
    arguments = ("--cliproxy", fake.url, "--management-key-file", str(key))
    return start(home, "watch", "--json", *arguments)


def lines_of(process: Process, count: int) -> int:
    """Read so many lines of stdout: each is a request that is durable."""
    assert process.stdout is not None
    return sum(bool(process.stdout.readline()) for _ in range(count))


@pytest.mark.parametrize("version", ["7.0.3", "7.1.17", "7.2.140"])
def test_a_kill_loses_nothing_committed_and_no_loss_is_silent(tmp_path: Path, version: str) -> None:
    """Killed in the middle of traffic and started again: once each, and the rest is in a gap."""
    shown = 0
    assert proxypal(tmp_path, "setup", "data", "--history-limit", "100000").code == 0
    with FakeProxy(tmp_path / "proxy", version=version) as fake:
        with traffic(fake, 20_000):
            for kill in range(4):
                process = watch(tmp_path, fake)
                shown += lines_of(process, 15 + 40 * kill)
                process.kill()
                out, _ = process.communicate(timeout=30)
                shown += out.count(b"\n")
        process = watch(tmp_path, fake)
        fake.settle()
        with Store(tmp_path / "data") as store:
            fake.wait_until(lambda: fake.queue.waiting == 0)
            until(lambda: bool(gaps_of(store)))
            fake.request("last-model")
            fake.wait_drained()
            until(lambda: any(row.model == "last-model" for row in history(store)))
            process.terminate()
            process.communicate(timeout=30)
            counted = Counter(row.request_id for row in history(store))
            gaps = gaps_of(store)
            total = store.get_usage_stats().total_requests
        ended_ms = {one.request_id: one.ended_ms for one in fake.truth.requests}
    assert set(counted.values()) == {1}
    assert total == counted.total() >= shown
    silent = [
        request_id
        for request_id in ended_ms.keys() - counted.keys()
        if not any(
            (gap.from_ms or 0) - SLACK_MS <= ended_ms[request_id] <= (gap.until_ms or 0) + SLACK_MS
            for gap in gaps
        )
    ]
    assert silent == []
    assert fake.failed_logins == 0


def history(store: Store) -> list[RequestLog]:
    return list(store.get_request_history().requests)
