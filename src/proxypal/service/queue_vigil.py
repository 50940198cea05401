"""What a connected reader looks at now and then: is anything recorded, and do we get it?

Must not enter: records.
"""

import time

from proxypal.clock import Clock
from proxypal.errors import StoreError
from proxypal.service.queue_recording import Tell
from proxypal.service.queue_status import (
    STARVED_AFTER_MS,
    STARVED_LOOK_BACK_MS,
    StatusBoard,
    is_starved,
)
from proxypal.service.watch_events import Note
from proxypal.store.protocol import RequestStore

_OFF = (
    "usage statistics are switched off in the proxy, so it makes no records; set "
    "`usage-statistics-enabled: true` in its config"
)
_ON_AGAIN = "usage statistics are switched on now"


class Vigil:
    """Notes on `board` what was seen, and tells what is news."""

    def __init__(self, board: StatusBoard, store: RequestStore, clock: Clock, tell: Tell) -> None:
        self._board = board
        self._store = store
        self._clock = clock
        self._tell = tell
        self._due_s: dict[str, float] = {}

    def begin(self) -> None:
        """A new connection: everything is looked at after its full time."""
        self._due_s.clear()

    def is_due(self, what: str, every_s: float) -> bool:
        """Whether so much time has passed since this was last due."""
        now_s = time.monotonic()
        if now_s < self._due_s.setdefault(what, now_s + every_s):
            return False
        self._due_s[what] = now_s + every_s
        return True

    def note_statistics(self, enabled: bool | None) -> None:
        """Whether the proxy makes records at all; None tells nothing."""
        if enabled is None:
            return
        known = self._board.status.statistics_enabled
        if enabled is not known and (known is False or not enabled):
            self._say(_ON_AGAIN if enabled else _OFF)
        self._board.change(statistics_enabled=enabled)

    def look_for_records(self) -> None:
        """Whether requests of the log get their records."""
        status, now_ms = self._board.status, self._clock()
        # The log's times are whole seconds, so a request may seem to be older than it is.
        begun_ms = (status.connected_since or now_ms) - 1_000
        since_ms = max(begun_ms, now_ms - STARVED_LOOK_BACK_MS)
        until_ms = now_ms - STARVED_AFTER_MS
        if until_ms <= begun_ms + 1_000:
            return
        try:
            joined, missing = self._store.unjoined(since_ms, until_ms)
        except StoreError:
            return
        if not is_starved(status.mode, joined, missing):
            self._board.change(starved_since=None, missing_records=0)
            return
        if status.starved_since is None:
            self._say(
                f"{missing} requests of the log have no record; another program may be taking "
                "them, or the log is that of another proxy (`proxypal doctor` says more)"
            )
        self._board.change(starved_since=status.starved_since or since_ms, missing_records=missing)

    def _say(self, text: str) -> None:
        self._tell(Note(self._board.status.url, text))
