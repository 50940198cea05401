"""Old ProxyPal files, read into facts that a store can add: one call for the pair of files.

The way: bytes -> `tolerant_json` -> rows and claims (`legacy_history`, `legacy_aggregate`) ->
`legacy_settlement` -> `ImportedFacts`. Must not enter: where the files come from, whether they
were imported before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from proxypal.records.counters import Counters
from proxypal.records.imported import ImportedFacts, OldData
from proxypal.records.labels import LocalHours, hour_of_label
from proxypal.records.legacy_aggregate import OldAggregate, read_aggregate
from proxypal.records.legacy_cells import cells_of_rows
from proxypal.records.legacy_claims import Claims, Notes, active_days
from proxypal.records.legacy_history import OldHistory, read_history
from proxypal.records.legacy_settlement import Sums, settle
from proxypal.records.tolerant_json import Refused, kind_of, read_json

_QUARTER_MS = 900_000


def read_old_pair(
    history: bytes | None, aggregate: bytes | None, hours: LocalHours, *, mtime_ms: int | None
) -> OldData:
    """Read an old `history.json`, an old `aggregate.json`, or both; None is a missing file.

    `hours` is the zone that day and hour labels are made in. `mtime_ms` is when the files were
    last written; without it the newest day is taken to be complete. Never raises: a file that
    cannot be read is named in `unreadable`, and the other one is read all the same.
    """
    unreadable: list[str] = []
    trees = [
        _tree(data, name, unreadable)
        for name, data in (("history.json", history), ("aggregate.json", aggregate))
    ]
    return _facts(trees[0], trees[1], hours, mtime_ms, unreadable)


def read_bundle(data: bytes, hours: LocalHours, *, mtime_ms: int | None = None) -> OldData:
    """Read an export of ProxyPal v0.4.43 or later: both files in one.

    Its own `exported_at` counts as the time of writing; `mtime_ms` stands in where it lacks.
    Never raises.
    """
    unreadable: list[str] = []
    tree = _tree(data, "the export", unreadable)
    if tree is None:
        return OldData(facts=None, unreadable=unreadable)
    parts: list[dict[str, Any] | None] = []
    for key in ("request_history", "aggregate"):
        part = tree.get(key)
        if part is not None and not isinstance(part, dict):
            unreadable.append(f"{key} in the export: it is {kind_of(part)} and not an object.")
        parts.append(part if isinstance(part, dict) else None)
    if parts == [None, None] and not unreadable:
        unreadable.append("the export: it holds neither request_history nor aggregate.")
    exported_ms = _moment(tree.get("exported_at"))
    written_ms = mtime_ms if exported_ms is None else exported_ms
    return _facts(parts[0], parts[1], hours, written_ms, unreadable)


def _tree(data: bytes | None, name: str, unreadable: list[str]) -> dict[str, Any] | None:
    if data is None:
        return None
    try:
        tree = read_json(data)
        if isinstance(tree, dict):
            return tree
        unreadable.append(f"{name}: it is {kind_of(tree)} and not an object.")
    except Refused as error:
        unreadable.append(f"{name}: {error}.")
    return None


def _moment(text: object) -> int | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
        return None if moment is None or moment.tzinfo is None else int(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _facts(
    history_tree: Mapping[str, Any] | None,
    aggregate_tree: Mapping[str, Any] | None,
    hours: LocalHours,
    mtime_ms: int | None,
    unreadable: list[str],
) -> OldData:
    if history_tree is None and aggregate_tree is None:
        return OldData(facts=None, unreadable=unreadable)
    notes = Notes("history.json"), Notes("aggregate.json")
    history = read_history(history_tree or {}, hours, notes[0])
    aggregate = read_aggregate(aggregate_tree or {}, notes[1])
    claims = Claims()
    claims.raise_to(history.claims)
    claims.raise_to(aggregate.claims)
    sums = settle(history.rows, claims, hours)
    cells, sketches = cells_of_rows(history.rows, sums, hours)
    days = sorted({*history.days, *active_days(aggregate.claims)})
    facts = ImportedFacts(
        requests=history.rows,
        sums=sums,
        cells=cells,
        sketches=sketches,
        created_at_ms=_created_at(history, aggregate, days, hours),
        watermark_ms=_watermark(history, days, hours, mtime_ms),
        history_extras=history.extras,
        aggregate_extras=aggregate.extras,
        notes=[*notes[0].sentences(), *notes[1].sentences(), *_settled_notes(claims, sums)],
    )
    return OldData(facts=facts, unreadable=unreadable)


def _times(history: OldHistory) -> list[int]:
    return [row.timestamp for row in history.rows if row.timestamp]


def _created_at(
    history: OldHistory, aggregate: OldAggregate, days: list[str], hours: LocalHours
) -> int | None:
    moments = _times(history)
    if aggregate.created_at_ms is not None:
        moments.append(aggregate.created_at_ms)
    if days:
        moments.append(start_of_hour(hours, hour_of_label(days[0])))
    return min(moments, default=None)


def _watermark(
    history: OldHistory, days: list[str], hours: LocalHours, mtime_ms: int | None
) -> int | None:
    moments = _times(history)
    if days:
        end_ms = start_of_hour(hours, hour_of_label(days[-1]) + 24) - 1
        moments.append(end_ms if mtime_ms is None else min(mtime_ms, end_ms))
    return max(moments, default=None)


def start_of_hour(hours: LocalHours, hour: int) -> int:
    """The first Unix millisecond of a local hour, of the next one where a clock change skips it."""
    low, high = max(0, hour - 30) * 4, (hour + 30) * 4
    while low < high:
        middle = (low + high) // 2
        if hours(middle * _QUARTER_MS) < hour:
            low = middle + 1
        else:
            high = middle
    return low * _QUARTER_MS


def _settled_notes(claims: Claims, sums: Sums) -> list[str]:
    """What was claimed beside what it came to, if these differ."""
    total = sums["total", ""]
    stated = claims.total
    says = {
        "requests": (stated.get("requests"), total.requests),
        "successes": (stated.get("success"), total.success),
        "failures": (stated.get("failures"), total.failures),
        "input tokens": (stated.get("tokens_in"), total.tokens_in),
        "output tokens": (stated.get("tokens_out"), total.tokens_out),
        "cached tokens": (stated.get("tokens_cached"), total.tokens_cached),
    }
    notes = [
        f"{what}: the file contradicts itself: its total is {claimed:,}, its rows and days give "
        f"{settled:,}; {settled:,} is used"
        for what, (claimed, settled) in says.items()
        if claimed is not None and claimed != settled
    ]
    return [*notes, *_cut_hours(claims, sums)]


def _cut_hours(claims: Claims, sums: Sums) -> list[str]:
    cut = 0
    for label, claim in claims.hour.items():
        kept = sums.get(("hour", label), Counters())
        cut += kept.requests < claim.get("requests", 0) or kept.tokens < claim.get("tokens", 0)
    return [f"{cut} hours claimed more than their day has; they were cut to fit it"] if cut else []
