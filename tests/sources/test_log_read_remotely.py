"""From HTTP back to files: what was read over HTTP is not counted again, over any rotation."""

from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from log_reading import Reader
from queue_runs import open_queue_store
from remote_runs import RemoteReader, differences


@pytest.mark.parametrize("before", [0, 1, 2])
@pytest.mark.parametrize("while_read", [0, 1, 2])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_files_go_on_where_http_stopped(
    tmp_path: Path, before: int, while_read: int, after: int
) -> None:
    """Rotated before it was read over HTTP, meanwhile, and until the files are read."""
    with (
        FakeProxy(tmp_path / "logs", seed=before) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
    ):

        def some_traffic(rotations: int) -> None:
            for place in range(rotations + 1):
                fake.random_traffic(place, 6)
                fake.clock.advance(2)
                if place < rotations:
                    fake.log.rotate()
            fake.settle()

        some_traffic(before)
        remote = RemoteReader(fake, store)
        for _ in range(while_read + 1):
            remote.read(times=2)
            some_traffic(1 if while_read else 0)
        remote.read(times=2)
        assert differences(fake, store) == []
        fake.clock.advance(2)
        some_traffic(after)
        Reader(fake.log.main, store).read(sweeps=2)
        assert differences(fake, store) == []
        fake.random_traffic(9, 6)
        fake.settle()
        RemoteReader(fake, store).read(times=2)
        assert differences(fake, store) == []
        Reader(fake.log.main, store).read(sweeps=3)
        assert differences(fake, store) == []
        assert store.gaps() == []


def test_another_proxys_files_are_another_log(tmp_path: Path) -> None:
    """Only files that hold the very line are that log; all of another one is counted."""
    with (
        FakeProxy(tmp_path / "one", seed=1) as one,
        FakeProxy(tmp_path / "two", seed=2) as two,
        open_queue_store(tmp_path / "data", one) as store,
    ):
        for fake in (one, two):
            fake.request()
            fake.settle()
        RemoteReader(one, store).read()
        Reader(two.log.main, store).read()
        assert store.get_usage_stats().total_requests == 2
