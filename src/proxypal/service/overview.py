"""What the overview shows: a few questions about usage, asked in the words of its address.

Must not enter: HTML, charts, addresses.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from proxypal.records.aggregate import UsageStats
from proxypal.records.labels import Offset, hour_of_label
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_metrics import METRICS
from proxypal.records.usage_query import Query, QueryWords
from proxypal.service.asking import query_of
from proxypal.service.request_filters import NOBODY
from proxypal.service.settings_file import Settings
from proxypal.service.usual_day import MEASURES, UsualDay, hours_wanted, minute_of_hour, usual_day
from proxypal.store import Store

FILTERS = ("provider", "model", "key", "account")
STEPS = ("hour", "day", "week", "month")
SPLITS = ("model", "provider", "key", "outcome")
USUAL_RANGE = "7d"
SHOWN_AT_MOST = 7
"""Series of a chart; the rest is one more."""

_EVER = 1_000_000
_DAYS_BY_STEP: Mapping[str, tuple[int, int]] = {
    "hour": (0, 14),
    "day": (1, 1100),
    "week": (14, _EVER),
    "month": (60, _EVER),
}
"""For how many days at least and at most figures by this step can be read."""

_GROUP_METRICS = (
    "requests", "success_count", "failure_count", "tokens", "input_tokens", "cached_tokens",
    "output_tokens", "cost_usd", "unpriced", "average_duration_ms",
)  # fmt: skip


_LATENCY = ("p50_duration_ms", "p90_duration_ms", "p99_duration_ms")


class OverviewWords(msgspec.Struct, kw_only=True, frozen=True):
    """What is asked for, in the words of a URL. `range` excludes `since` and `until`.

    `step` and `split` are what figures over time are grouped by; None leaves the step to the
    length of the range.
    """

    range: str | None = None
    since: str | None = None
    until: str | None = None
    provider: str | None = None
    model: str | None = None
    key: str | None = None
    account: str | None = None
    step: str | None = None
    split: str = "model"
    measure: str = "requests"

    @property
    def where(self) -> list[str]:
        """The filters as conditions of a query."""
        asked = ((name, getattr(self, name)) for name in FILTERS)
        return [f"{name}={'' if value == NOBODY else value}" for name, value in asked if value]

    def query(self, **more: object) -> QueryWords:
        """The question about this range and these filters; `more` are words of it."""
        given = self.since or self.until
        words = QueryWords(
            range=None if given else self.range or USUAL_RANGE,
            since=self.since,
            until=self.until,
            where=self.where,
        )
        return replace(words, **more)


class Asker(NamedTuple):
    """Who asks: the store, and what words mean now."""

    store: Store
    settings: Settings
    now_ms: int
    offset: Offset

    def ask(self, words: QueryWords) -> Answer:
        """The answer.

        Raises:
            WrongUsage: the words mean nothing.
        """
        return self.ask_all([words])[0]

    def ask_all(self, words: Sequence[QueryWords]) -> Sequence[Answer]:
        """The answers to several questions, all of one moment.

        Raises:
            WrongUsage: one of them means nothing.
        """
        return self.store.query_all([self.meant(one) for one in words])

    def meant(self, words: QueryWords) -> Query:
        """What the words mean."""
        return query_of(words, self.settings, self.now_ms, self.offset)


class Headline(NamedTuple):
    """The figures first: `found` has them by `step`, and their total."""

    found: Answer
    step: str
    steps: Sequence[str]
    today: UsualDay


class Breakdown(NamedTuple):
    """The same figures by this and that. `latency` is by day where the step is an hour."""

    over_time: Answer
    by_model: Answer
    by_provider: Answer
    by_key: Answer
    by_weekday_hour: Answer
    latency: Answer


def headline(asker: Asker, words: OverviewWords, first_day: str | None) -> Headline:
    """The total figures, and how they came about. `first_day` is the first with any request."""
    steps, step = step_of(asker, words, first_day)
    now_hour = asker.meant(QueryWords()).now_hour
    found, hours = asker.ask_all(
        [words.query(by=[step], metrics=METRICS), hours_wanted(now_hour, words.where)]
    )
    today = usual_day(hours, now_hour, minute_of_hour(asker.now_ms, asker.offset))
    return Headline(found, step, steps, today)


def breakdown(asker: Asker, words: OverviewWords, top: Headline) -> Breakdown:
    """The figures by name, hour of the week and time."""
    measured = f"{words.measure}:desc"

    def grouped(name: str) -> QueryWords:
        return words.query(by=[name], metrics=_GROUP_METRICS, order=measured, top=12)

    over_time = words.query(
        by=[top.step, words.split],
        metrics=("requests",) if words.split == "outcome" else (*MEASURES, "unpriced"),
        order="requests:desc",
        top=SHOWN_AT_MOST,
    )
    asked = [
        over_time,
        *map(grouped, ("model", "provider", "key")),
        words.query(by=["weekday-hour"], metrics=MEASURES),
    ]
    if top.step == "hour":
        return Breakdown(*asker.ask_all([*asked, words.query(by=["day"], metrics=_LATENCY)]))
    return Breakdown._make([*asker.ask_all(asked), top.found])


def requests_ever(asker: Asker, words: OverviewWords) -> int:
    """How many requests fit the filters, whatever the range: for whom the range has none."""
    ever = words.query(range="all", since=None, until=None, metrics=("requests",))
    return asker.ask(ever).total.requests or 0


def choices(asker: Asker, stats: UsageStats) -> dict[str, list[str]]:
    """What each filter can be set to: all names there ever were, most requests first."""
    by_name = [
        QueryWords(by=[name], metrics=("requests",), order="requests:desc")
        for name in ("key", "account")
    ]
    keys, accounts = ([row.labels[0] for row in found.rows] for found in asker.ask_all(by_name))
    return {
        "provider": [usage.provider for usage in stats.providers],
        "model": [usage.model for usage in stats.models],
        "key": keys,
        "account": accounts,
    }


# -- steps of time


def span_days(query: Query, first_day: str | None) -> float:
    """How many days a range goes over, up to now; an open beginning is the first day known."""
    until = query.range.until_hour
    end = query.now_hour + 1 if until is None else min(until, query.now_hour + 1)
    since = query.range.since_hour
    first = hour_of_label(first_day) if first_day else end - 24
    since = first if since is None else max(since, min(first, end - 24))
    return max(1, end - since) / 24


def step_of(asker: Asker, words: OverviewWords, first_day: str | None) -> tuple[list[str], str]:
    """The steps that there are for what is asked, and the one to take."""
    query = asker.meant(words.query())
    steps = steps_for(query, first_day)
    return steps, words.step if words.step in steps else usual_step(query, first_day)


def steps_for(query: Query, first_day: str | None) -> list[str]:
    """The steps of time that figures of a range can be read by."""
    days = span_days(query, first_day)
    return [name for name, (least, most) in _DAYS_BY_STEP.items() if least <= days <= most]


def usual_step(query: Query, first_day: str | None) -> str:
    """The step that shows a range best."""
    days = span_days(query, first_day)
    if days <= 3:
        return "hour"
    if days <= 62:
        return "day"
    return "week" if days <= 730 else "month"
