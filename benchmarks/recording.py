"""record() one by one and in batches, beside raw append, plain SQLite and the seed."""

import tempfile
from pathlib import Path

from benchmarks.rivals import PlainSqlite, RawAppend, SeedAlgorithm
from benchmarks.table import Row, seconds, spread
from benchmarks.traffic import requests
from proxypal import RequestLog, Store

ROUNDS = 15
ONE_BY_ONE = 100
SEED_AT_ONCE = 10
BATCH = 1000


def measure(folder: Path) -> list[Row]:
    """Rounds take turns, so that a noisy machine is noisy to all alike."""
    raw, seed, sqlite = RawAppend(folder), SeedAlgorithm(folder), PlainSqlite(folder)
    ours: list[float] = []
    batches: list[float] = []
    rivals: dict[str, list[float]] = {raw.name: [], seed.name: [], sqlite.name: []}
    with Store(Path(tempfile.mkdtemp(dir=folder))) as store:
        for request in requests(500):
            seed.record(request)  # its cost is that of a full history
        for turn in range(ROUNDS):
            some = requests(ONE_BY_ONE, turn * 10_000)
            ours.append(seconds(lambda: [store.record([r]) for r in some]) / ONE_BY_ONE)
            for rival in (raw, sqlite):
                taken = seconds(lambda: _each(rival, some))
                rivals[rival.name].append(taken / ONE_BY_ONE)
            few = some[:SEED_AT_ONCE]
            rivals[seed.name].append(seconds(lambda: _each(seed, few)) / SEED_AT_ONCE)
            many = [requests(BATCH, 10**6 + turn * 10**5 + k * BATCH) for k in range(5)]
            batches.append(seconds(lambda: [store.record(b) for b in many]) / (5 * BATCH))
    one = "record(), one by one"
    return [
        _row(one, ours, raw.name, rivals[raw.name], "≥ 0.5 ×"),
        _row(one, ours, sqlite.name, rivals[sqlite.name], ""),
        _row(one, ours, seed.name, rivals[seed.name], "≥ 15 ×"),
        _row("record(), batches of 1,000", batches, seed.name, rivals[seed.name], "≥ 1,000 ×"),
    ]


def _each(rival: RawAppend | SeedAlgorithm | PlainSqlite, some: list[RequestLog]) -> None:
    for request in some:
        rival.record(request)


def _row(what: str, ours: list[float], rival: str, theirs: list[float], aim: str) -> Row:
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    return Row(
        what,
        spread([our * 1e6 for our in ours], " µs"),
        rival,
        spread([their * 1e6 for their in theirs], " µs"),
        spread(ratios, " ×"),
        aim,
    )
