"""However many clients connect and stay, files can be opened, and the next client is served."""

import asyncio
import contextlib
import errno
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from builders import a_request
from proxy_log import ProxyLog
from proxypal.web import connections
from watch_runs import until
from web_running import ServingProcess, running_server, serving_process

FILES = 64


FEW_FILES = ("sh", "-c", f'ulimit -n {FILES}; exec "$@"', "sh")
"""What is started behind these words may have so many files open, and allow itself no more."""


def total_of(server: ServingProcess) -> int:
    """How many requests it shows."""
    total: int = server.get("/api/stats").json()["totalRequests"]
    return total


def test_more_clients_than_files(tmp_path: Path) -> None:
    """A hundred clients that connect and say nothing stop neither the log nor the next client."""
    log = ProxyLog(tmp_path / "logs")
    log.write(3)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(
            serving_process(tmp_path, "--no-browser", "--log", str(log.main), before=FEW_FILES)
        )
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
        until(lambda: total_of(server) == 3)
        log.write(5)
        log.rotate()
        log.write(4)
        until(lambda: total_of(server) == 12)
        assert server.post("/api/history/clear", {}).status == 200
        assert server.end() == 0
    assert "Too many open files" not in server.said
    assert "Traceback" not in server.said


def test_a_client_that_is_served_is_not_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for live events keeps them; who has been idle for longest makes room."""
    monkeypatch.setattr(connections, "CONNECTIONS_AT_MOST", 4)
    with running_server(tmp_path) as server, server.events() as events:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
        until(lambda: is_over(idle[4]))
        assert [is_over(one) for one in idle] == [True] * 5 + [False] * 3
        assert server.get("/healthz").status == 200
        server.record([a_request()])
        assert events.until("requests")
        for one in idle:
            one.close()


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost:"])
def test_who_does_not_say_what_it_wants_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """A connection ends that has not sent the whole head of a request in time, a first or later."""
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.3)
    with running_server(tmp_path) as server, server.events() as events:
        client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if said:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            until(lambda: client.recv(4096).endswith(b"}"))
            client.sendall(said)
        until(lambda: is_over(client))
        client.close()
        server.record([a_request()])
        assert events.until("requests"), "who waits for an answer is not meant"


def test_clients_beyond_all_files_are_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """If files run out all the same, that is said once and not a thousand times a second."""
    told: list[str] = []
    handler = connections.TellOnce(told.append)
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(handler)
    with contextlib.closing(loop):
        for _ in range(3):
            error = OSError(errno.EMFILE, "Too many open files")
            message = "socket.accept() out of system resource"
            loop.call_exception_handler({"message": message, "exception": error})
    (sentence,) = told
    assert "Too many open files" in sentence
    assert capsys.readouterr().err == ""


def test_the_limit_of_files_is_raised_as_far_as_it_may_be() -> None:
    """Where the system lets a process have more files open than at first, it does."""
    program = (
        "import resource as r; from proxypal.web.connections import raise_file_limit;"
        "raise_file_limit(); print(r.getrlimit(r.RLIMIT_NOFILE)[0])"
    )
    limits = 'ulimit -Sn 64; ulimit -Hn 300; exec "$@"'
    words = ["sh", "-c", limits, "sh", sys.executable, "-c", program]
    assert subprocess.run(words, check=True, capture_output=True).stdout == b"300\n"


def is_over(client: socket.socket) -> bool:
    """Whether the other side ended a connection."""
    try:
        return client.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
