"""Whatever comes over the line, the answer is no mistake of ours."""

import socket
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from builders import a_request
from web_running import DEADLINE_S, Running, running_server

PATHS = ("/", "/healthz", "/login", "/static/plain.css", "/static/", "/api/history", "/metrics")
NAMES = (
    "Host",
    "Origin",
    "Cookie",
    "Accept",
    "Accept-Encoding",
    "Authorization",
    "If-None-Match",
    "Range",
    "Sec-Fetch-Site",
    "Proxypal-Part",
)

printable = st.binary(max_size=20).map(lambda data: bytes(byte for byte in data if byte > 32))
requests = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
    st.sampled_from(PATHS),
    printable,
    st.lists(st.tuples(st.sampled_from(NAMES), printable), max_size=4),
)


def status_of(server: Running, request: tuple[str, str, bytes, list[tuple[str, bytes]]]) -> int:
    """The status of the answer."""
    method, path, tail, headers = request
    lines = [f"{method} {path}".encode() + tail + b" HTTP/1.1", b"Host: localhost"]
    lines += [name.encode() + b": " + value for name, value in headers]
    lines += [b"Connection: close", b"Content-Length: 2", b"", b"{}"]
    with socket.create_connection((server.host, server.port), timeout=DEADLINE_S) as connection:
        connection.sendall(b"\r\n".join(lines))
        head = connection.recv(64)
    assert head.startswith(b"HTTP/1.1 ")
    return int(head[9:12])


def test_any_request_is_answered(tmp_path: Path) -> None:
    """Odd bytes in paths, queries and headers are refused or answered, never a failure of ours."""
    with running_server(tmp_path, requests=[a_request(id="a")]) as server:

        @settings(max_examples=200)
        @given(requests)
        def ask(request: tuple[str, str, bytes, list[tuple[str, bytes]]]) -> None:
            assert status_of(server, request) < 500

        ask()
        assert server.get("/healthz").status == 200
