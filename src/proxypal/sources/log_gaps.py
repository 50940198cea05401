"""Which logs vanished before they were read to their end.

Must not enter: files and the store; it is told what a look at the log's files has met.
"""

from collections.abc import Iterable
from typing import NamedTuple

from proxypal.clock import Clock
from proxypal.sources.log_identity import KnownLog

_STILL_FRESH_MS = 10_000
"""Seen at its end this shortly before it vanished, a log was read whole: the proxy's own "clear
logs" is no loss."""


class Loss(NamedTuple):
    """What was written to a log after it was last read, and before `until_ms`."""

    until_ms: int | None


class Vanished:
    """One look after the other: what was met, what is missing, what is missing for good."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at_end_ms: dict[int, int] = {}
        self._missing: dict[int, Loss | None] = {}
        self._met: set[int] = set()
        self._first_lines: set[bytes] = set()
        self._is_disturbed = False

    @property
    def is_unsure(self) -> bool:
        """Whether another look is needed to tell a loss from a renaming in progress."""
        return bool(self._missing)

    def begin(self) -> None:
        """A new look at all files."""
        self._met.clear()
        self._first_lines.clear()
        self._is_disturbed = False

    def disturb(self) -> None:
        """A file moved while it was looked at: this look proves nothing missing."""
        self._is_disturbed = True

    def meet(self, first_line: bytes, position: int | None) -> None:
        """A file with this first line is there; `position` is where it is continued."""
        self._first_lines.add(first_line)
        if position is not None:
            self._met.add(position)

    def reach_end(self, position: int) -> None:
        """Everything there is of this log was read."""
        self._at_end_ms[position] = self._clock()

    def confirmed(
        self, known: Iterable[KnownLog], first_new_ms: int | None
    ) -> list[tuple[KnownLog, Loss | None]]:
        """The logs that two looks in a row have not met, though other logs were there.

        With each, what may be lost with it; None if it was read to its end just before.
        `first_new_ms` is when the first new log of this look begins.
        """
        if self._is_disturbed or not self._first_lines:
            self._missing = {}
            return []
        before, self._missing = self._missing, {}
        found: list[tuple[KnownLog, Loss | None]] = []
        for log in known:
            number = log.stored.id
            position = log.position
            if position.is_finished or number in self._met:
                continue
            if position.first_line in self._first_lines:
                continue
            if number in before:
                found.append((log, before[number]))
                continue
            seen_ms = self._at_end_ms.pop(number, 0)
            is_lost = self._clock() - seen_ms > _STILL_FRESH_MS
            self._missing[number] = Loss(first_new_ms) if is_lost else None
        return found
