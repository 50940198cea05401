"""What was worked out of facts that do not change, kept in memory within a bound.

Must not enter: what it is, and when it is still true: the key must say that.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

T = TypeVar("T")

AT_MOST = 50_000
"""So many items are remembered in all, a few hundred bytes each."""


class Remembered:
    """Lists by a key that is another one when they would be; the least used goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Sequence[object]] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable, make: Callable[[], list[T]]) -> list[T]:
        """What was made under this key before, or is made now."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found  # type: ignore[return-value]  # a key is always of one kind of list
        made = make()
        if len(made) < AT_MOST:
            self._kept[key] = made
            self._size += len(made) + 1
            while self._size > AT_MOST:
                _, gone = self._kept.popitem(last=False)
                self._size -= len(gone) + 1
        return made
