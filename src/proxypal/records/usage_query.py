"""A question about usage: which requests, grouped by what, measured how. Pure.

One form for every surface: `QueryWords` are what a person typed or a URL holds, `Query` is what
they mean in the zone of the data at a moment. Must not enter: the facts, and the answer.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from proxypal.errors import WrongUsage
from proxypal.records.imported import Names
from proxypal.records.labels import Offset
from proxypal.records.local_range import LocalRange, RangeReader, range_labels
from proxypal.records.name_filters import Condition, parse_condition
from proxypal.records.request import shorten
from proxypal.records.tolerant_json import Refused
from proxypal.records.usage_axes import BY_HOUR, DIMENSIONS, NAMES, OUTCOME, OUTCOMES
from proxypal.records.usage_metrics import METRICS, PERCENTILES, SHORT_NAMES, USUAL_METRICS

BY_SKETCHES = frozenset({"day", "week", "month", "provider", "model"})
"""What percentiles can be grouped by."""

_MOST_GROUPINGS = 2
_SEPARATORS = re.compile(r"[^a-z0-9]")
_TOP_AT_MOST = 1_000_000


class QueryWords(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A query in the user's words. `by` and `metrics` may hold several, separated by commas.

    `range` is for itself, so is `last`; `since` and `until` go together. All conditions of
    `where` must hold. `order` is a metric or `label`, with `:asc` or `:desc` behind it or not.
    """

    range: str | None = None
    since: str | None = None
    until: str | None = None
    last: str | None = None
    where: Sequence[str] = ()
    by: Sequence[str] = ()
    metrics: Sequence[str] = ()
    order: str | None = None
    top: int | str | None = None


class Order(msgspec.Struct, frozen=True):
    """By which figure groups are sorted, or by their label (`metric` None)."""

    metric: str | None
    descending: bool


