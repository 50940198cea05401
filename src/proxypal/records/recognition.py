"""What kind of file `proxypal import` was given. Contents decide; the name only breaks ties.

Must not enter: reading the file as what it is (a recognised file may still be damaged).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from proxypal.records.tolerant_json import Refused, read_json

Kind = Literal[
    "history",
    "aggregate",
    "bundle",
    "usage-export",
    "log",
    "ndjson",
    "csv",
    "keeper",
    "plus",
    "queue",
    "ccusage",
    "own-database",
    "unknown",
]
"""`ndjson` is requests as `proxypal record` takes them, `queue` usage records and `plus` events
of CPA-Manager-Plus, one per line. `keeper` is any SQLite database but ours, which is
`own-database`: nothing to import, it is where everything already is (see `REFUSED`)."""

KIND_WORDS: Mapping[Kind, str] = {
    "history": "an old history of ProxyPal",
    "aggregate": "an old aggregate of ProxyPal",
    "bundle": "an old history of ProxyPal and its aggregate",
    "usage-export": "a usage export of CLIProxyAPI",
    "log": "a log of CLIProxyAPI",
    "ndjson": "requests, one per line (NDJSON)",
    "csv": "requests as CSV",
    "keeper": "a database of CPA Usage Keeper",
    "plus": "events of CPA-Manager-Plus",
    "queue": "usage records of CLIProxyAPI",
    "ccusage": "a report of ccusage",
    "own-database": "a database of ProxyPal",
    "unknown": "nothing known",
}
"""A kind as a person calls it."""

REFUSED = {
    "own-database": (
        "it is ProxyPal's own database: to add another data directory's numbers, import its "
        "history.json and aggregate.json; to use it as it is, give `--data-dir` its folder"
    ),
}
"""Why a kind that is recognised is never read."""

OWN_APPLICATION_ID = 0x70707864
"""What `PRAGMA application_id` says in our own database."""

_HEAD_BYTES = 256 * 1024
_LOOKED_AT = 5
_LINE_KINDS: tuple[Kind, ...] = ("plus", "queue", "ccusage", "ndjson")
_LOG_LINE = re.compile(
    rb"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] ?\[|\[GIN\] \d{4}/\d\d/\d\d - \d\d:\d\d:\d\d"
)
_CSV_HEADER = re.compile(rb'"?timestamp"?,"?provider"?,"?model"?,"?status"?')
_JSON_KEY = re.compile(rb'"([A-Za-z_]{3,24})"\s*:')
_HISTORY_KEYS = frozenset({"requests", "totalRequestCount"})
_AGGREGATE_KEYS = frozenset(
    {
        "createdAt",
        "totalRequests",
        "totalFailureCount",
        "requestsByDay",
        "requestsByHour",
        "modelStats",
        "providerStats",
    }
)
_SQLITE = b"SQLite format 3\0"
_APPLICATION_ID = slice(68, 72)  # of the header, https://www.sqlite.org/fileformat.html
_EVENT_KEYS = frozenset({"event_hash", "eventHash"})
_QUEUE_KEYS = frozenset(
    {"tokens", "token_breakdown", "auth_index", "auth_type", "latency_ms", "endpoint", "failed"}
)
_REPORT_KEYS = frozenset(
    {"daily", "weekly", "monthly", "session", "sessions", "blocks", "projects"}
)
_DAY_KEYS = frozenset({"modelsUsed", "modelBreakdowns", "cacheCreationTokens", "costUSD"})
_RECORD_KEYS = frozenset({"status", "timestamp", "model", "request_id", "requestId", "durationMs"})
_NAMES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"history.*\.json"), "history"),
    (re.compile(r"aggregate.*\.json"), "aggregate"),
    (re.compile(r"\.(ndjson|jsonl)$"), "ndjson"),
    (re.compile(r"\.csv$"), "csv"),
    (re.compile(r"\.log(\.|$)"), "log"),
)


def recognise(data: bytes, name: str) -> Kind:
    """The kind of a file with these contents and this name. Never raises.

    `data` may be the whole file or its beginning: a damaged or cut `history.json` is still
    recognised as one, so that the message can say what is wrong with it.
    """
    if data.startswith(_SQLITE):
        is_ours = int.from_bytes(data[_APPLICATION_ID], "big") == OWN_APPLICATION_ID
        return "own-database" if is_ours else "keeper"
    text = data.lstrip(b"\0 \t\r\n\xef\xbb\xbf")
    by_contents = _by_json(text) if text[:1] in {b"{", b"["} else "unknown"
    if by_contents == "unknown" and text[:1] != b"{":
        by_contents = _by_lines(text[:_HEAD_BYTES])
    return _by_name(name) if by_contents == "unknown" else by_contents


def _by_json(text: bytes) -> Kind:
    records = _first_records(text)
    if records:
        return _by_records(records)
    try:
        tree = read_json(text) if text[:1] == b"{" else None
        keys = frozenset(tree) if isinstance(tree, dict) else frozenset()
    except Refused:
        # Cut or damaged: the keys at its beginning are as good as those of the whole.
        keys = frozenset(found.decode() for found in _JSON_KEY.findall(text[:_HEAD_BYTES]))
    return _by_keys(keys)


def _first_records(text: bytes) -> list[dict[str, Any]]:
    """The objects on the first lines, if each is whole: one per line, or several in a list."""
    lines = text[:_HEAD_BYTES].split(b"\n", _LOOKED_AT)[:_LOOKED_AT]
    if text[:1] == b"{" and not b"".join(lines[1:]).lstrip().startswith((b"{", b"[")):
        return []
    trees = [tree for line in lines for tree in _trees(line)]
    return trees if list(_trees(lines[0])) else []


def _trees(line: bytes) -> Iterator[dict[str, Any]]:
    try:
        tree = read_json(line)
    except Refused:
        return
    for record in tree if isinstance(tree, list) else [tree]:
        if isinstance(record, dict):
            yield record


def _by_records(records: Sequence[dict[str, Any]]) -> Kind:
    kinds = {_by_record(frozenset(record)) for record in records}
    for kind in _LINE_KINDS:
        if kind in kinds:
            return kind
    return "unknown"


def _by_record(keys: frozenset[str]) -> Kind:
    if keys & _EVENT_KEYS:
        return "plus"
    if "status" not in keys and "timestamp" in keys and len(keys & _QUEUE_KEYS) >= 2:
        return "queue"
    return "ccusage" if "date" in keys and keys & _DAY_KEYS else "ndjson"


def _by_keys(keys: frozenset[str]) -> Kind:
    if "request_history" in keys or "aggregate" in keys:
        return "bundle"
    is_record = bool(keys & _RECORD_KEYS)
    if "status" not in keys and not keys & _EVENT_KEYS:
        if "usage" in keys or "apis" in keys:
            return "usage-export"
        if keys & _REPORT_KEYS and not keys & _HISTORY_KEYS and not is_record:
            return "ccusage"
    is_line = len(keys & _RECORD_KEYS) >= 2 or keys & _EVENT_KEYS
    return _by_old_keys(keys) or (_by_record(keys) if is_line else "unknown")


def _by_old_keys(keys: frozenset[str]) -> Kind | None:
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("history", _HISTORY_KEYS),
        ("aggregate", _AGGREGATE_KEYS),
    )
    fits = {kind: len(keys & expected) for kind, expected in kinds}
    if fits["history"] == fits["aggregate"]:
        return None
    return "history" if fits["history"] > fits["aggregate"] else "aggregate"


def _by_lines(head: bytes) -> Kind:
    if _CSV_HEADER.match(head):
        return "csv"
    return "log" if _LOG_LINE.search(head) else "unknown"


def _by_name(name: str) -> Kind:
    lowered = name.lower()
    for pattern, kind in _NAMES:
        if pattern.search(lowered):
            return kind
    return "unknown"
