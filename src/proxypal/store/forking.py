"""Forks of a process that has stores open: what the child must not inherit.

A fork waits until no transaction is under way. The child then starts with a connection of its own
and without the requests that the parent's threads have in hand, or both would write them.
"""

import os
import weakref
from typing import Protocol


class Forkable(Protocol):
    """Something that can pause for a fork."""

    def pause(self) -> None:
        """Wait until nothing is under way, and let nothing begin."""
        ...

    def resume(self, *, in_child: bool) -> None:
        """Go on; in the child without what belongs to the parent."""
        ...


_living: "weakref.WeakSet[Forkable]" = weakref.WeakSet()
_paused: list[Forkable] = []


def watch(forkable: Forkable) -> None:
    """Pause this one at every fork, as long as it lives."""
    _living.add(forkable)


def _before() -> None:
    for forkable in tuple(_living):
        forkable.pause()
        _paused.append(forkable)


def _in_parent() -> None:
    while _paused:
        _paused.pop().resume(in_child=False)


def _in_child() -> None:
    while _paused:
        _paused.pop().resume(in_child=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