class QueryShape(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """A query as it was understood, for showing. `since` and `until` are local hours."""

    since: str | None
    until: str | None
    cuts: Sequence[str]
    where: Sequence[str]
    by: Sequence[str]
    metrics: Sequence[str]
    order: str | None
    top: int | None


class Query(msgspec.Struct, kw_only=True, frozen=True):
    """A query as it is meant. `now_hour` is the local hour it was asked in.

    Its properties say what has to be read to answer it.
    """

    range: LocalRange = LocalRange()
    where: tuple[Condition, ...] = ()
    by: tuple[str, ...] = ()
    metrics: tuple[str, ...] = USUAL_METRICS
    order: Order | None = None
    top: int | None = None
    now_hour: int = 0

    def admits(self, names: Names) -> bool:
        """Whether the conditions on names let a series pass."""
        return all(
            condition.admits(names[NAMES.index(condition.field)])
            for condition in self.where
            if condition.field != OUTCOME
        )

    @property
    def outcomes(self) -> frozenset[str]:
        """The outcomes asked for."""
        found = frozenset(OUTCOMES)
        for condition in self.where:
            if condition.field == OUTCOME:
                found &= condition.outcomes
        return found

    @property
    def filtered_names(self) -> frozenset[str]:
        """Which of `NAMES` there are conditions on."""
        return frozenset(condition.field for condition in self.where) - {OUTCOME}

    @property
    def names(self) -> frozenset[str]:
        """Which of `NAMES` matter: facts may be summed over all others before they are given."""
        return self.filtered_names | (frozenset(self.by) & frozenset(NAMES))

    @property
    def needs_hours(self) -> bool:
        """Whether hours matter within whole days; without, sums of these days will do."""
        return not BY_HOUR.isdisjoint(self.by)

    @property
    def needs_sketches(self) -> bool:
        """Whether a percentile is asked for that sketches can answer, at least in total."""
        return self.has_distribution and any(name in PERCENTILES for name in self.wanted)

    @property
    def has_distribution(self) -> bool:
        """Whether the requests asked for are those of sketches: kept by day, provider, model."""
        has_all_outcomes = len(self.outcomes) == len(OUTCOMES)
        return has_all_outcomes and self.filtered_names <= BY_SKETCHES

    @property
    def wanted(self) -> tuple[str, ...]:
        """The metrics, and the one that groups are sorted by."""
        metric = None if self.order is None else self.order.metric
        return self.metrics if metric in {None, *self.metrics} else (*self.metrics, str(metric))

    @property
    def shape(self) -> QueryShape:
        """For showing."""
        since, until = range_labels(self.range)
        order = None
        if self.order is not None:
            name = "label" if self.order.metric is None else _camel(self.order.metric)
            order = f"{name}:{'desc' if self.order.descending else 'asc'}"
        return QueryShape(
            since=since,
            until=until,
            cuts=self.range.cuts,
            where=[condition.text for condition in self.where],
            by=self.by,
            metrics=[_camel(name) for name in self.metrics],
            order=order,
            top=self.top,
        )


def parse_query(
    words: QueryWords, now_ms: int, offset: Offset, names: Mapping[str, str] | None = None
) -> Query | str:
    """What the words mean, or why they mean nothing: a reason that follows a colon.

    `offset` is of the data's zone; `names` are what the user calls keys and accounts, by label.
    Never raises, whatever the text.
    """
    reader = RangeReader(now_ms, offset)
    try:
        return Query(
            range=_range(words, reader),
            where=tuple(parse_condition(text, names or {}) for text in words.where),
            by=_groupings(words.by),
            metrics=_metrics(words.metrics),
            order=None if words.order is None else _order(words.order),
            top=None if words.top is None else _top(words.top),
            now_hour=reader.now_hour,
        )
    except Refused as error:
        return str(error)


def understood(
    words: QueryWords, now_ms: int, offset: Offset, names: Mapping[str, str] | None = None
) -> Query:
    """As `parse_query`.

    Raises:
        WrongUsage: they mean nothing; the message says why.
    """
    query = parse_query(words, now_ms, offset, names)
    if isinstance(query, str):
        raise WrongUsage(f"Not a question about usage: {query}.")
    return query


def _range(words: QueryWords, reader: RangeReader) -> LocalRange:
    bounds = words.since is not None or words.until is not None
    if bounds + (words.range is not None) + (words.last is not None) > 1:
        raise Refused("a range, a last span, and since/until exclude each other; give one of them")
    if words.range is not None:
        return reader.read(words.range)
    if words.last is not None:
        return reader.last(words.last)
    since, until = words.since, words.until
    return reader.between(since and since.strip(), until and until.strip())


def _groupings(texts: Sequence[str]) -> tuple[str, ...]:
    found = tuple(_one_of(DIMENSIONS, {}, word, "nothing to group by") for word in _separate(texts))
    if len(found) > _MOST_GROUPINGS:
        raise Refused("usage is grouped by at most two at once")
    if len(set(found)) < len(found):
        raise Refused(f"usage is grouped by {found[0]} already")
    return found


def _metrics(texts: Sequence[str]) -> tuple[str, ...]:
    words = _separate(texts)
    if [word.strip().lower() for word in words] == ["all"]:
        return METRICS
    found = (_one_of(METRICS, SHORT_NAMES, word, "no metric") for word in words)
    return tuple(dict.fromkeys(found)) or USUAL_METRICS


def _order(text: str) -> Order:
    name, _, direction = text.strip().partition(":")
    if direction not in {"", "asc", "desc"}:
        raise Refused(f"{_shown(direction)} in order {_shown(text)} is neither asc nor desc")
    if name == "label":
        return Order(None, direction == "desc")
    return Order(_one_of(METRICS, SHORT_NAMES, name, "no metric to sort by"), direction != "asc")


def _top(value: int | str) -> int:
    text = str(value).strip() if isinstance(value, str) else value
    if isinstance(text, str):
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise Refused(f"top {_shown(text)} is no whole number from 1 on")
        text = int(text)
    if not 1 <= text <= _TOP_AT_MOST:
        raise Refused(f"top must be a whole number from 1 to {_TOP_AT_MOST:,}")
    return text


def _separate(texts: Sequence[str]) -> list[str]:
    return [word for text in texts for word in text.split(",") if word.strip()]


def _one_of(known: Sequence[str], aliases: Mapping[str, str], word: str, what: str) -> str:
    """The known name that is written `word`, in snake, kebab or camel case."""
    wanted = _plain(word)
    for name in known:
        if _plain(name) == wanted:
            return name
    for alias, name in aliases.items():
        if _plain(alias) == wanted:
            return name
    raise Refused(f"{_shown(word.strip())} is {what}; there are {', '.join(known)}")


def _plain(word: str) -> str:
    return _SEPARATORS.sub("", word.lower())


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _shown(text: str) -> str:
    return repr(shorten(text, 60))
