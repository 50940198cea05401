"""The real server on loopback, in a thread of the test, and a small client that asks it."""

import contextlib
import http.client
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import msgspec

from proxypal.clock import Clock, now_ms
from proxypal.records.request import RequestLog
from proxypal.service.log_following import Report
from proxypal.store import Store
from proxypal.web.access import Access
from proxypal.web.endpoints import Endpoint
from proxypal.web.serving import Serving, Watched, listening_at
from running import PROGRAM, Process, as_a_user, environment

DEADLINE_S = 20.0
"""Far beyond anything that should take part of a second, on the busiest machine."""

VISITORS: dict[str, contextlib.ExitStack] = {}
"""By the URL of a running server: what is left before it ends, such as pages in a browser."""


class Got(NamedTuple):
    """An answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)


class Event(NamedTuple):
    """A server-sent event, its data decoded."""

    id: str
    kind: str
    data: Any


class Events:
    """A stream of server-sent events, read as a browser does."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response
        self.retry_ms: int | None = None

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        """The next event; waits for it until the deadline."""
        fields: dict[str, str] = {}
        deadline_s = time.monotonic() + DEADLINE_S  # comments keep the connection alive for ever
        while line := self._response.readline().decode():
            assert time.monotonic() < deadline_s, "no event came"
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "retry":
                self.retry_ms = int(value)
            elif name:
                fields[name] = value
            elif "data" in fields:
                data = msgspec.json.decode(fields["data"])
                return Event(fields["id"], fields["event"], data)
        raise StopIteration

    def next_comment(self) -> str:
        """The next comment; events are passed over."""
        while not (line := self._response.readline().decode()).startswith(":"):
            assert line, "the stream ended"
        return line.removeprefix(":").strip()

    def until(self, kind: str) -> Event:
        """The next event of a kind; others are passed over."""
        return next(event for event in self if event.kind == kind)


class Client:
    """Asks a server; each request has a connection of its own."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.host = host
        self.port = port

    @property
    def url(self) -> str:
        """Where the server is, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Got:
        """Any request; without a `Host` among the headers that of the URL is sent."""
        with self._connected() as connection:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Got(response.status, named, response.read())

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Got:
        """GET."""
        return self.request("GET", path, headers=headers)

    def page(self, path: str, headers: Mapping[str, str] | None = None) -> Got:
        """GET, as a browser asks for a page."""
        return self.get(path, {"Accept": "text/html", **(headers or {})})

    def post(self, path: str, json: Any = None, headers: Mapping[str, str] | None = None) -> Got:
        """POST of JSON, as a page of the server does it."""
        own = {"Content-Type": "application/json", "Origin": self.url}
        return self.request("POST", path, msgspec.json.encode(json), {**own, **(headers or {})})

    @contextlib.contextmanager
    def events(self, after: str | None = None, **headers: str) -> Iterator[Events]:
        """The stream of events; `after` is the number of the last one seen."""
        path = "/api/events" if after is None else f"/api/events?after={after}"
        with self._connected() as connection:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            assert response.status == 200, response.read()
            with response:
                yield Events(response)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=DEADLINE_S)
        try:
            yield connection
        finally:
            connection.close()


class Running(Client):
    """A server that runs, and the parts of it that a test may look at or change."""

    def __init__(self, serving: Serving, store: Store, host: str, port: int) -> None:
        super().__init__(port, host)
        self.serving = serving
        self.services = serving.services
        self.store = store

    def record(self, requests: Sequence[RequestLog]) -> Self:
        """Record requests into the store it serves."""
        self.store.record(requests)
        return self


@contextlib.contextmanager
def running_server(
    store_dir: Path,
    *,
    requests: Sequence[RequestLog] = (),
    access: Access | None = None,
    host: str = "127.0.0.1",
    watched: Watched | None = None,
    report: Report | None = None,
    clock: Clock = now_ms,
    zone: str | None = "UTC",
    endpoints: Iterable[Endpoint] | None = None,
    **store_options: Any,
) -> Iterator[Running]:
    """Serve the store of `store_dir` until the block ends, with `requests` recorded before.

    An error in any of its threads fails the test. `endpoints`: these instead of all.
    """
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(one) for one in listening_at(host, 0)]
        port = sockets[0].getsockname()[1]  # before a server that ends at once closes it
        store = stack.enter_context(Store(store_dir, zone=zone, clock=clock, **store_options))
        if requests:
            store.record(requests)
        serving = Serving(
            store,
            access or Access(),
            watched=watched,
            report=report,
            clock=clock,
            endpoints=endpoints,
        )
        started = threading.Event()
        errors: list[BaseException] = []

        def run() -> None:
            try:
                serving.run(sockets, started.set)
            except BaseException as error:  # noqa: BLE001 - raised again below, in the test
                errors.append(error)
                started.set()

        thread = threading.Thread(target=run, name="serving")
        thread.start()
        try:
            assert started.wait(DEADLINE_S), "the server did not start"
            if not errors:
                running = Running(serving, store, host, port)
                with contextlib.ExitStack() as visitors:
                    VISITORS[running.url] = visitors
                    yield running
        finally:
            serving.stop()
            thread.join(DEADLINE_S)
            assert not thread.is_alive(), "the server did not end"
        if errors:
            raise errors[0]


class ServingProcess(Client):
    """`proxypal serve` in a process of its own; `said` is what it wrote to stderr, at its end."""

    def __init__(self, process: Process, url: str) -> None:
        parts = urlsplit(url)
        super().__init__(parts.port or 0, parts.hostname or "")
        self.process = process
        self.printed = url
        self.said = ""

    def end(self, number: int | None = None) -> int:
        """End it by a signal, SIGTERM for None, and return its exit code."""
        if number is None:
            self.process.terminate()
        else:
            self.process.send_signal(number)
        _, said = self.process.communicate(timeout=DEADLINE_S)
        self.said = said.decode()
        return self.process.returncode


@contextlib.contextmanager
def serving_process(
    home: Path, *arguments: str, before: Sequence[str] = (), **more: str
) -> Iterator[ServingProcess]:
    """`proxypal serve --port 0 ARGUMENTS`, listening; it is killed if the block does not end it.

    `before` are words put before the command, `more` are further environment variables.
    """
    with subprocess.Popen(
        [*before, *as_a_user(), *PROGRAM, "serve", "--port", "0", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, **more),
        cwd=home,
    ) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().strip()
            if not url:
                _, said = process.communicate(timeout=DEADLINE_S)
                raise AssertionError(f"it did not start: {said.decode()}")
            yield ServingProcess(process, url)
        finally:
            process.kill()
