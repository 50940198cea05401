import signal
import socket
import sys
from pathlib import Path

import msgspec
import pytest

from builders import access_line, log_of
from proxypal.web.access_token import FILE_NAME
from running import KNOWS_PERMISSIONS, proxypal, start
from watch_runs import until
from web_running import Client, serving_process


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of one request."""
    path = tmp_path / "main.log"
    path.write_bytes(log_of(access_line()))
    return path


def test_it_prints_where_it_is(tmp_path: Path, log: Path) -> None:
    """Stdout is the address alone, for scripts; what is said goes to stderr."""
    with serving_process(tmp_path, "--log", str(log)) as server:
        assert server.printed == f"http://127.0.0.1:{server.port}"
        assert server.get("/healthz").status == 200
        assert server.end() == 0
    assert "Ctrl-C ends it" in server.said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(tmp_path: Path, log: Path, number: int) -> None:
    """Files are published, the lease is free, and an open tab does not hold it up."""
    with serving_process(tmp_path, "--log", str(log)) as server, server.events() as stream:
        until(lambda: server.get("/healthz").json()["sources"][0]["state"] == "caught up")
        next(stream)
        assert server.end(number) == 0
    published = msgspec.json.decode((tmp_path / "data" / "history.json").read_bytes())
    assert len(published["requests"]) == 1
    again = proxypal(tmp_path, "watch", "--once", str(log))
    assert again.err.endswith("0 requests recorded.\n")


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C twice does not wait for anything."""
    with serving_process(tmp_path) as server:
        server.process.send_signal(signal.SIGINT)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) in (0, -signal.SIGINT)


def test_lines_that_come_are_recorded(tmp_path: Path, log: Path) -> None:
    """A request of the proxy is on the page within a moment, without anybody asking."""
    with serving_process(tmp_path, "--log", str(log)) as server, server.events() as stream:
        next(stream)
        with log.open("ab") as file:
            file.write(log_of(access_line("/v1/messages?n=2")))
        paths: set[str] = set()
        while "/v1/messages?n=2" not in paths:
            paths |= {row["path"] for row in stream.until("requests").data["rows"]}


def more_paths(server: Client) -> list[str]:
    """The paths of the history."""
    return [row["path"] for row in server.get("/api/history").json()["requests"]]


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    """A second server says why it cannot start and leaves nothing behind."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = proxypal(tmp_path, "serve", "--port", port)
    assert (ended.code, ended.out) == (1, "")
    assert f"port {port}" in ended.err
    assert "listens there already" in ended.err
    assert not (tmp_path / "data").exists()


def test_a_log_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    """A request dump named by mistake ends it with the reason."""
    dump = tmp_path / "error-v1-messages-2026-08-22T223903-a1b2c3d4.log"
    dump.write_bytes(b"=== REQUEST INFO ===\n")
    ended = proxypal(tmp_path, "serve", "--port", "0", "--log", str(dump))
    assert ended.code == 1
    assert str(dump) in ended.err
    assert "Traceback" not in ended.err


def test_other_machines_need_the_token(tmp_path: Path) -> None:
    """Listening at every address makes a token; it is in a file of the owner's alone."""
    with serving_process(tmp_path, "--host", "0.0.0.0") as server:
        path = tmp_path / "data" / FILE_NAME
        token = path.read_text(encoding="ascii").strip()
        assert path.stat().st_mode & 0o777 == 0o600
        assert server.get("/api/events").status == 401
        assert server.get("/nothing", {"Authorization": f"Bearer {token}"}).status == 404
        assert token not in server.printed
        server.end()
    assert str(path) in server.said
    assert token not in server.said


