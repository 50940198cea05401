"""The report of a span of time: sums by day, hour, model or provider, in a shape that is kept.

`stats --json` has printed it from the first version on. What can be asked beyond it is a query
and has an answer of its own. Must not enter: how it is drawn, and what a moment is called.
"""

from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter
from typing import Literal

import msgspec

from proxypal.records.labels import Offset
from proxypal.records.local_range import LocalRange
from proxypal.records.usage_answer import Answer, Row
from proxypal.records.usage_metrics import Figures
from proxypal.records.usage_notes import Note
from proxypal.records.usage_query import Query
from proxypal.records.wall_clock import moments_of
from proxypal.store.protocol import RequestStore

GroupBy = Literal["day", "hour", "model", "provider"]


class UsageGroup(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Sums of the requests under one label. `tokens` is input plus output, money US dollars.

    `unpriced` requests have tokens and no price; `costUsd` does not cover them. The five classes
    of failure add up to `failureCount`.
    """

    label: str
    requests: int
    success_count: int
    failure_count: int
    success_rate: float | None
    tokens: int
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_usd: Decimal
    unpriced: int
    average_duration_ms: float | None
    client_gone: int
    rate_limited: int
    client_errors: int
    server_errors: int
    other_failures: int


METRICS = tuple(name for name in UsageGroup.__struct_fields__ if name != "label")

_figures_of = attrgetter(*METRICS)


class UsageReport(msgspec.Struct, kw_only=True, frozen=True, rename="camel", omit_defaults=True):
    """Usage between `since` and `until` (Unix milliseconds, exclusive; None is open).

    They are those of the whole local hours that were counted. With `by`: `groups`, those that
    have requests. Without: `models` and `providers`. `exact` and `notes` are the answer's.
    """

    since: int | None = msgspec.field(default_factory=lambda: None)
    until: int | None = msgspec.field(default_factory=lambda: None)
    by: GroupBy | None = msgspec.field(default_factory=lambda: None)
    exact: bool
    notes: list[Note]
    total: UsageGroup
    groups: list[UsageGroup] | None = None
    models: list[UsageGroup] | None = None
    providers: list[UsageGroup] | None = None


def usage_report(
    store: RequestStore, by: GroupBy | None, asked: LocalRange, now_hour: int, offset: Offset
) -> UsageReport:
    """What was used in the span. Days and hours in their order, names by requests, most first.

    `now_hour` is the local hour it is asked in, `offset` of the data's zone.
    """

    def grouped(name: str) -> Answer:
        return store.query(Query(range=asked, by=(name,), metrics=METRICS, now_hour=now_hour))

    found = grouped(by or "model")
    groups = _groups(found.rows)
    return UsageReport(
        since=_moment(asked.since_hour, offset),
        until=_moment(asked.until_hour, offset),
        by=by,
        exact=found.exact,
        notes=list(found.notes),
        total=_group("total", found.total),
        groups=groups if by else None,
        models=None if by else groups,
        providers=None if by else _groups(grouped("provider").rows),
    )


def _moment(hour: int | None, offset: Offset) -> int | None:
    return None if hour is None else moments_of(hour * 3600, offset)[0] * 1000


def _groups(rows: Iterable[Row]) -> list[UsageGroup]:
    return [_group(row.labels[0], row) for row in rows if row.requests]


def _group(label: str, figures: Figures) -> UsageGroup:
    return UsageGroup(label=label, **dict(zip(METRICS, _figures_of(figures), strict=True)))
