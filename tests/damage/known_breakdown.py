"""A store with a past in four months, and what it knows: all that can be asked of its breakdown."""

import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from law import BASE_MS, NOW_MS, open_store, reopen, requests
from law_breakdown import day_of
from ledger import facts_to_import
from month_files import month_files, months_in, plain
from proxypal.clock import offset_of
from proxypal.records.aggregate import Aggregate
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_query import Query, QueryWords, parse_query
from proxypal.store import Store
from proxypal.store.values import BreakdownMonth, Gap
from telling import told
from two_sources import attempts

MONTHS = ("2026-01", "2026-02", "2026-03", "2035-12")
FOLDER = "breakdown"

QUESTIONS: Sequence[dict[str, Any]] = (
    {"by": ["day", "model"], "metrics": ["all"]},
    {"by": ["provider", "key"], "metrics": ["all"]},
    {"by": ["hour"], "since": "2026-02-01", "until": "2026-03-01"},
    {"by": ["account", "outcome"]},
    {"by": ["month", "source"], "where": ["model!=stream-0-model-1"]},
)


class Known(NamedTuple):
    """All that can be asked of the breakdown, and of what it has to agree with."""

    answers: list[Answer]
    months: list[BreakdownMonth]
    aggregate: Aggregate
    gaps: list[Gap]


class Kept(NamedTuple):
    """Directories of one store: as it is, and as it was before most was recorded."""

    newer: Path
    older: Path
    known: Known
    inside: dict[str, Any]


def ask(store: Store, **words: Any) -> Answer:
    """An answer to a question in words."""
    query = parse_query(QueryWords(**words), NOW_MS, offset_of("UTC"))
    assert isinstance(query, Query), query
    return store.query(query)


def known_to(store: Store) -> Known:
    """What a store says."""
    return Known(
        [ask(store, **question) for question in QUESTIONS],
        list(store.breakdown_months()),
        store.get_aggregate(),
        list(store.gaps()),
    )


def spread(first: int, count: int) -> list[RequestLog]:
    """Requests of three months, with keys, accounts and times to the first token."""
    return [
        msgspec.structs.replace(
            item,
            timestamp=BASE_MS + (number % 3) * 31 * 86_400_000 + number * 1_700_000,
            api_key=f"sk-…{number % 3}",
            account=f"a{number % 2}",
            ttft_ms=number,
        )
        for number, item in enumerate(requests(first, count), first)
    ]


IMPORTED = spread(900, 30)


def make_kept(folder: Path) -> Kept:
    """A store with a past in four months: live, queue, imports, more than history holds."""
    newer, older = folder / "newer", folder / "older"
    with open_store(newer) as store:
        store.record(spread(0, 200))
        told(store, *attempts(0, 20))
    shutil.copytree(newer, older)
    with open_store(newer) as store:
        store.record(spread(200, 500))
        store.import_facts(facts_to_import(IMPORTED), fingerprint="f")
        gap = Gap(source="queue", from_ms=1, until_ms=2, reason="the proxy restarted")
        told(store, *attempts(20, 40), gaps=[gap])
    with open_store(newer) as store:
        known, inside = known_to(store), months_in(store, *MONTHS)
    assert [month.month for month in known.months] == list(MONTHS)
    return Kept(newer, older, known, inside)


def mended(directory: Path) -> tuple[Known, list[str]]:
    """What a store says once it is opened, and what it says happened; left sound."""
    with open_store(directory) as store:
        known, warnings = known_to(store), list(store.warnings)
    assert reopen(directory).warnings == []
    with open_store(directory) as store:
        assert known_to(store) == known._replace(months=list(store.breakdown_months()))
    return known, warnings


def sizeless(known: Known) -> Known:
    """Without what only says how large the files are."""
    months = [msgspec.structs.replace(month, size_bytes=0) for month in known.months]
    return known._replace(months=months)


def contents_of(directory: Path) -> dict[str, Any]:
    """What each month's file says."""
    return {month: plain(contents) for month, contents in month_files(directory).items()}


def never_more(known: Known, truth: Known) -> None:
    """Rows add up to the total, and no day and model has more than it had in truth."""
    for answer in known.answers:
        assert answer.total.requests == sum(row.requests or 0 for row in answer.rows)
    total = known.answers[0].total.requests
    assert total == known.aggregate.total_requests
    had = Counter({tuple(row.labels): row.requests for row in truth.answers[0].rows})
    # What was imported has a name again where the rows in history are all that is left.
    had.update((day_of(item.timestamp), item.model) for item in IMPORTED)
    for row in known.answers[0].rows:
        if row.labels[1] != "unknown":
            assert (row.requests or 0) <= had[tuple(row.labels)], row.labels
