import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse, Response

from proxypal.web import bodies
from proxypal.web.endpoints import Call, Endpoint
from watch_runs import until
from web_running import Running, running_server

SEEN: list[Path] = []


def count_bytes(call: Call) -> Response:
    """How many bytes came."""
    return PlainTextResponse(str(len(call.body)))


def count_in_file(call: Call) -> Response:
    """How many bytes came in the file, and who may read it."""
    assert call.file is not None
    SEEN.append(call.file)
    found = call.file.stat()
    folder = call.file.parent.stat()
    return PlainTextResponse(f"{found.st_size} {folder.st_mode & 0o777:o}")


def connected(server: Running) -> socket.socket:
    """A bare connection."""
    return socket.create_connection((server.host, server.port), timeout=20)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    endpoints = [
        Endpoint(method="POST", path="/memory", summary="", handle=count_bytes),
        Endpoint(method="POST", path="/file", summary="", handle=count_in_file, takes_file=True),
    ]
    with running_server(tmp_path / "data", endpoints=endpoints) as running:
        yield running


def test_a_body_up_to_the_limit_is_taken(server: Running) -> None:
    """A megabyte comes through whole; nothing at all does too."""
    assert server.request("POST", "/memory", b"x" * bodies.MEMORY_LIMIT).text == "1048576"
    assert server.request("POST", "/memory").text == "0"


def test_a_body_beyond_the_limit_is_refused(server: Running) -> None:
    """One byte more is 413, in a sentence with the limit."""
    found = server.request("POST", "/memory", b"x" * (bodies.MEMORY_LIMIT + 1))
    assert found.status == 413
    assert "1,048,576 bytes" in found.json()["error"]["message"]


def test_a_length_that_is_not_told_is_counted(server: Running) -> None:
    """A body in pieces is bounded by what comes, not by what it says."""
    with connected(server) as connection:
        connection.sendall(
            b"POST /memory HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"x" * 65536
        for _ in range(17):
            connection.sendall(b"10000\r\n%b\r\n" % piece)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_huge_body_is_not_even_read(server: Running) -> None:
    """Who announces a terabyte is answered at once."""
    with connected(server) as connection:
        connection.sendall(
            b"POST /memory HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000000\r\n\r\nx"
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 413 ")


def test_a_file_is_private_and_gone_afterwards(server: Running) -> None:
    """What is uploaded lies where only we can read it, and nothing of it stays."""
    SEEN.clear()
    assert server.request("POST", "/file", b"x" * 3_000_000).text == "3000000 700"
    until(lambda: not SEEN[0].parent.exists())


def test_an_upload_that_breaks_off_leaves_nothing(server: Running, tmp_path: Path) -> None:
    """A client that goes away in the middle leaves no file, and the server goes on."""
    SEEN.clear()
    with connected(server) as connection:
        connection.sendall(
            b"POST /file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\nhalf"
        )
    assert server.request("POST", "/file", b"x").text == "1 700"
    assert tmp_path.exists()
    assert len(SEEN) == 1  # the endpoint never saw the half


def test_a_slow_upload_holds_up_nobody(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """While clients dribble their bodies others are answered, and at last they are sent away."""
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(connected(server)) for _ in range(20)]
        for connection in connections:
            connection.sendall(
                b"POST /memory HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"
            )
        assert server.request("POST", "/memory", b"whole").text == "5"
        monkeypatch.setattr(bodies, "WAIT_S", 0.05)
        with connected(server) as late:
            late.sendall(
                b"POST /memory HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"
            )
            assert late.recv(64).startswith(b"HTTP/1.1 408 ")


def test_many_bodies_at_once_are_kept_apart(server: Running) -> None:
    """Uploads that come together do not mix."""
    sizes: list[str] = []
    threads = [
        threading.Thread(
            target=lambda n=n: sizes.append(server.request("POST", "/file", b"x" * n).text)
        )
        for n in range(1, 9)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(sizes) == [f"{n} 700" for n in range(1, 9)]
