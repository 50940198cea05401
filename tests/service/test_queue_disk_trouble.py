"""While the store takes nothing, records wait where they are kept longest."""

from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from proxypal.errors import StorageFull
from proxypal.service.queue_holding import Bound
from proxypal.service.watch_events import QueueHeld, StoreRecovered
from proxypal.store import Store
from proxypal.store.values import QueueBatch, QueueOutcome
from queue_runs import (
    QueueWatching,
    assert_true,
    settings_of,
    until_all,
)
from watch_runs import until


class Refusing(Store):
    """A store that can be put in trouble."""

    trouble: Exception | None = None

    def record_attempts(self, batch: QueueBatch) -> QueueOutcome:
        """See `RequestStore`."""
        if self.trouble is not None:
            raise self.trouble
        return super().record_attempts(batch)


@pytest.mark.parametrize("version", ["6.9.38", "7.1.17", "7.2.140"])
def test_trouble_with_the_disk_holds_and_recovers(tmp_path: Path, version: str) -> None:
    """While nothing can be written records wait with us, then with the proxy; none is lost."""
    with (
        FakeProxy(tmp_path / "logs", version=version) as fake,
        Refusing(tmp_path / "data", zone="UTC", clock=fake.clock) as store,
    ):
        settings = settings_of(fake, bound=Bound(payloads=20))
        with QueueWatching(store, fake, settings=settings) as watching:
            watching.until_connected()
            store.trouble = StorageFull(store.path)
            for _ in range(15):
                fake.request()
            fake.settle()
            until(lambda: watching.of(QueueHeld) != [])
            for _ in range(100):
                fake.request()
            fake.settle()
            fake.wait_until(lambda: fake.queue.subscribers == 0)
            for _ in range(10):
                fake.request()
            fake.settle()
            store.trouble = None
            until_all(fake, store)
            until(lambda: len(watching.of(StoreRecovered)) == 1)
        assert_true(fake, store)
        assert fake.failed_logins == 0


def test_a_store_that_refuses_from_the_start_leaves_the_records_where_they_are(
    tmp_path: Path,
) -> None:
    """Nothing is taken off the queue before the store has shown that it takes something."""
    with (
        FakeProxy(tmp_path / "logs", version="7.0.3") as fake,
        Refusing(tmp_path / "data", zone="UTC", clock=fake.clock) as store,
    ):
        store.trouble = StorageFull(store.path)
        fake.request()
        fake.settle()
        with QueueWatching(store, fake) as watching:
            until(lambda: watching.of(QueueHeld) != [])
            assert (fake.queue.waiting, fake.seen["LPOP"]) == (1, 0)
