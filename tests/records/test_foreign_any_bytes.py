import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzzing import damaged_lines, damaged_text
from proxypal.records.ccusage_report import read_ccusage_report
from proxypal.records.foreign_rows import AttemptRow, DayTotal, ForeignRow, RowRejected
from proxypal.records.keeper_rows import KeeperRow, read_keeper_rows
from proxypal.records.key_labels import KeyLabels
from proxypal.records.natural_key import attempt_key
from proxypal.records.plus_rows import read_plus_lines
from proxypal.records.queue_lines import read_queue_lines
from proxypal.records.request import MAX_INTEGER, MAX_LABEL_CHARS
from proxypal.records.usage_export import read_usage_export

DATA = Path(__file__).parents[1] / "data"
LABELS = KeyLabels(b"a secret of the tests")

Reader = Callable[[bytes], Iterator[ForeignRow]]


def keeper_of_json(data: bytes) -> Iterator[ForeignRow]:
    """A row of the keeper whose columns are a JSON object's."""
    try:
        tree = json.loads(data)
    except (ValueError, RecursionError):
        tree = {"timestamp": data, "model": data}
    return read_keeper_rows([KeeperRow(1, tree if isinstance(tree, dict) else {})], LABELS)


READERS: dict[str, Reader] = {
    "usage-export": lambda data: read_usage_export(data, LABELS),
    "ccusage": lambda data: read_ccusage_report(data, LABELS),
    "plus": lambda data: read_plus_lines(enumerate(data.split(b"\n"), 1), LABELS),
    "queue": lambda data: read_queue_lines(enumerate(data.split(b"\n"), 1), LABELS),
    "keeper": keeper_of_json,
}
SEEDS: dict[str, list[bytes]] = {
    "usage-export": [path.read_bytes() for path in (DATA / "cliproxyapi").glob("usage-*.json")],
    "ccusage": [path.read_bytes() for path in (DATA / "ccusage").iterdir()],
    "plus": (DATA / "plus" / "usage-events.jsonl").read_bytes().splitlines(),
    "queue": (DATA / "plus" / "usage-events.jsonl").read_bytes().splitlines(),
    "keeper": (DATA / "plus" / "usage-events.jsonl").read_bytes().splitlines(),
}


def check(rows: Iterator[ForeignRow]) -> None:
    """Every row can be stored or shown, whatever it was read from."""
    for row in rows:
        assert row.line >= 0
        repr(row).encode()
        if isinstance(row, RowRejected):
            assert row.reason
            assert len(row.reason) < 1500
            continue
        tokens = row.tokens if isinstance(row, DayTotal) else row.attempt.tokens
        assert 0 <= tokens.input <= MAX_INTEGER
        assert 0 <= tokens.output <= MAX_INTEGER
        named = row if isinstance(row, DayTotal) else row.attempt
        assert 0 < len(named.model) <= MAX_LABEL_CHARS
        assert 0 < len(named.provider) <= MAX_LABEL_CHARS
        if isinstance(row, AttemptRow):
            attempt = row.attempt
            assert 0 < attempt.started_ms <= attempt.ended_ms <= MAX_INTEGER
            assert attempt.key == attempt_key(attempt.started_ms, attempt.model) or attempt.payload


@pytest.mark.parametrize("name", READERS)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_rows_or_reasons(name: str, data: bytes) -> None:
    """No file can make a reader fail."""
    check(READERS[name](data))


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_are_rows_or_reasons(name: str) -> None:
    """Files damaged at random are read as far as they go, and the rest has a reason."""
    dice = random.Random(name)
    for _ in range(300):
        check(READERS[name](damaged_text(dice.choice(SEEDS[name]), dice)))
    for line in damaged_lines(100, seed=7):
        check(READERS[name](line))


@pytest.mark.torture
@pytest.mark.parametrize("name", READERS)
def test_very_many_damaged_files(name: str) -> None:
    """The same with 20,000."""
    dice = random.Random(name)
    for _ in range(20_000):
        check(READERS[name](damaged_text(dice.choice(SEEDS[name]), dice)))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "data",
    [
        b"[" * 1_000_000,
        b'{"usage":' * 200_000,
        b'{"apis":{"k":{"models":{"m":{"details":[' + b"0," * 300_000 + b"0]}}}}}",
        b'{"daily":[' + b"{}," * 200_000 + b"{}]}",
        b'{"event_hash":"' + b"x" * 2_000_000 + b'"}',
        b'{"timestamp":"' + b"2" * 2_000_000 + b'"}',
        b'{"apis":{"POST /' + b"/" * 1_000_000 + b'":{"total_requests":1}}}',
        b'{"apis":{"' + b"@a" * 500_000 + b'":{"total_requests":1}}}',
    ],
    ids=lambda data: data[:20].decode() if isinstance(data, bytes) else None,
)
def test_large_nonsense_is_answered_soon(name: str, data: bytes) -> None:
    """A megabyte of nonsense takes no reader more than a few seconds."""
    start = time.perf_counter()
    for row in READERS[name](data):
        assert isinstance(row, RowRejected)
    assert time.perf_counter() - start < 3
