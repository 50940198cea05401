"""SIGKILL at moments nobody chose, thousands of them, with the publisher at work meanwhile."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from judging import judge
from law import HISTORY_LIMIT, check_law, requests
from ledger import Operation, after_each
from nursery import Command
from nursing import Nursery
from playing import Player
from scenarios import Scenario

pytest_plugins = ["crash_fixtures"]

PUBLISHING_S = (0.001, 0.01, 60.0)
"""How soon the background publication follows a change: its threads must be hit too."""

_WEIGHTS = {
    "record": 10, "source": 5, "publish": 3, "clear": 1, "reset": 1, "undo": 3, "import": 1,
    "reopen": 1, "forget": 0.3, "queue": 6, "lines": 4, "drop": 2, "mend": 1,
}  # fmt: skip

MONTH = "2026-04"
LONG_AGO: list[Operation] = [["open"], ["record", 50_000, 60], ["close"]]
"""What each store has seen hours before: a month that can be dropped."""


def some_operations(chance: random.Random) -> list[Operation]:
    """A life of a store: forty operations, whatever comes."""
    operations: list[Operation] = [["open"]]
    ledger = after_each(LONG_AGO)[-1]
    sizes = chance.choice([(1, 1, 2, 7), (1, 2, 40, 300)])
    offered = 0
    told = fresh = {"queue": 0, "lines": 0}
    for name in chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=40):
        if name == "reopen":
            operations += [["close"], ["open"]]
            continue
        operation: Operation = [name]
        if name in {"record", "source", "import"}:
            operation += [offered, chance.choice(sizes)]
            offered += operation[2]
        if name in told:
            again = chance.choice((0, 0, 0, 4)) if name == "queue" else 0
            first = max(fresh[name], told[name] - again)
            operation += [first, told[name] - first + chance.choice((1, 3, 8))]
            told = {**told, name: first + operation[2]}
        if name in {"clear", "reset"}:
            # What is told of a request while it is put aside does not come back with it.
            pairs = max(-(-told["queue"] // 3), -(-told["lines"] // 2))
            fresh = {"queue": pairs * 3, "lines": pairs * 2}
            told = dict(fresh)
        if name == "import" and (len(ledger.history) > 200 or sizes[-1] > 7):
            # What an import pushed out of a full history does not come back when it is undone.
            continue
        if name == "drop":
            if not ledger.named_in(MONTH):
                continue  # refused
            operation += [MONTH]
        operations.append(operation)
        ledger = ledger.apply(operation)
    return operations


def live_and_be_killed(chance: random.Random, nursery: Nursery, directory: Path) -> None:
    """One store that is used in every way until SIGKILL, then judged."""
    operations = some_operations(chance)
    Player(directory, hours=-3).play(LONG_AGO)
    command = Command(
        directory=str(directory),
        operations=operations,
        kill_after=chance.randrange(len(operations)),
        then_us=chance.choice((0, chance.randrange(1000), chance.randrange(6000))),
        publish_after_s=chance.choice(PUBLISHING_S),
    )
    outcome = nursery.run(command)
    assert not outcome.error, outcome.error
    start = after_each(LONG_AGO)[-1]
    ledgers = after_each(operations, start)[outcome.acknowledged : outcome.acknowledged + 2]
    try:
        life = Scenario(name="a life", operations=operations, loses_payloads=True)
        judge(directory, life, ledgers)
    except AssertionError as error:
        error.add_note(f"{directory}: {outcome} after {command}")
        raise


def record_and_be_killed(
    chance: random.Random, nursery: Nursery, directory: Path, batch: int
) -> None:
    """One store that records, `batch` requests at a time, until SIGKILL, then judged."""
    calls = 60
    operations: list[Operation] = [["open"]]
    operations += [["record", batch * n, batch] for n in range(calls)]
    outcome = nursery.run(
        Command(
            directory=str(directory),
            operations=operations,
            kill_after=chance.randrange(1, calls),
            then_us=chance.randrange(3000),
            publish_after_s=chance.choice(PUBLISHING_S),
        )
    )
    assert not outcome.error, outcome.error
    found = check_law(
        directory,
        acknowledged=batch * (outcome.acknowledged - 1),
        offered=requests(0, batch * calls),
        batch=batch,
    )
    assert found.warnings == []
    assert len(found.ids) == min(HISTORY_LIMIT, found.books["totalRequests"])


def two_record_and_are_killed(
    chance: random.Random, both: tuple[Nursery, Nursery], directory: Path
) -> None:
    """Two processes that record into one store, each killed at a moment of its own."""
    batch, calls = chance.choice((1, 3, 40)), 80
    records: list[list[Operation]] = [
        [["record", batch * n, batch, stream] for n in range(calls)] for stream in range(2)
    ]
    commands = [
        Command(
            directory=str(directory),
            operations=[["open"], *records[stream]],
            kill_after=chance.randrange(calls),
            then_us=chance.randrange(3000),
            publish_after_s=chance.choice(PUBLISHING_S),
        )
        for stream in range(2)
    ]
    with ThreadPoolExecutor(2) as at_once:
        outcomes = list(at_once.map(Nursery.run, both, commands))
    assert [outcome.error for outcome in outcomes] == ["", ""]
    acknowledged = {
        item.id
        for stream, outcome in enumerate(outcomes)
        for item in requests(0, batch * max(0, outcome.acknowledged - 1), stream)
    }
    offered = [item for stream in range(2) for item in requests(0, batch * calls, stream)]
    found = check_law(directory, acknowledged=acknowledged, offered=offered, batch=batch)
    assert found.warnings == []


@pytest.fixture(scope="module")
def both(nursery: Nursery) -> Iterator[tuple[Nursery, Nursery]]:
    """Two nurseries, for two processes at once."""
    second = Nursery()
    yield nursery, second
    second.close()


def test_two_recorders_cut_off_anywhere(both: tuple[Nursery, Nursery], tmp_path: Path) -> None:
    """Two processes killed while they record into one store have lost and doubled nothing."""
    chance = random.Random(2)
    for number in range(12):
        two_record_and_are_killed(chance, both, tmp_path / str(number))


@pytest.mark.parametrize("seed", range(4))
def test_a_life_cut_off_anywhere(seed: int, nursery: Nursery, tmp_path: Path) -> None:
    """Killed at any moment of any use, a store holds what was acknowledged and no half step."""
    chance = random.Random(seed)
    for number in range(15):
        live_and_be_killed(chance, nursery, tmp_path / str(number))


@pytest.mark.parametrize("batch", [1, 40])
def test_recording_cut_off_anywhere(batch: int, nursery: Nursery, tmp_path: Path) -> None:
    """Killed at any moment while it records, a store has lost and doubled no request."""
    chance = random.Random(batch)
    for number in range(25):
        record_and_be_killed(chance, nursery, tmp_path / str(number), batch)
