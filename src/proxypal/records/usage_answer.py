"""The answer to a query: a total, rows that add up to it, and what cannot be known. Pure.

Rows have one label for each thing grouped by. A single axis of time is complete, with zeros; two
groupings list what there is, and `axes` all labels in order. Beyond the top N the other groups
are one row, `folded` saying how many they were, so that rows always add up to the total. Must
not enter: where facts come from, how answers are drawn.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from proxypal.records.counters import Counters, total_of
from proxypal.records.usage_axes import (
    OUTCOME,
    OUTCOMES,
    TIMES,
    filled,
    time_label,
)
from proxypal.records.usage_gathering import (
    DayCell,
    Groups,
    HourCell,
    Key,
    only,
    sketches_by_group,
    split_by_outcome,
)
from proxypal.records.usage_metrics import (
    PERCENTILES,
    DaySketch,
    Figures,
    figures_of,
)
from proxypal.records.usage_notes import (
    Coverage,
    Note,
    Unplaced,
    is_exact,
    percentile_notes,
    tracking_note,
)
from proxypal.records.usage_query import BY_SKETCHES, Order, Query, QueryShape

OTHER = "other"


class UsageFacts(msgspec.Struct, kw_only=True, frozen=True):
    """What an answer is made from: each request is in exactly one of `cells` and `days`.

    More than is asked for may be given: `Query.range`, `admits`, `names`, `needs_hours` and
    `needs_sketches` say what will do. `sketches` hold all requests of their days.
    """

    cells: Iterable[HourCell] = ()
    days: Iterable[DayCell] = ()
    sketches: Iterable[DaySketch] = ()
    coverage: Coverage = Coverage()


class Row(Figures, kw_only=True, frozen=True, rename="camel"):
    """One group. `folded` is set for the rest beyond the top: how many groups it sums up."""

    labels: Sequence[str]
    folded: int | UnsetType = UNSET


class Answer(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """Figures of all that was asked for, and of each group. `exact`: see `usage_notes`."""

    query: QueryShape
    exact: bool
    notes: Sequence[Note]
    total: Figures
    axes: Sequence[Sequence[str]]
    rows: Sequence[Row]


class _Group(NamedTuple):
    """What is known of a group, and how many groups it sums up if it is the rest."""

    key: Key
    sums: Counters
    sketches: list[DaySketch]
    folded: int = 0


def answer(query: Query, facts: UsageFacts) -> Answer:
    """The answer, from facts that are read once."""
    unplaced = Unplaced(facts.coverage)
    groups = Groups(query)
    groups.add_hours(facts.cells)
    groups.add_days(facts.days, unplaced, facts.coverage.undated_until_hour)
    sums = groups.sums()
    total = total_of(list(sums.values()))
    is_narrowed = len(query.outcomes) < len(OUTCOMES)
    if is_narrowed:
        total = only(total, query.outcomes)
        sums = {key: left for key, found in sums.items() if (left := only(found, query.outcomes))}
    if OUTCOME in query.by:
        sums = split_by_outcome(sums, query)
    spread = sketches_by_group(query, facts.sketches) if query.needs_sketches else {}
    whole = list(chain.from_iterable(spread.values()))
    has_rows = BY_SKETCHES.issuperset(query.by)
    found = [_Group(key, one, spread.get(key, []) if has_rows else []) for key, one in sums.items()]
    arranged = _Arranging(query, counts_only=is_narrowed or OUTCOME in query.by)
    rows = arranged.rows(found) if query.by else []
    notes = [*tracking_note(query.range, facts.coverage), *unplaced.notes()]
    if any(name in PERCENTILES for name in query.wanted):
        notes += percentile_notes(
            query.range,
            any_known=query.has_distribution,
            rows_known=has_rows,
            counted=sum(sketch.durations.count for sketch in whole),
            requests=total.requests,
        )
    return Answer(
        query=query.shape,
        exact=is_exact(notes),
        notes=notes,
        total=Figures(**figures_of(total, query.metrics, whole, counts_only=is_narrowed)),
        axes=arranged.axes(rows),
        rows=[arranged.shown(group) for group in rows],
    )


class _Arranging:
    """Which groups are rows of their own, and in what order."""

    def __init__(self, query: Query, *, counts_only: bool) -> None:
        self._query = query
        self._counts_only = counts_only
        self._times = [place for place, name in enumerate(query.by) if name in TIMES]
        self._is_mixed = len(query.by) == 2 and len(self._times) == 1
        is_ranked = query.order is not None or query.top is not None
        self._is_chronological = not is_ranked and len(self._times) == len(query.by)
        self._names: list[Any] = []
        """Of time and names: the names with rows of their own, as they are ranked."""

    def rows(self, groups: list[_Group]) -> list[_Group]:
        """The groups as they are listed."""
        if self._is_mixed:
            return self._mixed(groups)
        if not self._is_chronological:
            return self._folded(self._ranked(groups))
        if len(self._query.by) == 1:
            present = {group.key for group in groups}
            empty = ((key,) for key in self._filled(0, groups) if (key,) not in present)
            groups = groups + [_Group(key, Counters(), []) for key in empty]
        return sorted(groups, key=lambda group: group.key)

    def _ranked(self, groups: list[_Group]) -> list[_Group]:
        order = self._query.order or Order(self._query.metrics[0], descending=True)
        ordered = sorted(groups, key=lambda group: group.key)
        metric = order.metric
        if metric is None:
            return ordered[::-1] if order.descending else ordered
        values = {group.key: self._figures(group, [metric])[metric] for group in groups}
        sign = -1 if order.descending else 1
        # What has no such figure comes last, whatever the direction.
        known = [group for group in ordered if values[group.key] is not None]
        known.sort(key=lambda group: sign * values[group.key])
        return known + [group for group in ordered if values[group.key] is None]

    def _folded(self, ranked: list[_Group]) -> list[_Group]:
        top = self._query.top
        if top is None or len(ranked) <= top:
            return ranked
        key: Key = (OTHER,) * len(self._query.by)
        return [*ranked[:top], _one(key, ranked[top:], folded=len(ranked) - top)]

    def _mixed(self, groups: list[_Group]) -> list[_Group]:
        """Time and names: the names are ranked over the whole time, each time folded by itself."""
        time, name = self._times[0], 1 - self._times[0]
        by_name: dict[Any, list[_Group]] = {}
        for group in groups:
            by_name.setdefault(group.key[name], []).append(group)
        ranked = self._ranked([_one((label,), found) for label, found in by_name.items()])
        top = len(ranked) if self._query.top is None else self._query.top
        places = {group.key[0]: place for place, group in enumerate(ranked)}
        self._names = [group.key[0] for group in ranked[:top]]
        rows = [group for group in groups if places[group.key[name]] < top]
        rest: dict[Any, list[_Group]] = {}
        for group in groups:
            if places[group.key[name]] >= top:
                rest.setdefault(group.key[time], []).append(group)
        for moment, found in rest.items():
            key = (moment, OTHER) if name else (OTHER, moment)
            rows.append(_one(key, found, folded=len(found)))

        def place(group: _Group) -> tuple[Any, ...]:
            rank = top if group.folded else places[group.key[name]]
            return (group.key[time], rank) if name else (rank, group.key[time])

        return sorted(rows, key=place)

    def axes(self, rows: list[_Group]) -> list[list[str]]:
        """The labels of each thing grouped by, in order, without the rest."""
        listed = [group for group in rows if not group.folded]
        found = []
        for place, name in enumerate(self._query.by):
            if place in self._times and (self._is_mixed or self._is_chronological):
                keys = self._filled(place, rows)
            elif self._is_mixed:
                keys = self._names
            else:
                keys = list(dict.fromkeys(group.key[place] for group in listed))
            found.append([_label(name, key) for key in keys])
        return found

    def _filled(self, place: int, groups: list[_Group]) -> list[Any]:
        keys: list[Any] = [group.key[place] for group in groups]
        since, until = self._query.range.since_hour, self._query.range.until_hour
        if since is not None or until is not None:
            now_end = self._query.now_hour + 1
            until = now_end if until is None else min(until, now_end)  # nothing to come
        return filled(self._query.by[place], keys, since, until)

    def shown(self, group: _Group) -> Row:
        """A group as a row of the answer."""
        labels = [
            OTHER if group.folded and key == OTHER else _label(name, key)
            for name, key in zip(self._query.by, group.key, strict=True)
        ]
        figures = self._figures(group, self._query.metrics)
        return Row(labels=labels, folded=group.folded or UNSET, **figures)

    def _figures(self, group: _Group, metrics: Sequence[str]) -> dict[str, Any]:
        return figures_of(group.sums, metrics, group.sketches, counts_only=self._counts_only)


def _one(key: Key, groups: list[_Group], folded: int = 0) -> _Group:
    sums = total_of([group.sums for group in groups])
    return _Group(key, sums, [one for group in groups for one in group.sketches], folded)


def _label(dimension: str, key: Any) -> str:  # noqa: ANN401 - a key of time or a name, by the dimension
    return time_label(dimension, key) if dimension in TIMES else key
