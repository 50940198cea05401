"""`proxypal watch`: the proxy's log, as it grows."""

import os
import pty
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from builders import access_line, log_of
from fake_proxy import FakeProxy
from running import PROGRAM, environment, proxypal, start


def _lines(count: int) -> list[str]:
    return [
        access_line(f"/v1/messages?n={n}", stamp=f"2026-08-22 22:{n // 60:02}:{n % 60:02}")
        for n in range(count)
    ]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three requests where CLIProxyAPI writes it, in the current folder."""
    (tmp_path / "logs").mkdir()
    path = tmp_path / "logs" / "main.log"
    path.write_bytes(log_of(*_lines(3)))
    return path


def _total(home: Path) -> int:
    return int(proxypal(home, "stats", "--json").json()["totalRequests"])


def test_a_line_per_request(tmp_path: Path, log: Path) -> None:
    """Each request is a line with time, status, provider, model, duration and path."""
    shown = proxypal(tmp_path, "watch", "--once", str(log), TZ="UTC")
    assert shown.code == 0
    assert [line.split() for line in shown.out.splitlines()][1] == [
        "2026-08-22",
        "22:00:01",
        "200",
        "claude",
        "unknown",
        "1.50",
        "s",
        "POST",
        "/v1/messages?n=1",
    ]
    assert shown.err.endswith("3 requests recorded.\n")


def test_it_finds_the_log_by_itself(tmp_path: Path, log: Path) -> None:
    """Without a path the log in its usual place is read, each line once."""
    assert log.exists()
    assert len(proxypal(tmp_path, "watch", "--once").out.splitlines()) == 3
    assert proxypal(tmp_path, "watch", "--once").out == ""
    assert _total(tmp_path) == 3


def test_json_lines_are_requests(tmp_path: Path, log: Path) -> None:
    """--json prints each request under the names of history.json; ids are the store's to give."""
    rows = proxypal(tmp_path, "watch", "--once", "--json", str(log)).json_lines()
    assert [row["path"] for row in rows] == [f"/v1/messages?n={n}" for n in range(3)]


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    """`docker logs cliproxy | proxypal watch -` records what comes and ends with it."""
    shown = proxypal(tmp_path, "watch", "-", stdin=log_of(*_lines(4)))
    assert (shown.code, len(shown.out.splitlines())) == (0, 4)
    assert _total(tmp_path) == 4


def test_the_zone_of_the_log_can_be_said(tmp_path: Path, log: Path) -> None:
    """--log-zone reads a container's log on its clock; a zone nobody knows is wrong usage."""
    shown = proxypal(tmp_path, "watch", "--once", "--json", "--log-zone", "Asia/Tokyo", str(log))
    assert shown.json_lines()[0]["timestamp"] == 1_787_403_600_000  # 2026-08-22T22:00+09:00
    assert proxypal(tmp_path, "watch", "--once", "--log-zone", "Nowhere", str(log)).code == 2


def test_without_a_log_it_says_what_to_switch_on(tmp_path: Path) -> None:
    """Where nothing can be read the two keys of CLIProxyAPI's config are named, and exit is 1."""
    shown = proxypal(tmp_path, "watch", "--once", WRITABLE_PATH=str(tmp_path))
    assert (shown.code, shown.out) == (1, "")
    assert "logging-to-file: true" in shown.err
    assert "debug: true" in shown.err


def test_a_line_that_is_none_is_told(tmp_path: Path, log: Path) -> None:
    """A line that should be a request and cannot be read is named; it is no failure."""
    log.write_bytes(log_of(*_lines(2), access_line(latency="soon")))
    shown = proxypal(tmp_path, "watch", "--once", str(log))
    assert shown.code == 0
    assert "main.log, line 3: unreadable duration 'soon'" in shown.err
    assert "2 requests recorded, 1 line not understood." in shown.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_follows_until_it_is_stopped(tmp_path: Path, log: Path, number: int) -> None:
    """New lines appear as they are written; a signal ends it in order, with the files published."""
    process = start(tmp_path, "watch", "--json", str(log))
    assert process.stdout is not None
    for _ in range(3):
        process.stdout.readline()
    with log.open("ab") as file:
        file.write(log_of(access_line("/v1/responses")))
    assert msgspec.json.decode(process.stdout.readline())["path"] == "/v1/responses"
    process.send_signal(number)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0
    assert told.decode().endswith("4 requests recorded.\n")
    history = msgspec.json.decode((tmp_path / "data" / "history.json").read_bytes())
    assert len(history["requests"]) == 4


def _on_a_screen(home: Path, *arguments: str) -> str:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment(home, TERM="xterm"),
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                part = os.read(leader, 65536)
            except OSError:
                break  # the program has ended
            if not part:
                break
            shown += part
        process.wait(timeout=30)
    os.close(leader)
    return shown.decode()


def test_a_backlog_does_not_flood_a_screen(tmp_path: Path, log: Path) -> None:
    """On a terminal hundreds of old requests are a count; in a pipe each is a line."""
    log.write_bytes(log_of(*_lines(300)))
    shown = _on_a_screen(tmp_path, "watch", "--once", str(log))
    assert "n=5" not in shown
    assert "300 requests recorded." in shown
    piped = proxypal(tmp_path, "watch", "--once", str(log), "--data-dir", str(tmp_path / "other"))
    assert len(piped.out.splitlines()) == 300


def test_a_long_backlog_has_a_progress_bar(tmp_path: Path, log: Path) -> None:
    """On a terminal reading many megabytes shows how far it is."""
    noise = b"[2026-08-22 22:39:03] [--------] [debug] [x.go:1] " + b"n" * 1000 + b"\n"
    log.write_bytes(noise * 12_000 + log_of(*_lines(3)))
    shown = _on_a_screen(tmp_path, "watch", "--once", str(log))
    assert "Reading the log" in shown
    assert "MB" in shown
    assert "3 requests recorded." in shown


def test_a_remote_log_is_read_over_http(tmp_path: Path) -> None:
    """`--remote-log` needs no file here: the requests of the proxy's log are recorded and shown."""
    with FakeProxy(tmp_path / "elsewhere") as fake:
        fake.request("claude-sonnet-4-5")
        fake.settle()
        key = tmp_path / "key"
        key.write_text(fake.key)
        asked = ("--cliproxy", fake.url, "--management-key-file", str(key))
        done = proxypal(tmp_path, "watch", "--once", "--remote-log", *asked)
        assert (done.code, done.out.count("claude-sonnet-4-5")) == (0, 1)
        assert "read over HTTP" in done.err
        assert fake.key not in done.out + done.err
        assert fake.seen["GET /v0/management/logs"] > 0


def test_a_remote_log_needs_a_proxy_and_its_key(tmp_path: Path) -> None:
    """Without them it is wrong usage, and the message names the options."""
    refused = proxypal(tmp_path, "watch", "--once", "--remote-log")
    assert refused.code == 2
    assert "--management-key-file" in refused.err
