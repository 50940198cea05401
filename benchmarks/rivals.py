"""What we measure ourselves against."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from proxypal.records.request import RequestLog, encode_request


class RawAppend:
    """The least a durable record can cost: append the bytes, fdatasync."""

    name = "raw append + fdatasync"

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "raw.ndjson", os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def record(self, request: RequestLog) -> None:
        """One request, durable."""
        os.write(self._file, encode_request(request) + b"\n")
        os.fdatasync(self._file)


class SeedAlgorithm:
    """The seed's pseudo-code in Python: load both, update, save both (temp, fsync, rename)."""

    def __init__(self, folder: Path, *, synced: bool = True) -> None:
        self.name = "the seed's algorithm" if synced else "the seed's algorithm without fsync"
        self._synced = synced
        self._history = folder / f"seed-history-{synced}.json"
        self._aggregate = folder / f"seed-aggregate-{synced}.json"
        self._save(self._history, {"requests": [], "totalTokensIn": 0})
        self._save(
            self._aggregate,
            {
                "totalRequests": 0,
                "totalSuccessCount": 0,
                "totalFailureCount": 0,
                "totalTokensIn": 0,
                "totalTokensOut": 0,
                "requestsByDay": [],
                "tokensByDay": [],
                "modelStats": {},
                "providerStats": {},
            },
        )

    def _save(self, path: Path, tree: dict[str, Any]) -> None:
        temporary = path.with_suffix(".json.tmp")
        with temporary.open("w") as file:
            json.dump(tree, file, indent=2)
            file.flush()
            if self._synced:
                os.fsync(file.fileno())
        temporary.replace(path)

    def record(self, request: RequestLog) -> None:
        """One request, as on every line of the seed's watcher."""
        aggregate = json.loads(self._aggregate.read_text())
        history = json.loads(self._history.read_text())
        tokens = (request.tokens_in or 0) + (request.tokens_out or 0)
        aggregate["totalRequests"] += 1
        aggregate["totalSuccessCount" if request.status < 400 else "totalFailureCount"] += 1
        aggregate["totalTokensIn"] += request.tokens_in or 0
        aggregate["totalTokensOut"] += request.tokens_out or 0
        for series, value in (("requestsByDay", 1), ("tokensByDay", tokens)):
            for point in aggregate[series]:
                if point["label"] == "2025-12-22":
                    point["value"] += value
                    break
            else:
                aggregate[series].append({"label": "2025-12-22", "value": value})
        for group, name in (("modelStats", request.model), ("providerStats", request.provider)):
            stats = aggregate[group].setdefault(
                name, {"requests": 0, "successCount": 0, "tokens": 0}
            )
            stats["requests"] += 1
            stats["successCount"] += request.status < 400
            stats["tokens"] += tokens
        history["requests"].append(json.loads(encode_request(request)))
        history["requests"] = history["requests"][-500:]
        self._save(self._history, history)
        self._save(self._aggregate, aggregate)


class PlainSqlite:
    """SQLite in WAL mode, synchronous=FULL: one row and one upsert of a day total."""

    name = "SQLite WAL/FULL, row + upsert"

    def __init__(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("CREATE TABLE requests (id INTEGER PRIMARY KEY, body BLOB)")
        self._connection.execute("CREATE TABLE days (day INTEGER PRIMARY KEY, n INTEGER)")

    def record(self, request: RequestLog) -> None:
        """One request, durable."""
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        execute("INSERT INTO requests (body) VALUES (?)", (encode_request(request),))
        execute(
            "INSERT INTO days VALUES (?, 1) ON CONFLICT (day) DO UPDATE SET n = n + 1",
            (request.timestamp // 86_400_000,),
        )
        execute("COMMIT")
