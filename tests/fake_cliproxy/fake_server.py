"""One TCP port for both protocols: listens, tells RESP from HTTP, breaks connections on demand."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Callable

from fake_logins import Logins
from fake_queue import Fate, Item, UsageQueue
from fake_version import Version

RESP_STARTS = b"*$+-:"


class Connection:
    """A client's connection; sending is safe from several threads."""

    def __init__(self, peer: socket.socket, address: str) -> None:
        self.socket = peer
        self.address = address
        self.reader = peer.makefile("rb")
        self._sending = threading.Lock()

    def send(self, data: bytes) -> None:
        """Write all of it, or raise OSError."""
        with self._sending:
            self.socket.sendall(data)

    def break_off(self) -> None:
        """End it now, in both directions."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Release it."""
        self.break_off()
        with contextlib.suppress(OSError):
            self.reader.close()
        self.socket.close()


class Port:
    """The listener and its connections. `seen` counts commands; `running` is cleared to pause."""

    def __init__(
        self, version: Version, logins: Logins, queue: UsageQueue, *, silence_s: float
    ) -> None:
        self.version, self.logins, self.queue = version, logins, queue
        self.management = True
        self.home_mode = False
        self.silence_s = silence_s
        self.number = 0
        self.connections_opened = 0
        self.seen: Counter[str] = Counter()
        self.running = threading.Event()
        self.running.set()
        self.cuts = 0
        self.resp: Callable[[Connection], None] = Connection.close
        self.http: Callable[[Connection], None] = Connection.close
        self._listener: socket.socket | None = None
        self._open: set[Connection] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    @property
    def open_connections(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    def listen(self) -> None:
        """Accept connections, on the port used before if there was one."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.number))
        listener.listen(128)
        self.number = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads = [*(one for one in self._threads if one.is_alive()), thread]
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener:
            while self._listener is listener:
                try:
                    peer, (address, _) = listener.accept()
                except OSError:
                    return
                connection = Connection(peer, address)
                with self._lock:
                    self.connections_opened += 1
                    self._open.add(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: Connection) -> None:
        try:
            connection.socket.settimeout(self.silence_s)
            first = connection.socket.recv(1, socket.MSG_PEEK)
            connection.socket.settimeout(None)
            if first:
                (self.resp if first in RESP_STARTS else self.http)(connection)
        except (OSError, ValueError):
            pass  # it was broken off, by either side
        finally:
            connection.close()
            with self._lock:
                self._open.discard(connection)

    def deliver(self, connection: Connection, items: list[Item], data: bytes) -> None:
        """Answer with records. They are lost if the connection breaks first."""
        try:
            if self.cuts and items:
                self.cuts -= 1
                connection.break_off()
            connection.send(data)
        except OSError:
            for item in items:
                self.queue.mark(item, Fate.TORN)
            raise
        for item in items:
            self.queue.mark(item, Fate.DELIVERED)

    def drop_connections(self) -> None:
        """Break every open connection."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            connection.break_off()

    def close(self) -> None:
        """Stop listening and end all connections."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
        self.drop_connections()
        was_running = self.running.is_set()
        self.running.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(5)
        self._threads = []
        if not was_running:
            self.running.clear()
