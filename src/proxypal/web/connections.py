"""How many clients may be connected at once: never so many that the store lacks a file to open.

A process that may open no more files can neither publish nor read the log, and asyncio tells of
each connection it could not take, thousands of times a second. So a newcomer beyond the bound
takes the place of the connection that has been idle for longest, and a client that does not say
what it wants is not waited for. Must not enter: what is answered.
"""

import contextlib
import errno
import itertools
import sys
from asyncio import AbstractEventLoop, TimerHandle, Transport
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

CONNECTIONS_AT_MOST = 256
BACKLOG_AT_MOST = 128
"""How many may wait to be connected; asyncio takes all of them at once."""

HEAD_WITHIN_S = 15.0
"""Who has not sent the whole head of a request by then is not waited for."""

FILES_WANTED = 4096
"""Far more than the connections, the store, the logs and a queue need together."""

TOO_MANY_FILES = (
    "no further client can be connected, for too many files are open (%s). What is connected goes "
    "on, and so does recording; the limit is raised by `ulimit -n` or LimitNOFILE= of a unit."
)
_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

_numbers = itertools.count()


def raise_file_limit(wanted: int = FILES_WANTED) -> None:
    """Let this process have `wanted` files open, or as many as it may allow itself."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - exists on POSIX only

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class TellOnce:
    """An event loop's exception handler: a client that cannot be connected is one sentence.

    asyncio tells of each try, with a traceback, many times a second. Anything else that it tells
    is a defect and keeps its traceback, once as well.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def __call__(self, loop: AbstractEventLoop, context: dict[str, Any]) -> None:
        """See `asyncio.AbstractEventLoop.set_exception_handler`."""
        error = context.get("exception")
        is_full = isinstance(error, OSError) and error.errno in _OUT_OF_FILES
        what = "full" if is_full else f"{context.get('message')} {type(error)}"
        if what in self._told:
            return
        self._told.add(what)
        if is_full:
            self._tell(TOO_MANY_FILES % getattr(error, "strerror", error))
        else:
            loop.default_exception_handler(context)


def share_of_files(at_most: int) -> int:
    """A quarter of the files that this process may have open, but not more than that."""
    if sys.platform == "win32":
        return at_most  # sockets are no files there
    import resource  # noqa: PLC0415 - exists on POSIX only

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return at_most if soft == resource.RLIM_INFINITY else min(at_most, soft // 4)


class BoundedProtocol(H11Protocol):
    """A client's connection, one of a bounded number."""

    number = 0
    """Connections are numbered in the order in which they were made."""

    _is_ended = False
    _head_timer: TimerHandle | None = None

    def connection_made(  # type: ignore[override]  # as in the class above: only with a transport
        self, transport: Transport
    ) -> None:
        """Take the client, and let one go if there are too many."""
        super().connection_made(transport)
        self.number = next(_numbers)
        self._wait_for_head()
        if len(self.connections) > share_of_files(CONNECTIONS_AT_MOST):
            self._one_to_end().end()

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def end(self) -> None:
        """End the connection at once, whatever the client has not taken yet."""
        self._is_ended = True
        self.transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no answer is on its way."""
        has_asked = self.cycle is not None  # it is None at first, whatever its type says
        return not has_asked or self.cycle.response_complete

    def _wait_for_head(self) -> None:
        """Between requests the server's own, longer patience holds until the next one begins."""
        if not self.is_idle:
            self._wait_no_longer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WITHIN_S, self.end)

    def _wait_no_longer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _one_to_end(self) -> "BoundedProtocol":
        """The one that was connected first of those that get no answer now."""
        idle = [
            one
            for one in self.connections
            if isinstance(one, BoundedProtocol) and one is not self and one.is_idle
        ]
        left = [one for one in idle if not one._is_ended]  # noqa: SLF001 - of the same class
        return min(left, key=lambda one: one.number, default=self)
