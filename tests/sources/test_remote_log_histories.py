"""Random lives of a log that is read over HTTP and as files by turns: each request exactly once."""

import random
from pathlib import Path

import pytest

from fake_proxy import FakeProxy
from log_reading import Reader
from queue_runs import open_queue_store
from remote_runs import RemoteReader, differences

STEPS = 14


@pytest.mark.parametrize("version", ["7.1.17", "7.2.140"])
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_each_request_is_counted_once(
    tmp_path: Path, version: str, seed: int
) -> None:
    """Traffic, rotation, restarts of either side, another process, and files in between."""
    chance = random.Random(seed)
    with (
        FakeProxy(tmp_path / "logs", version=version, seed=seed) as fake,
        open_queue_store(tmp_path / "data", fake) as store,
        open_queue_store(tmp_path / "data", fake) as other,
    ):
        readers = [RemoteReader(fake, store), RemoteReader(fake, other)]
        told = []
        for step in range(STEPS):
            act = chance.choice(
                ["rotate", "restart", "anew", "file", "pause", "traffic", "traffic"]
            )
            told.append(act)
            if act == "rotate" and fake.log.main.exists():
                fake.log.rotate()
            elif act == "restart":
                fake.restart()
            elif act == "anew":
                readers[0] = RemoteReader(fake, store)
            elif act == "pause":
                fake.clock.advance(chance.choice([1, 100, 10_000]))
            fake.random_traffic(seed * 100 + step, chance.randrange(8))
            fake.settle()
            if act == "file" and fake.log.main.exists():
                Reader(fake.log.main, store).read(sweeps=2)
            else:
                # Whoever read last, the other one's place is out of date.
                readers[chance.randrange(2)].read(times=3)
            assert differences(fake, store) == [], told
        assert store.gaps() == []
