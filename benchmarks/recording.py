"""record() one by one and in batches, beside raw append, plain SQLite and the seed."""

import tempfile
from pathlib import Path

from benchmarks.rivals import PlainSqlite, RawAppend, SeedAlgorithm
from benchmarks.table import About, Row, seconds, spread
from benchmarks.traffic import requests
from proxypal import RequestLog, Store

ABOUT = About(
    "Recording",
    "Requests of the seed's shape, each call durable when it returns: 100 one by one, and "
    "1,000 at once, in 15 rounds that take turns with the rivals. The seed's algorithm is its "
    "pseudo-code in Python: both files loaded, changed, and saved through a temporary file "
    "with fsync and rename, with a full history.",
)

ROUNDS = 15
ONE_BY_ONE = 100
_RAW = (
    "A line at the end of a file is the least that a durable record can cost; it sums up nothing "
    "and is in no order. Ours is one transaction that also counts."
)
_SQLITE = (
    "A row and one sum in the same SQLite. Ours writes the sums of total, day, hour, model and "
    "provider, a cell, the history and what recognises a repetition in its transaction."
)
_BATCH = (
    "What is left is Python, and no part of it is large: a fifth checks and cleans what came in, a "
    "fifth makes and remembers what recognises a repetition, a tenth is SQLite, the rest encodes "
    "rows and adds up. The aim would leave less time than the checks and hashes take alone."
)
SEED_AT_ONCE = 10
BATCH = 1000


def measure(folder: Path) -> list[Row]:
    """Rounds take turns, so that a noisy machine is noisy to all alike."""
    raw, sqlite = RawAppend(folder), PlainSqlite(folder)
    seed, unsynced = SeedAlgorithm(folder), SeedAlgorithm(folder, synced=False)
    ours: list[float] = []
    batches: list[float] = []
    rivals: dict[str, list[float]] = {rival.name: [] for rival in (raw, sqlite, seed, unsynced)}
    with Store(Path(tempfile.mkdtemp(dir=folder))) as store:
        for request in requests(500):
            seed.record(request)  # its cost is that of a full history
            unsynced.record(request)
        for turn in range(ROUNDS):
            some = requests(ONE_BY_ONE, turn * 10_000)
            ours.append(seconds(lambda: [store.record([r]) for r in some]) / ONE_BY_ONE)
            for rival in (raw, sqlite):
                taken = seconds(lambda: _each(rival, some))
                rivals[rival.name].append(taken / ONE_BY_ONE)
            few = some[:SEED_AT_ONCE]
            for slow in (seed, unsynced):
                rivals[slow.name].append(seconds(lambda: _each(slow, few)) / SEED_AT_ONCE)
            many = [requests(BATCH, 10**6 + turn * 10**5 + k * BATCH) for k in range(5)]
            batches.append(seconds(lambda: [store.record(b) for b in many]) / (5 * BATCH))
    one, at_once = "record(), one by one", "record(), batches of 1,000"
    return [
        _row(one, ours, raw.name, rivals[raw.name], "≥ 0.5 ×", _RAW),
        _row(one, ours, sqlite.name, rivals[sqlite.name], "", _SQLITE),
        _row(one, ours, seed.name, rivals[seed.name], "≥ 15 ×"),
        _row(one, ours, unsynced.name, rivals[unsynced.name], ""),
        _row(at_once, batches, seed.name, rivals[seed.name], "≥ 1,000 ×", _BATCH),
    ]


def _each(rival: RawAppend | SeedAlgorithm | PlainSqlite, some: list[RequestLog]) -> None:
    for request in some:
        rival.record(request)


def _row(  # noqa: PLR0913, PLR0917 - a row has these parts
    what: str, ours: list[float], rival: str, theirs: list[float], aim: str, note: str = ""
) -> Row:
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    return Row(
        what,
        spread([our * 1e6 for our in ours], " µs"),
        rival,
        spread([their * 1e6 for their in theirs], " µs"),
        spread(ratios, " ×"),
        aim,
        note,
    )
