"""Plain clients of the proxy's port: bytes out, bytes in, nothing understood or hidden."""

import contextlib
import http.client
import socket
from typing import Any, NamedTuple, Self

import msgspec

PATIENCE_S = 10.0


def command(*words: str) -> bytes:
    """A RESP2 command."""
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


class RawClient:
    """A RESP connection, byte by byte. `source` is the address it comes from."""

    def __init__(self, port: int, key: str = "", source: str = "127.0.0.1") -> None:
        self._socket = socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, source_address=(source, 0)
        )
        self._reader = self._socket.makefile("rb")
        if key:
            assert self.ask("AUTH", key) == "+OK"

    def ask(self, *words: str) -> Any:
        """Send a command and read its reply."""
        self.send(command(*words))
        return self.read()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(data)

    def read(self) -> Any:
        """One reply: status and error lines with their mark, bytes, None, int, list; "" at EOF."""
        try:
            line = self._reader.readline()
        except ConnectionError:
            return ""
        text = line.rstrip(b"\r\n").decode()
        if not text or text[0] in "+-":
            return text
        number = int(text[1:])
        if text[0] == "*":
            return [self.read() for _ in range(number)]
        if text[0] == "$":
            return None if number < 0 else self._reader.read(number + 2)[:-2]
        return number

    def read_all(self) -> bytes:
        """Everything until the other side closes."""
        return self._reader.read()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._socket.close()


class HttpAnswer(NamedTuple):
    """An answer of the management API."""

    status: int
    headers: dict[str, str]
    body: Any


def http_get(
    port: int, path: str, headers: dict[str, str] | None = None, *, put: Any = None
) -> HttpAnswer:
    """One request on a connection of its own; a PUT if there is something to put."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        method, body = ("GET", None) if put is None else ("PUT", msgspec.json.encode(put))
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        text = answer.read()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return HttpAnswer(
            answer.status, dict(answer.headers), msgspec.json.decode(text) if is_json else text
        )
    finally:
        connection.close()
