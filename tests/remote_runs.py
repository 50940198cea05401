"""Reading a fake proxy's log over HTTP, in a test, with everything that was said."""

from collections.abc import Callable

from fake_proxy import FakeProxy
from log_reading import UTC
from proxypal.records.labels import Offset
from proxypal.sources.log_batches import Notice, Reading
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.management_log import ManagementLog
from proxypal.sources.queue_address import parse_address
from proxypal.sources.remote_log import RemoteLog, Tail
from proxypal.store import Store


class RemoteReader:
    """A `RemoteLog` of a fake, as a process has one."""

    def __init__(
        self,
        fake: FakeProxy,
        store: Store,
        *,
        zone: Offset | None = None,
        is_read_elsewhere: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.log = RemoteLog(
            store,
            fake.url,
            (zone, UTC),
            clock=fake.clock,
            is_read_elsewhere=is_read_elsewhere,
        )
        self.tail: Tail = ManagementLog(
            parse_address(fake.url), ManagementKey(fake.key), timeout_s=10
        )
        self.readings: list[Reading] = []
        self.notices: list[Notice] = []

    def read(self, times: int = 1) -> None:
        """Look, so many times."""
        for _ in range(times):
            for found in self.log.read(self.tail):
                if isinstance(found, Reading):
                    self.readings.append(found)
                else:
                    self.notices.append(found)


def differences(fake: FakeProxy, store: Store) -> list[str]:
    """What is counted beside what the log tells."""
    fake.settle()
    return fake.truth.expected(queue=False).differences(store.get_usage_stats())
