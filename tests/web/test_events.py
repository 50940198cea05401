import contextlib
import socket
import time
from pathlib import Path

import pytest

from builders import a_request, access_line, log_of
from log_reading import UTC
from proxypal.errors import CannotWrite
from proxypal.web import events
from proxypal.web.serving import Watched
from watch_runs import until
from web_running import Events, running_server


def next_rows(stream: Events) -> list[str]:
    """The ids of the rows of the next event about requests."""
    return [row["id"] for row in stream.until("requests").data["rows"]]


def test_it_begins_with_how_things_are(tmp_path: Path) -> None:
    """Whoever comes without a number gets totals and warnings first, then what happens."""
    with (
        running_server(tmp_path, requests=[a_request(id="a")]) as server,
        server.events() as stream,
    ):
        first = next(stream)
        assert first.kind == "snapshot"
        assert first.data["totals"]["totalRequests"] == 1
        assert first.data["notices"] == []
        assert stream.retry_ms == 1000
        server.record([a_request(id="b")])
        assert next_rows(stream) == ["b"]
        assert stream.until("totals").data["totalRequests"] == 2


def test_a_page_goes_on_from_its_number(tmp_path: Path) -> None:
    """A page that was made at a number is told exactly what happened since, without a snapshot."""
    with running_server(tmp_path) as server:
        number = server.services.feed.number
        server.record([a_request(id="a")])
        with server.events(after=number) as stream:
            assert next_rows(stream) == ["a"]


def test_a_break_is_made_up_for(tmp_path: Path) -> None:
    """A browser that comes back with the last number it saw misses nothing and gets none twice."""
    with running_server(tmp_path) as server:
        with server.events() as stream:
            next(stream)
            server.record([a_request(id="a")])
            seen = stream.until("requests")
        server.record([a_request(id="b")])
        with server.events(**{"Last-Event-ID": seen.id}) as stream:
            assert next_rows(stream) == ["b"]


def test_after_a_restart_everything_is_loaded_anew(tmp_path: Path) -> None:
    """The number of a server that has ended means nothing to the next one."""
    with running_server(tmp_path) as server:
        number = server.services.feed.number
    with running_server(tmp_path) as server, server.events(after=number) as stream:
        assert next(stream).kind == "snapshot"


def test_a_line_of_the_log_is_live_within_a_second(tmp_path: Path) -> None:
    """From the proxy's log line to the browser it takes less than a second."""
    log = tmp_path / "main.log"
    log.write_bytes(log_of(access_line("/v1/messages?n=1")))
    watched = Watched(paths=[log], offset=UTC)
    with running_server(tmp_path / "data", watched=watched) as server:
        until(lambda: server.store.get_usage_stats().total_requests == 1)
        with server.events() as stream:
            next(stream)
            server.record([a_request(id="first")])
            until(lambda: "first" in next_rows(stream))  # whatever was there before is told
            written_s = time.monotonic()
            with log.open("ab") as file:
                file.write(log_of(access_line("/v1/messages?n=2")))
            (row,) = stream.until("requests").data["rows"]
            took_s = time.monotonic() - written_s
    assert row["path"] == "/v1/messages?n=2"
    assert took_s < 1.0


def test_hostile_text_breaks_no_event(tmp_path: Path) -> None:
    """Line ends in a name cannot forge an event of their own."""
    model = "x\n\nevent: totals\ndata: {}\r\r\u2028"
    with running_server(tmp_path) as server, server.events() as stream:
        next(stream)
        server.record([a_request(id="a", model=model)])
        found = next(stream)
        assert found.kind == "requests"
        assert "event: totals" in found.data["rows"][0]["model"]


def test_warnings_come_and_go(tmp_path: Path) -> None:
    """A trouble is shown to everybody within a moment, and its end too."""
    with running_server(tmp_path) as server, server.events() as stream:
        next(stream)
        server.serving.board.miss_log("No log is found.")
        assert [one["text"] for one in stream.until("notices").data] == ["No log is found."]
        server.serving.board.miss_log("")
        assert stream.until("notices").data == []


def test_silence_is_kept_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing happens a comment goes out now and then, so that nobody ends the line."""
    monkeypatch.setattr(events, "SILENCE_S", 0.05)
    with running_server(tmp_path) as server, server.events() as stream:
        next(stream)
        assert stream.next_comment() == "alive"


def test_a_client_that_does_not_read_holds_up_nobody(tmp_path: Path) -> None:
    """A tab that sleeps costs the others nothing, and the server ends although it is there."""
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with running_server(tmp_path) as server:
            deaf.connect((server.host, server.port))
            deaf.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            until(lambda: server.services.feed.watchers == 1)
            with server.events() as stream:
                next(stream)
                for number in range(8):
                    wide = {"path": "/v1/" + "x" * 2000, "timestamp": number + 1}
                    server.record([a_request(id=f"{number}-{n}", **wide) for n in range(400)])
                    assert len(next_rows(stream)) > 0


def test_many_tabs_are_one_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty tabs read the history as often as one."""
    with running_server(tmp_path) as server:
        reads = 0
        original = server.store.get_request_history

        def counted(limit: int | None = None) -> object:
            nonlocal reads
            reads += 1
            return original(limit)

        monkeypatch.setattr(server.store, "get_request_history", counted)
        number = server.services.feed.number
        with contextlib.ExitStack() as stack:
            streams = [stack.enter_context(server.events(after=number)) for _ in range(20)]
            server.record([a_request(id="a")])
            assert all(next_rows(stream) == ["a"] for stream in streams)
        assert reads == 1


def test_who_leaves_is_forgotten(tmp_path: Path) -> None:
    """A closed tab leaves nothing behind, and the feed sleeps again."""
    with running_server(tmp_path) as server:
        with server.events() as stream:
            next(stream)
            assert server.services.feed.watchers == 1
        until(lambda: server.services.feed.watchers == 0)


def test_a_stream_ends_with_the_server(tmp_path: Path) -> None:
    """A stop does not wait for tabs that are open."""
    with running_server(tmp_path) as server, server.events() as stream:
        next(stream)
        server.serving.stop()
        assert list(stream) == []


def test_a_snapshot_that_cannot_be_made_is_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the store cannot be read the line stays open; the snapshot comes when it can."""
    monkeypatch.setattr(events, "SILENCE_S", 0.02)
    with running_server(tmp_path) as server:
        failed = 0
        original = server.store.get_usage_stats

        def fail_twice(**how: bool) -> object:
            nonlocal failed
            failed += 1
            if failed <= 2:
                raise CannotWrite(tmp_path, "input/output error")
            return original(**how)

        monkeypatch.setattr(server.store, "get_usage_stats", fail_twice)
        with server.events() as stream:
            assert next(stream).kind == "snapshot"
        assert failed == 3
