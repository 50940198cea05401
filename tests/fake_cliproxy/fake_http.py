"""The fake proxy's management API, as far as usage goes; each request is a line of its log.

CLIProxyAPI internal/api/handlers/management/{handler,usage,config_basic}.go.
"""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from fake_log_reading import LogEndpoint
from fake_queue import Item
from fake_server import Connection, Port

QUEUE_PATH = "/v0/management/usage-queue"
QUEUE_PATH_V8 = "/v8/management/observability/usage/queue"
SWITCH_PATH = "/v0/management/usage-statistics-enabled"


class Question(NamedTuple):
    """One HTTP request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """Decoded, without the query."""
        return unquote(self.target.partition("?")[0])


class Answer(NamedTuple):
    """One HTTP answer, and the records it takes away."""

    status: int
    value: Any = None
    items: tuple[Item, ...] = ()
    managed: bool = True


AccessLog = Callable[[str, str, int], None]
"""Writes an access line: method, path with query, status."""


class HttpSession:
    """One HTTP connection."""

    def __init__(
        self, port: Port, connection: Connection, access_log: AccessLog, log: LogEndpoint
    ) -> None:
        self._port, self._connection, self._access_log = port, connection, access_log
        self._log = log

    def run(self) -> None:
        """Answer until the client leaves."""
        while (question := self._read()) is not None:
            self._port.running.wait()
            self._port.seen[f"{question.method} {question.path}"] += 1
            answer = self._answer(question)
            _, mark, query = question.target.partition("?")
            self._access_log(question.method, question.path + mark + query, answer.status)
            self._send(answer)
            if question.headers.get("connection", "").lower() == "close":
                return

    def _read(self) -> Question | None:
        reader = self._connection.reader
        line = reader.readline(65_536)
        if not line:
            return None
        words = line.decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            text = b"400 Bad Request"
            self._connection.send(
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
                b"Connection: close\r\n\r\n" + text
            )
            return None
        headers: dict[str, str] = {}
        while (header := reader.readline(65_536)) not in (b"\r\n", b"\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        body = reader.read(int(headers.get("content-length") or 0))
        return Question(words[0], words[1], headers, body)

    def _answer(self, question: Question) -> Answer:
        if question.path == "/healthz":
            return Answer(200, {"status": "ok"}, managed=False)
        run = self._route(question)
        if run is None:
            return Answer(404, "404 page not found", managed=False)
        if not self._port.management or self._port.home_mode:
            return Answer(404, managed=False)
        status, reason = self._port.logins.check(self._connection.address, _key_of(question))
        return Answer(status, {"error": reason}) if status else run(question)

    def _route(self, question: Question) -> Callable[[Question], Answer] | None:
        version = self._port.version
        queue_paths = {QUEUE_PATH} if version.has_http_queue else set()
        if version.is_v8:
            queue_paths.add(QUEUE_PATH_V8)
        if question.method == "GET" and question.path in queue_paths:
            return self._pop
        if question.method == "GET" and question.path in self._log.paths:
            return self._read_log
        if question.path == SWITCH_PATH and question.method in {"GET", "PUT", "PATCH"}:
            return self._show_switch if question.method == "GET" else self._turn_switch
        return None

    def _pop(self, question: Question) -> Answer:
        asked = parse_qs(question.target.partition("?")[2]).get("count", ["1"])[0].strip()
        try:
            count = int(asked)
        except ValueError:
            count = 0
        if count <= 0:
            return Answer(400, {"error": "count must be a positive integer"})
        items = self._port.queue.pop(count)
        array = b"[" + b",".join(item.payload for item in items) + b"]"
        return Answer(200, array, tuple(items))

    def _read_log(self, question: Question) -> Answer:
        asked = parse_qs(question.target.partition("?")[2])
        return Answer(*self._log.answer({name: values[0] for name, values in asked.items()}))

    def _show_switch(self, _: Question) -> Answer:
        return Answer(200, {"usage-statistics-enabled": self._port.queue.statistics})

    def _turn_switch(self, question: Question) -> Answer:
        try:
            value = json.loads(question.body)["value"]
        except (ValueError, KeyError, TypeError):
            value = None
        if not isinstance(value, bool):
            return Answer(400, {"error": "invalid body"})
        self._port.queue.statistics = value
        return Answer(200, {"status": "ok"})

    def _send(self, answer: Answer) -> None:
        if isinstance(answer.value, dict | bytes):
            kind = "application/json; charset=utf-8"
        else:
            kind = "text/plain"
        body = answer.value if isinstance(answer.value, bytes) else _encoded(answer.value)
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"Content-Type: {kind}",
            f"Content-Length: {len(body)}",
        ]
        if answer.managed:
            lines += [
                f"X-CPA-VERSION: {self._port.version.text}",
                "X-CPA-COMMIT: a7e3596b7",
                "X-CPA-BUILD-DATE: 2026-08-22T14:50:00Z",
            ]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        self._port.deliver(self._connection, list(answer.items), head + body)


def _encoded(value: Any) -> bytes:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _key_of(question: Question) -> str:
    """The management key, from either header."""
    header = question.headers.get("authorization", "")
    scheme, _, key = header.partition(" ")
    if key and scheme.lower() == "bearer":
        header = key
    return header or question.headers.get("x-management-key", "")
