"""Lines of the proxy's log beside what the usage queue told. In the caller's transaction.

Must not enter: which request a line belongs to (`records.joining_rule`).
"""

from collections.abc import Sequence
from functools import cache, partial

import msgspec

from proxypal.records.joining_rule import Place, is_socket, place_line, with_line
from proxypal.records.natural_key import request_key
from proxypal.records.request import RequestLog
from proxypal.store import covering, window_bounds
from proxypal.store.day_keys import DAY_MS, days_between, keys_of_day
from proxypal.store.joining import meeting_hash
from proxypal.store.open_requests import OpenRequests
from proxypal.store.recording import Recording
from proxypal.store.state import Change

_RENEWED_WITHIN_MS = 60_000
"""A queue that is read says so at least this often."""

NEVER_QUEUED = frozenset({400, 401, 403, 404})
"""Answers the proxy gives by itself; of such lines a usage queue may not know."""


class Lines(msgspec.Struct):
    """What became of lines: `new` are to be counted, with their places among those given."""

    new: Sequence[tuple[int, RequestLog]]
    joined: int = 0
    seen: int = 0


def join_lines(
    change: Change, recording: Recording, lines: Sequence[tuple[int, RequestLog]]
) -> Lines:
    """Complete the requests that the queue told of; the rest is new or was counted from it.

    Each line comes with its place in the batch. Where no queue was ever read and nothing was
    imported there is nothing to compare with.
    """
    others = change.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM queues), "
        "EXISTS (SELECT 1 FROM covered WHERE source >= 'import ' AND source < 'import!')"
    ).fetchone()
    recording.has_queue = bool(others[0])
    if not lines or not any(others):
        return Lines(lines)
    return _Comparison(change, recording).judge(lines)


class _Comparison:
    def __init__(self, change: Change, recording: Recording) -> None:
        self._change = change
        self._connection = change.connection
        self._opened = OpenRequests(change, recording)
        # Lines of one batch ask for the same days again and again.
        self._days_between = cache(partial(days_between, change.connection, "request"))
        self._keys = cache(partial(keys_of_day, change.connection, "request"))
        settings = change.state.settings
        recording.known.follow(
            change.connection, change.state.sequence, settings.join_window_requests
        )
        self._horizon_ms = change.now_ms - settings.join_window_ms
        self._is_cut = window_bounds.is_cut(change.connection, change.now_ms)

    def judge(self, lines: Sequence[tuple[int, RequestLog]]) -> Lines:
        verdict = Lines([])
        new = []
        for place, line in lines:
            if self._joins(line):
                verdict.joined += 1
            elif self._was_seen(line):
                verdict.seen += 1
            else:
                new.append((place, line))
        self._opened.finish()
        verdict.new = new
        return verdict

    def _joins(self, line: RequestLog) -> bool:
        if line.timestamp < self._horizon_ms:
            return False
        found = self._opened.meeting(meeting_hash(line.request_id, line.method, line.path))
        if not found:
            return False
        verdict = place_line(line, [one.facts.mark for one in found])
        if verdict.place is Place.NEW:
            return False
        if verdict.place is Place.JOIN:
            one = found[verdict.candidate]
            changes, mark = with_line(self._opened.known(one), one.facts.mark, line)
            self._opened.change(one, changes, mark)
        return True

    def _was_seen(self, line: RequestLog) -> bool:
        """Whether a request that can no longer be revised was counted without its line."""
        begins_ms, ends_ms = line.timestamp - line.duration_ms, line.timestamp
        if is_socket(line.method, line.path) and line.status < 400:
            # All its turns were told of, also those before the window, or it had none.
            until_ms = max(begins_ms, ends_ms - _RENEWED_WITHIN_MS)
            return covering.is_covered(self._connection, "queue ", begins_ms, until_ms)
        if line.request_id is not None and self._is_told(line.request_id, begins_ms, ends_ms):
            return True
        return line.status not in NEVER_QUEUED and covering.is_covered(
            self._connection, "import ", begins_ms, begins_ms
        )

    def _is_told(self, request_id: str, begins_ms: int, ends_ms: int) -> bool:
        """By its id: within the window it would have joined, if the window holds them all.

        The first that was told of it came after it began, so from then on it is in the window.
        """
        if begins_ms >= self._horizon_ms and not self._is_cut:
            return False
        key = request_key(request_id)
        days = self._days_between(begins_ms // DAY_MS, ends_ms // DAY_MS)
        return any(key in self._keys(day) for day in days)
