"""One process: the watcher, the live feed and the server, started and ended in order.

No part of it dies silently: an error in any thread ends the process with that error. Must not
enter: command line, what is answered.
"""

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from proxypal.clock import Clock, now_ms
from proxypal.errors import CannotListen, LogNotFound
from proxypal.records.labels import Offset
from proxypal.service.answer_memory import AnswerMemory
from proxypal.service.current_settings import CurrentSettings
from proxypal.service.live_feed import LiveFeed
from proxypal.service.log_following import Report
from proxypal.service.queue_settings import QueueSettings
from proxypal.service.remote_following import RemoteLogSettings
from proxypal.service.source_board import SourceBoard
from proxypal.service.watch_events import Note, WatchEvent
from proxypal.service.watching import watch
from proxypal.store import Store
from proxypal.web.access import Access
from proxypal.web.app import create_app
from proxypal.web.connections import (
    BACKLOG_AT_MOST,
    BoundedProtocol,
    TellOnce,
    share_of_files,
)
from proxypal.web.endpoints import Endpoint
from proxypal.web.services import Services
from proxypal.web.warming import warm_up

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8318

NO_LOG = (
    "No log of CLIProxyAPI is found, so nothing is recorded from it. Set `logging-to-file: true` "
    "and `debug: true` in its config.yaml (`proxypal setup cliproxy` checks it), or name the log: "
    "`proxypal serve --log PATH`."
)

_LOOK_FOR_LOG_EVERY_S = 5.0
_END_WITHIN_S = 30.0
_DATE_EVERY_S = 1.0
_FINISH_ANSWERS_WITHIN_S = 3


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the watcher reads: logs (none: they are found), their zone, and a usage queue.

    `offset` is of that zone, `zone` its name, None for the machine's.

    `remote` is the proxy whose log is read over HTTP; then none is looked for.
    """

    paths: Sequence[Path | str] = ()
    offset: Offset
    zone: str | None = None
    queue: QueueSettings | None = None
    remote: RemoteLogSettings | None = None


class _Server(uvicorn.Server):
    """Leaves signals to us, and says when it listens."""

    def __init__(
        self, config: uvicorn.Config, on_started: Callable[[], None], tell: Callable[[str], None]
    ) -> None:
        super().__init__(config)
        self._on_started = on_started
        self._tell = tell
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_wanted_to_end = asyncio.Event()

    def end(self) -> None:
        """End soon; from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._is_wanted_to_end.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def main_loop(self) -> None:
        # The original looks ten times a second whether to end, which is most of an idle process.
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_wanted_to_end.wait(), _DATE_EVERY_S)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(TellOnce(self._tell))
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        # Whoever has not taken its answer by now does not read.
        for connection in list(self.server_state.connections):
            if (transport := getattr(connection, "transport", None)) is not None:
                transport.abort()
        await asyncio.sleep(0)


class Serving:
    """The parts and their threads. Make it, `run()` it once; `stop()` from anywhere ends it."""

    def __init__(  # noqa: PLR0913 - all but two are keywords with defaults
        self,
        store: Store,
        access: Access,
        *,
        watched: Watched | None = None,
        report: Report | None = None,
        clock: Clock = now_ms,
        endpoints: Iterable[Endpoint] | None = None,
    ) -> None:
        self._store = store
        self._watched = watched
        self._report = report
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._server: _Server | None = None
        self.board = SourceBoard(store, clock, None if watched is None else watched.zone)
        self.feed = LiveFeed(store, self.board.notices)
        self.services = Services(
            store=store,
            clock=clock,
            feed=self.feed,
            sources=self.board,
            answers=AnswerMemory(store.sequence, clock),
            settings=CurrentSettings(store.path),
        )
        self.app = create_app(self.services, access, endpoints)

    def warm_up(self) -> None:
        """Do, in the background, what would make the first look slow: see `warming`."""
        self._start("warming", lambda: warm_up(self.services))

    def stop(self) -> None:
        """End soon, in order."""
        self._stop.set()  # ends the feed, and with it the streams that the server waits for
        if self._server is not None:
            self._server.end()

    def run(
        self, sockets: Sequence[socket.socket], on_started: Callable[[], None] = lambda: None
    ) -> None:
        """Serve at `sockets` until `stop()`. The store is left open.

        Raises:
            Exception: whatever ended one of the threads.
        """
        config = uvicorn.Config(
            self.app,
            access_log=False,
            log_config=None,
            server_header=False,
            lifespan="off",
            ws="none",
            loop="asyncio",
            http=BoundedProtocol,
            backlog=share_of_files(2 * BACKLOG_AT_MOST) // 2,
            timeout_graceful_shutdown=_FINISH_ANSWERS_WITHIN_S,
            timeout_keep_alive=30,
        )
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server = _Server(config, on_started, self._tell)
        threads = [self._start("live-feed", lambda: self.feed.run(self._stop))]
        if self._watched is not None:
            watched = self._watched
            threads.append(self._start("watcher", lambda: self._watch(watched)))
        try:
            if not self._stop.is_set():
                self._server.run(list(sockets))
        finally:
            self._stop.set()
            self.feed.close()
            for thread in threads:
                thread.join(_END_WITHIN_S)
        if self._error is not None:
            raise self._error

    def _tell(self, text: str) -> None:
        if self._report is not None:
            self._report(Note("pages", text))

    def _start(self, name: str, work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - raised again by run()
                self._error = self._error or error
                self.stop()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        return thread

    def _watch(self, watched: Watched) -> None:
        def report(event: WatchEvent) -> None:
            self.board.report(event)
            if self._report is not None:
                self._report(event)

        is_told = False
        while not self._stop.is_set():
            try:
                watch(
                    self._store,
                    watched.paths,
                    offset=watched.offset,
                    once=False,
                    stop=self._stop,
                    report=report,
                    queue=watched.queue,
                    remote=watched.remote,
                )
            except LogNotFound as error:
                # The proxy may write its first line at any time; the pages say what is missing.
                self.board.miss_log(NO_LOG, error.places)
                if not is_told:
                    report(Note("log", f"none is found yet. {error}"))
                is_told = True
                self._stop.wait(_LOOK_FOR_LOG_EVERY_S)
            else:
                return


def listening_at(host: str, port: int) -> list[socket.socket]:
    """Sockets at every address `host` has; port 0 takes a free one.

    Raises:
        CannotListen: the port is taken, not allowed, or the host is not this machine's.
    """
    sockets: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in dict.fromkeys(found):
            taken = sockets[0].getsockname()[1] if sockets else port
            listening = socket.create_server((address[0], taken), family=family, backlog=128)
            # Else the body of an answer waits 40 ms for the client to acknowledge the headers:
            # asyncio sees to it only where a socket was made with the number of the protocol.
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sockets.append(listening)
    except OSError as error:
        for one in sockets:
            one.close()
        raise CannotListen(host, port, _why(error)) from error
    return sockets


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return "another program, perhaps another proxypal, listens there already"
        case errno.EACCES:
            return "this port needs more rights than you have"
        case errno.EADDRNOTAVAIL:
            return "this machine does not have that address"
        case _:
            return error.strerror or str(error)


def addresses(sockets: Sequence[socket.socket]) -> list[str]:
    """The IP addresses listened at."""
    return [str(one.getsockname()[0]) for one in sockets]


def url_of(host: str, sockets: Sequence[socket.socket]) -> str:
    """Where a browser on this machine finds it."""
    port = sockets[0].getsockname()[1]
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not listened at
        host = "127.0.0.1" if host != "::" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
