"""What was computed since the last change of the store, so that twenty open tabs cost one answer.

Must not enter: what is computed.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from proxypal.clock import Clock

T = TypeVar("T")

KEYS_AT_MOST = 256
BYTES_AT_MOST = 32 << 20
"""Of answers that are text or bytes: whoever asks for much, again and again, costs no more."""

_MINUTE_MS = 60_000


class _Slot:
    """The answer of one key, and the lock of whoever computes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.sequence = -1
        self.minute = -1
        self.answer: Any = None
        self.size_bytes = 0


class AnswerMemory:
    """Answers by key, each computed once per change of the store and minute of the clock.

    The minute is there because what is said of "today" or "the last 24 hours" changes without a
    request. Any thread may ask; those that ask for the same key at the same time wait for the
    first. An answer that was begun after a question came is good for it, so under a flood of
    changes the waiting ones share the next answer instead of computing one each.

    Args:
        sequence: the number of the newest change of the store; it only grows.
        clock: Unix milliseconds.
    """

    def __init__(self, sequence: Callable[[], int], clock: Clock) -> None:
        self._sequence = sequence
        self._clock = clock
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What `make` gives, or gave for this key since the last change.

        What `make` raises is raised, and nothing is remembered.
        """
        wanted, minute = self._sequence(), self._minute()
        slot = self._slot(key)
        with slot.lock:
            if slot.sequence >= wanted and slot.minute >= minute:
                return cast("T", slot.answer)
            sequence, minute = self._sequence(), self._minute()
            answer = make()
            slot.answer, slot.sequence, slot.minute = answer, sequence, minute
            self._weigh(key, slot)
            return answer

    def _minute(self) -> int:
        return self._clock() // _MINUTE_MS

    def _slot(self, key: str) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > KEYS_AT_MOST:
                self._forget_oldest()
            return slot

    def _weigh(self, key: str, slot: _Slot) -> None:
        """Count what the slot holds now; let the least used go if it is too much."""
        with self._lock:
            if self._slots.get(key) is not slot:
                return  # it was let go meanwhile
            size_bytes = _size_of(slot.answer)
            self._size_bytes += size_bytes - slot.size_bytes
            slot.size_bytes = size_bytes
            while self._size_bytes > BYTES_AT_MOST:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, slot = self._slots.popitem(last=False)
        self._size_bytes -= slot.size_bytes


def _size_of(answer: object) -> int:
    """Bytes or characters of an answer, or of the texts in a tuple."""
    if isinstance(answer, bytes | str):
        return len(answer)
    return sum(map(_size_of, answer)) if isinstance(answer, tuple) else 0
