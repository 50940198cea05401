"""An old `history.json`: its rows as requests, its totals and series as claims.

Formats of ProxyPal v0.1.0-v0.4.51: `req_N` and `log_N` ids that start again with each run of the
app, `null` tokens, totals of one session, hours without a date. Every row is a request that the
old app counted, also those it should not have counted (`GET`, `/count_tokens`): they stay.
Must not enter: deciding between claims.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from proxypal.records.extras import clean_extras
from proxypal.records.incoming import settled_model, settled_provider, text_changes
from proxypal.records.labels import LocalHours, day_label
from proxypal.records.legacy_claims import (
    MOST,
    ClaimReader,
    Claims,
    Notes,
    active_days,
    unknown_keys,
)
from proxypal.records.masking import clean_path
from proxypal.records.request import RequestLog
from proxypal.records.request_fields import FIELDS, flatten_extras, read_count
from proxypal.records.tolerant_json import Refused, kind_of, printable

LATEST_MS = 4_102_444_800_000
"""The year 2100: no request of an old file is from after that."""

_TOTALS = {
    "totalRequestCount": "requests",
    "totalSuccessCount": "success",
    "totalTokensIn": "tokens_in",
    "totalTokensOut": "tokens_out",
    "totalTokensCached": "tokens_cached",
    "totalCostUsd": "cost",
}
_KNOWN = frozenset({*_TOTALS, "requests", "tokensByDay", "tokensByHour", "published"})
_RESTARTING_ID = re.compile(r"(?:req|log)_\d+", re.ASCII)
_SUMMED = tuple(
    name
    for name, reader in FIELDS.values()
    if reader is read_count and not name.startswith("timestamp")
)


class OldHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What one history says. Rows keep their order; `timestamp` 0 means the row had no time.

    `days` are the labels at which the series counted something, also where the rows know better.
    """

    rows: list[RequestLog]
    claims: Claims
    days: list[str]
    extras: dict[str, Any]


def read_history(tree: Mapping[str, Any], hours: LocalHours, notes: Notes) -> OldHistory:
    """Read a decoded `history.json`; what cannot be read is noted and left out."""
    rows = _rows(tree.get("requests"), notes)
    reader = ClaimReader(notes)
    reader.totals(tree, _TOTALS)
    reader.series(tree, "tokensByDay", "tokens")
    reader.series(tree, "tokensByHour", "tokens")
    claims = reader.claims
    # The series counts the rows' tokens again, and the rows know it better; what the series
    # has beyond them still belongs into the lifetime total.
    claims.total["tokens"] = sum(claim.get("tokens", 0) for claim in claims.day.values())
    days = active_days(claims)
    for day in _days_with_tokens(rows, hours):
        claims.day.pop(day, None)
    return OldHistory(rows=rows, claims=claims, days=days, extras=unknown_keys(tree, _KNOWN, notes))


def _days_with_tokens(rows: list[RequestLog], hours: LocalHours) -> set[str]:
    return {
        day_label(hours(row.timestamp))
        for row in rows
        if row.timestamp and (row.tokens_in or row.tokens_out)
    }


def _rows(items: object, notes: Notes) -> list[RequestLog]:
    if items is None:
        return []
    if not isinstance(items, list):
        notes.add(f"requests is {kind_of(items)} and not a list; left out")
        return []
    spent = dict.fromkeys(_SUMMED, 0)
    rows = []
    for number, item in enumerate(items, 1):
        if isinstance(item, dict):
            rows.append(_row(item, notes, f"request {number}", spent))
        else:
            notes.add(f"request {number} is {kind_of(item)} and not an object; left out")
    times = Counter(row.id for row in rows)
    return [row if _is_unique(row.id, times) else _without_id(row) for row in rows]


def _is_unique(identifier: str, times: Mapping[str, int]) -> bool:
    return times[identifier] == 1 and not _RESTARTING_ID.fullmatch(identifier)


def _without_id(row: RequestLog) -> RequestLog:
    return msgspec.structs.replace(row, id="", legacy_id=row.legacy_id or row.id or None)


def _row(item: dict[str, Any], notes: Notes, what: str, spent: dict[str, int]) -> RequestLog:
    values: dict[str, Any] = {"status": 0}
    for key, value in item.items():
        if key in FIELDS and value is not None:
            name, read = FIELDS[key]
            try:
                read_value = read(value)
                if name in spent:
                    read_value = _within(read_value, spent, name)
                values[name] = printable(read_value) if isinstance(read_value, str) else read_value
            except Refused as error:
                notes.add(f"{what}, {key}: {error}; left out")
    if values.get("timestamp", 0) >= LATEST_MS:
        values["timestamp_claimed"] = values.pop("timestamp")
    if not values.get("timestamp"):
        notes.add(f"{what} has no time; it is kept and counted without a day")
    row = RequestLog(**values, extras=_extras(item, notes, what))
    return msgspec.structs.replace(
        row,
        **text_changes(row),
        provider=settled_provider(row.provider),
        model=settled_model(row.model),
        path=clean_path(row.path),
    )


def _within(value: int, spent: dict[str, int], name: str) -> int:
    if spent[name] + value > MOST:
        raise Refused("with the other requests it adds up beyond 2^50")
    spent[name] += value
    return value


def _extras(item: dict[str, Any], notes: Notes, what: str) -> dict[str, Any] | None:
    extras = {key: value for key, value in item.items() if key not in FIELDS}
    try:
        return clean_extras(flatten_extras(extras))
    except Refused as error:
        notes.add(f"{what}, {error}; they are left in the original file only")
        return None
