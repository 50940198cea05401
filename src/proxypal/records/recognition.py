"""What kind of file `proxypal import` was given. Contents decide; the name only breaks ties.

Must not enter: reading the file as what it is (a recognised file may still be damaged).
"""

import re
from typing import Literal

import msgspec

from proxypal.records.tolerant_json import Refused, read_json

Kind = Literal["history", "aggregate", "bundle", "usage-export", "log", "ndjson", "csv", "unknown"]

_HEAD_BYTES = 256 * 1024
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
    text = data.lstrip(b"\0 \t\r\n\xef\xbb\xbf")
    by_contents = _by_json(text) if text[:1] == b"{" else _by_lines(text[:_HEAD_BYTES])
    return _by_name(name) if by_contents == "unknown" else by_contents


def _by_json(text: bytes) -> Kind:
    if _is_several_records(text):
        return "ndjson"
    try:
        tree = read_json(text)
        keys = frozenset(tree) if isinstance(tree, dict) else frozenset()
    except Refused:
        # Cut or damaged: the keys at its beginning are as good as those of the whole.
        keys = frozenset(found.decode() for found in _JSON_KEY.findall(text[:_HEAD_BYTES]))
    return _by_keys(keys)


def _is_several_records(text: bytes) -> bool:
    """Whether the first line alone is an object, and another one follows."""
    first, _, rest = text.partition(b"\n")
    if not rest.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(msgspec.json.decode(first), dict)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return False


def _by_keys(keys: frozenset[str]) -> Kind:
    if "request_history" in keys or "aggregate" in keys:
        return "bundle"
    if "usage" in keys and "status" not in keys:
        return "usage-export"
    kinds: tuple[tuple[Kind, frozenset[str]], ...] = (
        ("history", _HISTORY_KEYS),
        ("aggregate", _AGGREGATE_KEYS),
    )
    fits = {kind: len(keys & expected) for kind, expected in kinds}
    if fits["history"] != fits["aggregate"]:
        return "history" if fits["history"] > fits["aggregate"] else "aggregate"
    return "ndjson" if len(keys & _RECORD_KEYS) >= 2 else "unknown"


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