def test_a_token_can_be_asked_of_this_machine_too(tmp_path: Path) -> None:
    """`--token-file` protects the pages from other users of the machine; none is made then."""
    path = tmp_path / "token"
    path.write_text("a-token-that-nobody-guesses\n", encoding="ascii")
    with serving_process(tmp_path, "--token-file", str(path)) as server:
        assert server.get("/api/events").status == 401
        server.end()
    assert not (tmp_path / "data" / FILE_NAME).exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--token-file", "missing"], "Cannot read missing"),
        (["--allow-host", "http://nas"], "no name of a machine"),
        (["--host", "192.0.2.1"], "does not have that address"),
        (["--log-zone", "Nowhere"], "no time zone"),
        (["--port", "70000"], "70000"),
    ],
)
def test_what_cannot_be_is_told_at_once(tmp_path: Path, arguments: list[str], said: str) -> None:
    """A slip in an option is a sentence, never a server that protects nothing."""
    ended = proxypal(tmp_path, "serve", "--port", "0", *arguments)
    assert ended.code in (1, 2)
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_further_name_can_be_allowed(tmp_path: Path) -> None:
    """Behind a name of one's own the pages are answered, if it was named."""
    with serving_process(tmp_path, "--allow-host", "nas.example.com") as server:
        assert server.get("/healthz", {"Host": "nas.example.com"}).status == 200
        assert server.get("/healthz", {"Host": "other.example.com"}).status == 421


@pytest.mark.skipif(not KNOWS_PERMISSIONS, reason="root may write anywhere")
def test_a_sealed_directory_is_told_on_the_pages(tmp_path: Path, log: Path) -> None:
    """Where nothing can be written what is there is shown, with the warning, and health fails."""
    proxypal(tmp_path, "watch", "--once", str(log))
    data = tmp_path / "data"
    data.chmod(0o500)
    try:
        with serving_process(tmp_path, "--log", str(log)) as server:
            assert server.get("/healthz").status == 503
            with server.events() as stream:
                first = next(stream)
            assert first.data["totals"]["totalRequests"] == 1
            assert "Cannot write" in first.data["notices"][0]["text"]
    finally:
        data.chmod(0o700)


def test_two_at_once_take_turns(tmp_path: Path, log: Path) -> None:
    """A second server over the same data shows the same and counts nothing twice."""
    with (
        serving_process(tmp_path, "--log", str(log)) as first,
        serving_process(tmp_path, "--log", str(log)) as second,
        second.events() as stream,
    ):
        until(lambda: first.get("/healthz").json()["sources"][0]["state"] == "caught up")
        with log.open("ab") as file:
            file.write(log_of(access_line("/v1/messages?n=2")))
        while len(more_paths(second)) < 2:
            next(stream)
        states = {one.get("/healthz").json()["sources"][0]["state"] for one in (first, second)}
        assert states == {"caught up", "standing by"}


def test_nobody_is_logged(tmp_path: Path) -> None:
    """No request of a browser is written anywhere, and odd bytes on the line are no news."""
    with serving_process(tmp_path) as server:
        server.get("/healthz?token=a-secret")
        server.get("/nothing")
        with socket.create_connection((server.host, server.port)) as odd:
            odd.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
            odd.recv(1024)
        server.end()
    assert "a-secret" not in server.said
    assert "GET" not in server.said
    assert "nvalid" not in server.said


def test_a_reader_that_leaves_is_no_crash(tmp_path: Path) -> None:
    """`proxypal serve | head -1` ends quietly for whoever reads only the address."""
    process = start(tmp_path, "serve", "--port", "0")
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"http://")
    process.stdout.close()
    process.terminate()
    assert process.wait(20) == 0
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.stdin is not None
    process.stdin.close()


def test_it_is_small(tmp_path: Path) -> None:
    """A server that runs all day is idle in less than 80 MB."""
    if not sys.platform.startswith("linux"):
        pytest.skip("measured by /proc")
    with serving_process(tmp_path) as server:
        server.get("/healthz")
        status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="ascii")
        resident_kb = int(status.partition("VmRSS:")[2].split()[0])
    assert resident_kb < 80_000
