"""The same questions answered by SQLite from raw rows, with an index on their time."""

import sqlite3
from collections.abc import Iterable, Sequence
from math import ceil
from pathlib import Path
from typing import NamedTuple

from proxypal import RequestLog

_COLUMNS = (
    "timestamp", "provider", "model", "key", "account", "status", "duration_ms", "ttft_ms",
    "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_reasoning",
    "cost_usd",
)  # fmt: skip
_OUTCOME = (
    "CASE WHEN status < 400 THEN 0 WHEN status IN (429, 499) THEN status ELSE status / 100 END"
)
_GROUPS = {
    "hour": "timestamp / 3600000",
    "day": "timestamp / 86400000",
    "month": "strftime('%Y-%m', timestamp / 1000, 'unixepoch')",
    "weekday-hour": "timestamp / 86400000 % 7, timestamp / 3600000 % 24",
    "outcome": _OUTCOME,
}
_FIGURES = (
    "count(*), sum(status >= 400), sum(tokens_in), sum(tokens_out), sum(tokens_cached), "
    "sum(cost_usd), sum(tokens_in > 0 AND cost_usd IS NULL), avg(duration_ms)"
)


class Asked(NamedTuple):
    """A question in words, and as a span of milliseconds back from the end of the traffic."""

    name: str
    words: dict[str, object]
    since_ms: int
    until_ms: int
    by: Sequence[str] = ()
    where: tuple[str, str] | None = None
    percentiles: bool = False


class RawRows:
    """A row for each request, as the collectors that we are compared with keep them."""

    name = "SQLite, raw rows, index on time"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute(f"CREATE TABLE requests ({', '.join(_COLUMNS)})")
        self._connection.execute("CREATE INDEX by_time ON requests (timestamp)")

    def add(self, requests: Iterable[RequestLog]) -> None:
        """Keep requests."""
        self._connection.executemany(
            f"INSERT INTO requests VALUES ({', '.join('?' * len(_COLUMNS))})",
            [
                (
                    r.timestamp, r.provider, r.model, r.api_key, r.account, r.status,
                    r.duration_ms, r.ttft_ms, r.tokens_in, r.tokens_out, r.tokens_cached,
                    r.tokens_cache_write, r.tokens_reasoning,
                    None if r.cost_usd is None else float(r.cost_usd),
                )
                for r in requests
            ],
        )  # fmt: skip
        self._connection.commit()

    def ask(self, asked: Asked) -> int:
        """Answer a question; how many requests it was about."""
        groups = ", ".join(_GROUPS.get(name, name) for name in asked.by)
        where, values = "timestamp >= ? AND timestamp < ?", [asked.since_ms, asked.until_ms]
        named: list[object] = [*values]
        if asked.where is not None:
            where += f" AND {asked.where[0]} = ?"
            named.append(asked.where[1])
        if asked.percentiles:
            return self._percentiles(
                f"SELECT {groups}, duration_ms FROM requests WHERE {where}", named
            )
        sql = f"SELECT {_FIGURES}{', ' if groups else ''}{groups} FROM requests WHERE {where}"
        rows = self._connection.execute(f"{sql} GROUP BY {groups}" if groups else sql, named)
        return sum(row[0] or 0 for row in rows)

    def _percentiles(self, sql: str, values: Sequence[object]) -> int:
        found: dict[object, list[int]] = {}
        for group, duration_ms in self._connection.execute(sql, values):
            found.setdefault(group, []).append(duration_ms)
        for durations in found.values():
            durations.sort()
            for fraction in (0.5, 0.95, 0.99):
                durations[ceil(fraction * len(durations)) - 1]
        return sum(map(len, found.values()))
