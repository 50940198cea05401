import socket
import threading
from pathlib import Path

import pytest

from builders import access_line, log_of
from log_reading import UTC
from proxypal.errors import CannotListen, StoreClosed, UnreadableInput
from proxypal.service.watch_events import Note, ReadingLog, Recorded, WatchEvent
from proxypal.store import Store
from proxypal.web import serving
from proxypal.web.access import Access
from proxypal.web.serving import Serving, Watched, addresses, listening_at, url_of
from watch_runs import until
from web_running import Running, running_server


def test_logs_are_recorded_while_pages_are_served(tmp_path: Path) -> None:
    """One process does both, and what the watcher tells reaches the board and whoever reports."""
    log = tmp_path / "main.log"
    log.write_bytes(log_of(access_line(), access_line(request_id="b1b2b3b4")))
    events: list[WatchEvent] = []
    watched = Watched(paths=[log], offset=UTC)
    with running_server(tmp_path / "data", watched=watched, report=events.append) as server:
        until(lambda: server.store.get_usage_stats().total_requests == 2)
        until(lambda: server.get("/healthz").json()["sources"][0]["state"] == "caught up")
        assert server.serving.board.state()[0].requests == 2
    assert sum(len(event.requests) for event in events if isinstance(event, Recorded)) == 2


def test_the_lease_is_let_go_at_the_end(tmp_path: Path) -> None:
    """The next process reads on at once; it need not wait for the lease to run out."""
    log = tmp_path / "main.log"
    log.write_bytes(log_of(access_line()))
    watched = Watched(paths=[log], offset=UTC)
    with running_server(tmp_path / "data", watched=watched) as server:
        until(lambda: server.store.get_usage_stats().total_requests == 1)
    with Store(tmp_path / "data") as store:
        assert store.acquire_lease(f"log:{log.resolve()}", 1000)


def test_without_a_log_it_serves_and_looks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that writes its first line later is found; until then the pages say what to do."""
    monkeypatch.setattr(serving, "_LOOK_FOR_LOG_EVERY_S", 0.05)
    monkeypatch.setenv("WRITABLE_PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    events: list[WatchEvent] = []
    watched = Watched(offset=UTC)
    with running_server(tmp_path / "data", watched=watched, report=events.append) as server:
        until(lambda: bool(server.serving.board.notices()))
        assert "logging-to-file: true" in server.serving.board.notices()[0].text
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "main.log").write_bytes(log_of(access_line()))
        until(lambda: server.store.get_usage_stats().total_requests == 1)
        assert server.serving.board.notices() == []
    assert len([event for event in events if isinstance(event, Note)]) == 1
    assert any(isinstance(event, ReadingLog) for event in events)


def test_a_watcher_that_fails_ends_the_process(tmp_path: Path) -> None:
    """A log that is none is told and nothing is served as if all were well."""
    dump = tmp_path / "error-v1-messages-2026-08-22T223903-a1b2c3d4.log"
    dump.write_bytes(b"=== REQUEST INFO ===\n")
    watched = Watched(paths=[dump], offset=UTC)
    with (
        pytest.raises(UnreadableInput),
        running_server(tmp_path / "data", watched=watched) as server,
    ):
        until(lambda: server.serving.feed.is_closed)


def test_a_mistake_in_any_thread_ends_the_process(tmp_path: Path) -> None:
    """Nothing dies silently behind pages that look alive: also a bug ends it, with its error."""

    def fail(event: WatchEvent) -> None:
        raise ZeroDivisionError(event)

    log = tmp_path / "main.log"
    log.write_bytes(log_of(access_line()))
    with (
        pytest.raises(ZeroDivisionError),
        running_server(
            tmp_path / "data", watched=Watched(paths=[log], offset=UTC), report=fail
        ) as server,
    ):
        until(lambda: server.serving.feed.is_closed)


def test_a_feed_that_fails_ends_the_process(tmp_path: Path) -> None:
    """The live feed too: pages that never change again would be a lie."""
    with pytest.raises(StoreClosed), running_server(tmp_path) as server:
        close_under(server)


def close_under(server: Running) -> None:
    """Close the store while somebody watches, and wait for the end."""
    with server.events() as stream:
        next(stream)
        server.store.close()
        until(lambda: server.serving.feed.is_closed)


def test_a_stop_before_the_start_is_heeded(tmp_path: Path) -> None:
    """Ctrl-C in the first moment ends it like any other."""
    sockets = listening_at("127.0.0.1", 0)
    with Store(tmp_path) as store, sockets[0]:
        running = Serving(store, Access())
        running.stop()
        thread = threading.Thread(target=running.run, args=(sockets,))
        thread.start()
        thread.join(20)
        assert not thread.is_alive()


def test_a_port_that_is_taken_is_told() -> None:
    """The sentence says what is wrong and which options help."""
    with listening_at("127.0.0.1", 0)[0] as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match="listens there already") as told:
            listening_at("127.0.0.1", port)
    assert "--port" in str(told.value)


def test_a_host_that_is_not_this_machine_is_told() -> None:
    """An address of somebody else's, and a name nobody has, are sentences too."""
    with pytest.raises(CannotListen, match="does not have that address"):
        listening_at("192.0.2.1", 0)
    with pytest.raises(CannotListen, match="no-such-name"):
        listening_at("no-such-name.invalid", 0)


def test_a_name_with_several_addresses_has_one_port() -> None:
    """`localhost` is this machine over IPv4 and IPv6, at the same port."""
    sockets = listening_at("localhost", 0)
    try:
        assert len({one.getsockname()[1] for one in sockets}) == 1
        assert set(addresses(sockets)) <= {"127.0.0.1", "::1"}
    finally:
        for one in sockets:
            one.close()


def has_ipv6() -> bool:
    """Whether this machine speaks IPv6 on its loopback."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not has_ipv6(), reason="no IPv6 on this machine")
def test_ipv6_is_served(tmp_path: Path) -> None:
    """Under [::1] with a port, as browsers send it, the pages are answered and may change."""
    with running_server(tmp_path, host="::1") as server:
        assert server.url == f"http://[::1]:{server.port}"
        assert server.get("/healthz").status == 200
        assert server.post("/api/nothing", {}).status == 404


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://localhost:"),
        ("0.0.0.0", "http://127.0.0.1:"),
        ("::1", "http://[::1]:"),
        ("::", "http://[::1]:"),
    ],
)
def test_the_url_opens_on_this_machine(host: str, url: str) -> None:
    """What is printed can be opened, also where the server listens at every address."""
    with listening_at("127.0.0.1", 0)[0] as one:
        assert url_of(host, [one]) == f"{url}{one.getsockname()[1]}"
