"""One process reads a log, others the queue, of the same requests at once: each request once.

All write into one store in small batches, and are killed and started again, telling again what
was not acknowledged to them.
"""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from law import HISTORY_LIMIT, Found, expected_books, name_of, payloads_in, reopen
from ledger import Operation
from nursery import Command
from nursing import Nursery
from two_sources import all_told

pytest_plugins = ["crash_fixtures"]


@pytest.fixture(scope="module")
def nurseries(nursery: Nursery) -> Iterator[list[Nursery]]:
    """Three, for three processes at once."""
    more = [Nursery(), Nursery()]
    yield [nursery, *more]
    for one in more:
        one.close()


def batches(chance: random.Random, name: str, count: int) -> list[Operation]:
    """What a reader tells: everything, a few at a time."""
    operations: list[Operation] = []
    first = 0
    while first < count:
        size = min(chance.choice((1, 1, 2, 3, 10)), count - first)
        operations.append([name, first, size])
        first += size
    return operations


def tell_at_once(
    chance: random.Random,
    nurseries: Sequence[Nursery],
    directory: Path,
    readers: Sequence[list[Operation]],
    *,
    kills: int,
) -> None:
    """Each reader in a process; all are killed `kills` times, and end in order after that."""
    rest = list(readers)
    for left in range(kills, -1, -1):
        commands = [
            Command(
                directory=str(directory),
                operations=[["open"], *operations],
                kill_after=chance.randrange(len(operations) // 2 + 1) if left else None,
                then_us=chance.randrange(3000),
                publish_after_s=chance.choice((0.001, 0.01, 60.0)),
            )
            for operations in rest
        ]
        with ThreadPoolExecutor(len(rest)) as at_once:
            outcomes = list(at_once.map(Nursery.run, nurseries, commands))
        assert [outcome.error for outcome in outcomes] == [""] * len(rest)
        rest = [
            operations[max(0, outcome.acknowledged - 1) :]
            for operations, outcome in zip(rest, outcomes, strict=True)
        ]
    assert rest == [[] for _ in readers]


def each_once(directory: Path, requests: int, *, subscribers: int = 1) -> Found:
    """Each request is there once, with what both told of it, and nothing else is."""
    truth = all_told(requests)
    found = reopen(directory)
    assert found.warnings == []
    assert found.books == expected_books(truth)
    own = sorted((one for one in truth if one.attempts), key=lambda item: item.timestamp)
    assert found.ids == [name_of(item) for item in own[-HISTORY_LIMIT:]]
    assert found.queue.records >= subscribers * requests * 3 // 2
    kept = [payload for told in payloads_in(directory).values() for payload in told]
    assert len(set(kept)) == len(kept), "a payload is kept twice"
    return found


def everyone_tells(
    seed: int, nurseries: list[Nursery], directory: Path, *, subscribers: int, kills: int
) -> None:
    """A log and one or two subscribers of the queue tell of the same requests."""
    chance = random.Random(seed)
    requests = chance.choice((40, 100))
    readers = [batches(chance, "lines", requests)]
    readers += [batches(chance, "queue", requests * 3 // 2) for _ in range(subscribers)]
    tell_at_once(chance, nurseries, directory, readers, kills=kills)
    each_once(directory, requests, subscribers=subscribers)


@pytest.mark.parametrize("subscribers", [1, 2])
def test_log_and_queue_at_once(subscribers: int, nurseries: list[Nursery], tmp_path: Path) -> None:
    """D40, 2b.6: told by a log and by one or two subscribers at once, each request counts once."""
    everyone_tells(subscribers, nurseries, tmp_path / "data", subscribers=subscribers, kills=0)


@pytest.mark.parametrize("subscribers", [1, 2])
def test_log_and_queue_killed_at_once(
    subscribers: int, nurseries: list[Nursery], tmp_path: Path
) -> None:
    """Killed and started again, those who tell a record twice double nothing."""
    for seed in range(3):
        directory = tmp_path / str(seed)
        everyone_tells(seed, nurseries, directory, subscribers=subscribers, kills=4)


def test_two_subscribers_alone(nurseries: list[Nursery], tmp_path: Path) -> None:
    """2b.6: two processes that tell the very same records at once come to each of them once."""
    chance = random.Random(6)
    directory = tmp_path / "data"
    readers = [batches(chance, "queue", 90), batches(chance, "queue", 90)]
    tell_at_once(chance, nurseries[:2], directory, readers, kills=2)
    tell_at_once(chance, nurseries, directory, [[["lines", 0, 60]]], kills=0)
    found = each_once(directory, 60, subscribers=2)
    assert found.books["totalRequests"] == 60
