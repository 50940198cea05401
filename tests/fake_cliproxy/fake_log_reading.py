"""The fake proxy's log over its management API, with the ways of each version.

CLIProxyAPI internal/api/handlers/management/logs.go. `between` is called after the lines of a tail
are read and before their cursor is made: what is written there is in neither answer. `unfinished`
is what of the next line is on the disk already.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from fake_version import Version

LOG_PATH = "/v0/management/logs"
LOG_PATH_V8 = "/v8/management/observability/logs"
FINGERPRINT_BYTES = 4096

Answer = tuple[int, dict[str, Any]]


class LogEndpoint:
    """What `GET /v0/management/logs` answers."""

    def __init__(self, main: Path, zone: tzinfo, version: Version) -> None:
        self.is_on = self.has_old_path = True
        self.between: Callable[[], None] = lambda: None
        self.unfinished = b""
        self._main, self._zone, self._version = main, zone, version

    @property
    def paths(self) -> set[str]:
        """Where it is, in this version."""
        old = {LOG_PATH} if self.has_old_path else set()
        return old | ({LOG_PATH_V8} if self._version.is_v8 else set())

    def answer(self, query: Mapping[str, str]) -> Answer:
        """Status and JSON."""
        if not self.is_on:
            return 400, {"error": "logging to file disabled"}
        limit = query.get("limit", "").strip() if self._version.since("6.5.15") else ""
        if limit and not (limit.isdecimal() and int(limit) > 0):
            return 400, {"error": "invalid limit: must be greater than zero"}
        lines_at_most = int(limit or 0)
        after = query.get("after", "")
        after_s = int(after) if after.isdecimal() else 0
        if not self._version.since("7.2.6"):
            return 200, self._by_time(after_s, lines_at_most)
        if query.get("cursor"):
            return 200, self._follow(query["cursor"], lines_at_most)
        if after_s or not lines_at_most:
            found = self._by_time(after_s, lines_at_most)
            self.between()
            return 200, {**found, "next-cursor": self._cursor(found["latest-timestamp"])}
        return 200, self._tail(lines_at_most)

    def _files(self) -> list[Path]:
        rotated = sorted(self._main.parent.glob("main-*.log"))
        return [*rotated, *([self._main] if self._main.exists() else [])]

    def _by_time(self, after_s: int, limit: int) -> dict[str, Any]:
        """The older way: everything is scanned, and an unfinished line counts as one."""
        lines: list[str] = []
        latest = total = 0
        is_in = not after_s
        for file in self._files():
            rest = self.unfinished if file == self._main else b""
            for line in _lines(file.read_bytes() + rest):
                total += 1
                moment = self._moment_s(line)
                latest = max(latest, moment)
                is_in = moment > after_s if moment else is_in
                if is_in or not after_s:
                    lines.append(line)
        lines = lines[-limit:] if limit else lines
        return {"lines": lines, "line-count": total, "latest-timestamp": max(latest, after_s)}

    def _tail(self, limit: int, latest: int = 0) -> dict[str, Any]:
        lines: list[str] = []
        for file in self._files():
            lines += _lines(_whole(file.read_bytes()))
        lines = lines[-limit:] if limit else lines
        latest = max([latest, *map(self._moment_s, lines)])
        self.between()
        return _told(lines, latest, self._cursor(latest))

    def _follow(self, cursor: str, limit: int) -> dict[str, Any]:
        files = self._files()
        try:
            known = json.loads(base64.urlsafe_b64decode(cursor + "=="))
        except ValueError:
            return {**self._tail(limit), "cursor-reset": True}
        candidates = [file for file in files if file.name == known["file"]]
        if known["file"] == self._main.name:
            candidates += [file for file in reversed(files) if file != self._main]
        start = next((file for file in candidates if _is_at(file, known)), None)
        if start is None:
            return {**self._tail(limit, known["latest"]), "cursor-reset": True}
        lines: list[str] = []
        latest, place, offset = known["latest"], start, known["offset"]
        for file in files[files.index(start) :]:
            begin = known["offset"] if file == start else 0
            new = _whole(file.read_bytes()[begin:]).splitlines(keepends=True)
            taken = new[: limit - len(lines)] if limit else new
            if taken:
                place, offset = file, begin + sum(map(len, taken))
                lines += _lines(b"".join(taken))
            if len(taken) < len(new):
                break
        latest = max([latest, *map(self._moment_s, lines)])
        return _told(lines, latest, _cursor_at(place, offset, latest) if lines else cursor)

    def _cursor(self, latest: int) -> str:
        files = self._files()
        if not files:
            return ""
        return _cursor_at(files[-1], len(_whole(files[-1].read_bytes())), latest)

    def _moment_s(self, line: str) -> int:
        try:
            moment = datetime.fromisoformat(line.removeprefix("[")[:19])
        except ValueError:
            return 0
        return int(moment.replace(tzinfo=self._zone).timestamp())


def _whole(data: bytes) -> bytes:
    return data[: data.rfind(b"\n") + 1]


def _lines(data: bytes) -> list[str]:
    lines = data.split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]


def _told(lines: Sequence[str], latest: int, cursor: str) -> dict[str, Any]:
    return {
        "lines": lines,
        "line-count": len(lines),
        "latest-timestamp": latest,
        "next-cursor": cursor,
    }


def _cursor_at(file: Path, offset: int, latest: int) -> str:
    known = {
        "file": file.name,
        "offset": offset,
        "latest": latest,
        "mark": _mark(file.read_bytes()[:offset]),
    }
    return base64.urlsafe_b64encode(json.dumps(known).encode()).decode().rstrip("=")


def _is_at(file: Path, known: Mapping[str, Any]) -> bool:
    data = file.read_bytes()[: known["offset"]]
    return len(data) == known["offset"] and str(known["mark"]) == _mark(data)


def _mark(data: bytes) -> str:
    ends = data[:FINGERPRINT_BYTES] + data[-FINGERPRINT_BYTES:]
    return hashlib.sha256(b"%d:" % len(data) + ends).hexdigest()[:16]
