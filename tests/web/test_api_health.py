from pathlib import Path

import pytest

from builders import NOW_MS, SetClock, a_request, an_attempt
from proxypal.errors import StorageFull
from proxypal.service.queue_status import QueueStatus, encode_status
from proxypal.service.watch_events import ReadingLog, Recorded, StoreRecovered, StoreTrouble
from proxypal.store import Store
from proxypal.store.values import Gap, QueueBatch
from web_running import running_server

QUEUE = "queue http://127.0.0.1:8317"


def test_all_is_well(tmp_path: Path) -> None:
    """A server that can record says so, with its version."""
    with running_server(tmp_path) as server:
        found = server.get("/healthz")
        assert found.status == 200
        assert found.json() | {"version": ""} == {
            "status": "ok",
            "version": "",
            "writable": True,
            "held": 0,
            "sources": [],
        }


def test_a_store_that_cannot_be_written_is_a_503(tmp_path: Path) -> None:
    """Whoever watches the process learns that nothing is recorded, and when it is over."""
    with running_server(tmp_path) as server:
        server.serving.board.report(StoreTrouble(StorageFull(tmp_path), 500))
        found = server.get("/healthz")
        assert (found.status, found.json()["status"], found.json()["writable"]) == (
            503,
            "failing",
            False,
        )
        server.serving.board.report(StoreRecovered())
        assert server.get("/healthz").status == 200


def test_what_is_held_is_a_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests in memory are lost by a restart, so nobody may restart us for being well."""
    monkeypatch.setattr(Store, "held", 41)
    with running_server(tmp_path) as server:
        found = server.get("/healthz")
        assert (found.status, found.json()["held"]) == (503, 41)


def test_the_queue_is_told_as_it_is(tmp_path: Path) -> None:
    """Connected since, the last record's age, mode, statistics, ban, another consumer, losses."""
    status = QueueStatus(
        url="http://127.0.0.1:8317",
        state="connected",
        mode="polling RESP",
        connected_since=NOW_MS - 9_000,
        last_record_at=NOW_MS - 2_000,
        statistics_enabled=False,
        banned_until=NOW_MS - 1,
        starved_since=NOW_MS - 1_000,
    )
    gap = Gap(source=QUEUE, from_ms=NOW_MS - 9, until_ms=NOW_MS - 5, reason="restarted")
    with running_server(tmp_path, clock=SetClock()) as server:
        server.store.record_attempts(
            QueueBatch(
                source=QUEUE, attempts=[an_attempt()], gaps=[gap], status=encode_status(status)
            )
        )
        assert server.get("/healthz").json()["sources"] == [
            {
                "kind": "queue",
                "state": "connected",
                "mode": "polling RESP",
                "connectedSince": NOW_MS - 9_000,
                "lastRecordAgeMs": 2_000,
                "statisticsEnabled": False,
                "bannedUntil": NOW_MS - 1,
                "isOtherConsumerSuspected": True,
                "lostLastDay": 1,
            }
        ]


def test_it_tells_nothing_of_the_data(tmp_path: Path) -> None:
    """It is answered to everybody, so no path, address, name or figure of use is in it."""
    with running_server(tmp_path, requests=[a_request(model="secret-model")]) as server:
        server.serving.board.report(ReadingLog(Path("/secret/main.log")))
        server.serving.board.report(Recorded("main.log", [a_request(timestamp=NOW_MS)]))
        found = server.get("/healthz")
        assert found.json()["sources"][0]["state"] == "reading"
        assert "secret" not in found.text
        assert str(tmp_path) not in found.text
