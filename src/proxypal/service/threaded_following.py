"""A follower that works in a thread of its own, for what it asks may take long to answer.

Must not enter: what is followed.
"""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Generator
from queue import Empty, SimpleQueue

from proxypal.service.watch_events import WatchEvent

_LEAVE_WITHIN_S = 20.0


class ThreadedFollower(ABC):
    """The half of `log_following.Follower` that is about the thread; it starts with the first turn.

    What is put into `_events` is told by the next turn, an error of the thread is raised by it.
    """

    def __init__(self, name: str) -> None:
        self.is_over = False
        self._name = name
        self._stop = threading.Event()
        self._events: SimpleQueue[WatchEvent] = SimpleQueue()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def _work(self) -> None:
        """All of it, until `_stop` is set."""

    @abstractmethod
    def _finish(self) -> None:
        """Let go of what was held, however the work ended."""

    def turn(self) -> Generator[WatchEvent, None, None]:
        """See `Follower.turn`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        has_ended = not self._thread.is_alive()
        yield from self.last_words()
        if has_ended and not self.is_over:
            self.is_over = True
            if self._error is not None:
                raise self._error

    def last_words(self) -> Generator[WatchEvent, None, None]:
        """See `Follower.last_words`; what was not told yet."""
        with contextlib.suppress(Empty):
            while True:
                yield self._events.get_nowait()

    def leave(self) -> None:
        """See `Follower.leave`; what the work still has to do is done first."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_LEAVE_WITHIN_S)

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # noqa: BLE001 - handed over: `turn` raises it
            self._error = error
        finally:
            self._finish()
