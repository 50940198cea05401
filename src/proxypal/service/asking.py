"""A question about usage in the user's words, made into a query: one path for every surface.

Must not enter: who asks, and how the answer is shown.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from proxypal.records.labels import Offset
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_query import Query, QueryWords, understood
from proxypal.service.settings_file import Settings
from proxypal.store.protocol import RequestStore

if TYPE_CHECKING:
    from proxypal.service.usage_report import GroupBy, UsageReport

_NAMED = frozenset({"key", "account"})
"""What the user can give names to in the settings."""

_REPORTED = (("day",), ("hour",), ("model",), ("provider",), ())
"""What the report of a span can be grouped by; its JSON is older than the answers to queries."""


def query_of(words: QueryWords, settings: Settings, now_ms: int, offset: Offset) -> Query:
    """What the words mean now; `offset` is of the data's zone.

    Raises:
        WrongUsage: they mean nothing; the message says why.
    """
    return understood(words, now_ms, offset, settings.names)


def needs_names(query: Query) -> bool:
    """Whether the user's names of keys and accounts bear on the answer or its showing."""
    return not _NAMED.isdisjoint(query.names)


def names_of_axes(query: Query, found: Answer, settings: Settings) -> Sequence[dict[str, str]]:
    """For each thing grouped by: the user's names for its labels, each told from the others."""
    return [
        settings.shown_apart(labels) if dimension in _NAMED else {}
        for dimension, labels in zip(query.by, found.axes, strict=True)
    ]


def told(
    store: RequestStore, words: QueryWords, query: Query, offset: Offset
) -> "UsageReport | Answer":
    """What is answered in JSON, wherever it is asked: the report of a span, or the answer.

    `query` is what the words mean; `offset` is of the data's zone.
    """
    if not _is_report(words):
        return store.query(query)
    from proxypal.service.usage_report import usage_report  # noqa: PLC0415 - one form of several

    by = cast("GroupBy | None", query.by[0] if query.by else None)
    return usage_report(store, by, query.range, query.now_hour, offset)


def _is_report(words: QueryWords) -> bool:
    """Whether nothing is asked that the report of a span does not tell."""
    span = QueryWords(since=words.since, until=words.until, by=words.by)
    return words == span and tuple(words.by) in _REPORTED
