"""Clear, Reset, their undo and imports over HTTP: a backup first, and nothing lost."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import NOW_MS, SetClock, a_request, access_line, log_of
from proxypal import Store
from web_running import Got, Running, running_server

FILE = {"Content-Type": "application/octet-stream"}
OLD_ROWS = b"".join(
    msgspec.json.encode({"status": 200, "timestamp": NOW_MS - n * 60_000, "model": "gpt-5"}) + b"\n"
    for n in range(1, 4)
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """Ten requests, a dollar each."""
    requests = [
        a_request(id=str(n), timestamp=NOW_MS - 1000 + n, cost_usd=Decimal(1)) for n in range(10)
    ]
    with running_server(tmp_path / "data", requests=requests, clock=SetClock()) as running:
        yield running


def counts(server: Running) -> tuple[int, int, Any]:
    """Rows of the history, requests and dollars of the totals."""
    stats = server.get("/api/stats").json()
    return stats["historyCount"], stats["totalRequests"], stats["totalCostUsd"]


def upload(server: Running, query: str, data: bytes) -> Got:
    """POST a file to be imported."""
    return server.request("POST", f"/api/import{query}", data, FILE)


def test_clear_empties_the_history_alone(server: Running) -> None:
    """Clear History takes the rows, leaves the totals, and names the backup that undoes it."""
    answer = server.post("/api/history/clear", {}).json()
    assert (answer["cleared"], answer["backup"]["rows"], answer["backup"]["kind"]) == (
        10,
        10,
        "clear",
    )
    assert counts(server) == (0, 10, 10)


def test_reset_empties_the_totals_alone(server: Running) -> None:
    """Reset Analytics starts the totals anew, and the recent requests stay."""
    answer = server.post("/api/analytics/reset", {}).json()
    assert (answer["reset"], answer["backup"]["kind"]) == (10, "reset")
    assert counts(server) == (10, 0, 0)


@pytest.mark.parametrize("path", ["/api/history/clear", "/api/analytics/reset"])
def test_undo_brings_back_and_keeps_what_came_after(server: Running, path: str) -> None:
    """D47, D39: the backup's name undoes a clear or a reset once; what came after is kept."""
    name = server.post(path, {}).json()["backup"]["name"]
    server.record([a_request(id="after", timestamp=NOW_MS, cost_usd=Decimal("0.5"))])
    assert server.post("/api/restore", {"name": name}).json()["backup"]["name"] == name
    assert counts(server) == (11, 11, 10.5)
    again = server.post("/api/restore", {"name": name})
    assert again.status == 409
    assert "already restored" in again.json()["error"]["message"]
    assert counts(server) == (11, 11, 10.5)


def test_a_reset_stays_one_after_a_restart(server: Running, tmp_path: Path) -> None:
    """D39: what was reset does not come back when the server starts again."""
    server.post("/api/analytics/reset", {})
    server.serving.stop()
    with Store(tmp_path / "data") as store:
        assert store.get_usage_stats().total_requests == 0
        assert store.get_usage_stats().history_count == 10


def test_clearing_what_is_empty_has_nothing_to_undo(server: Running) -> None:
    """A second clear clears nothing and makes no backup."""
    server.post("/api/history/clear", {})
    assert server.post("/api/history/clear", {}).json() == {"cleared": 0, "backup": None}


def test_forgetting_leaves_no_copy(server: Running) -> None:
    """With `forget` there is no backup, and earlier ones of the history are gone too."""
    server.post("/api/history/clear", {})
    server.record([a_request(id="secret")])
    assert server.post("/api/history/clear", {"forget": True}).json() == {
        "cleared": 1,
        "backup": None,
    }
    assert server.get("/api/backups").json() == {"backups": []}
    assert counts(server)[:2] == (0, 11)


@pytest.mark.parametrize(
    "name", ["x", "", "../proxypal.db", "/etc/passwd", "a\x00b", "\ud7ff" * 999]
)
def test_only_backups_are_restored(server: Running, name: str) -> None:
    """A name that is no backup's is 404, whatever path it might be."""
    got = server.post("/api/restore", {"name": name})
    assert got.status == 404
    assert counts(server) == (10, 10, 10)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/history/clear", b""),
        ("/api/history/clear", b"[]"),
        ("/api/history/clear", b"null"),
        ("/api/history/clear", b'{"forgot":true}'),
        ("/api/history/clear", b'{"forget":"no"}'),
        ("/api/analytics/reset", b'{"dryRun":true}'),
        ("/api/analytics/reset", b"{" * 100_000),
        ("/api/restore", b"{}"),
        ("/api/restore", b'{"name":7}'),
        ("/api/restore", b'{"name":"\xff"}'),
    ],
)
def test_an_unclear_order_is_not_followed(server: Running, path: str, body: bytes) -> None:
    """A body with a misspelt key or of the wrong type is 400, and nothing changes."""
    got = server.request("POST", path, body, {"Content-Type": "application/json"})
    assert got.status == 400
    assert got.json()["error"]["message"].startswith("The body is not what this call takes: ")
    assert counts(server) == (10, 10, 10)


@pytest.mark.parametrize("path", ["/api/history/clear", "/api/analytics/reset", "/api/restore"])
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_form_changes_nothing(server: Running, path: str, kind: str) -> None:
    """What a form can send is 415."""
    got = server.request("POST", path, b"{}", {"Content-Type": kind})
    assert got.status == 415
    assert counts(server) == (10, 10, 10)


# Imports.


def test_an_import_is_previewed_done_once_and_undone(server: Running, tmp_path: Path) -> None:
    """D43: a preview adds nothing, an import stays after a restart, twice adds nothing, undo."""
    preview = upload(server, "?dryRun=true&name=old.jsonl", OLD_ROWS).json()
    assert (preview["report"]["outcome"], preview["report"]["requests"]) == ("preview", 3)
    assert preview["backup"] is None
    assert counts(server) == (10, 10, 10)

    done = upload(server, "?name=old.jsonl", OLD_ROWS).json()
    assert (done["report"]["outcome"], done["report"]["path"]) == ("imported", "old.jsonl")
    assert counts(server) == (13, 13, 10)
    with Store(tmp_path / "data", read_only=True) as other:
        assert other.get_usage_stats().total_requests == 13

    again = upload(server, "?name=other-name.jsonl", OLD_ROWS).json()
    assert again["report"]["outcome"] == "known"
    assert counts(server) == (13, 13, 10)

    server.post("/api/restore", {"name": done["backup"]["name"]})
    assert counts(server) == (10, 10, 10)


def test_a_preview_writes_nothing(server: Running) -> None:
    """D43: not even the price that a preview looked up is kept; the import itself keeps it."""
    rows = OLD_ROWS.replace(b'"gpt-5"', b'"gpt-5","tokensIn":1000,"tokensOut":10')
    before = server.store.sequence(), server.store.cached("prices")
    preview = upload(server, "?dryRun=true&name=old.jsonl", rows).json()
    assert preview["report"]["unpriced"] == 0
    assert (server.store.sequence(), server.store.cached("prices")) == before
    upload(server, "?name=old.jsonl", rows)
    assert server.store.cached("prices") != before[1]
    assert counts(server)[2] > 10


def test_an_old_history_with_its_aggregate_is_one_bundle(server: Running) -> None:
    """D55: both old files in the app's own form of an export are imported as one."""
    with Store(server.store.path.parent / "other", zone="UTC") as other:
        other.record([a_request(timestamp=NOW_MS - 86_400_000 + n) for n in range(5)])
        history, aggregate = other.get_request_history(), other.get_aggregate()
    bundle = {"version": 1, "request_history": history, "aggregate": aggregate}
    data = msgspec.json.Encoder(decimal_format="number").encode(bundle)
    answer = upload(server, "?name=export.json", data).json()
    assert (answer["report"]["kind"], answer["report"]["requests"]) == ("bundle", 5)
    assert counts(server)[1] == 15


def test_what_cannot_be_read_is_refused_with_the_reason(server: Running) -> None:
    """D43: a file that is none of ours is 422 with a report, and changes nothing."""
    for data, said in ((b"", "it is empty"), (b"\x89PNG\r\n\x1a\n", "none of what can be")):
        got = upload(server, "?name=picture.png", data)
        assert got.status == 422
        answer = got.json()
        assert answer["report"]["outcome"] == "refused"
        assert said in answer["report"]["reason"]
        assert answer["error"]["message"].startswith("picture.png was not imported: ")
    assert counts(server) == (10, 10, 10)


def test_bad_rows_are_named_by_line(server: Running) -> None:
    """Of a file with good and bad rows the good ones come in, and the bad ones are named."""
    answer = upload(server, "?name=a.jsonl", OLD_ROWS + b'{"status":"x"}\n').json()
    assert [row["line"] for row in answer["report"]["badRows"]] == [4]
    assert counts(server)[1] == 13


def test_a_log_is_read_in_its_zone(server: Running) -> None:
    """An uploaded log counts at the time its own zone says, and the same again adds nothing."""
    log = log_of(access_line(stamp="2026-01-09 01:00:00"))
    answer = upload(server, "?name=main.log&logZone=Asia/Tokyo", log).json()
    assert (answer["report"]["kind"], answer["report"]["requests"]) == ("log", 1)
    days = {
        point["label"]: point["value"] for point in server.get("/api/stats").json()["requestsByDay"]
    }
    assert days["2026-01-08"] == 1
    upload(server, "?name=main.log&logZone=Asia/Tokyo", log)
    assert counts(server)[1] == 11


@pytest.mark.parametrize(
    "name",
    ["..%2F..%2Fetc%2Fpasswd", "C%3A%5Cx%5Cold.jsonl", "%00%0a%1b[31m.jsonl", "", ".", "x" * 5000],
)
def test_a_name_is_only_a_name(server: Running, name: str) -> None:
    """A hostile file name is cut to its last part and never becomes a path or a control code."""
    answer = upload(server, f"?dryRun=true&name={name}", OLD_ROWS).json()
    shown = answer["report"]["path"]
    assert shown.isprintable()
    assert not set(shown) & set("/\\")
    assert 0 < len(shown) <= 100


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("?dryRun=yes", FILE, 400),
        ("?dry-run=true", FILE, 400),
        ("?logZone=Mars/Olympus", FILE, 400),
        ("?name=a&name=b", FILE, 400),
        ("", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ("", {}, 415),
    ],
)
def test_a_misspelt_wish_imports_nothing(
    server: Running, query: str, headers: dict[str, str], status: int
) -> None:
    """Who misspells `dryRun` gets an error, not an import."""
    got = server.request("POST", f"/api/import{query}", OLD_ROWS, headers)
    assert got.status == status
    assert counts(server) == (10, 10, 10)


def test_no_answer_tells_where_the_file_was_put(server: Running) -> None:
    """A report names the file as it was called, and no folder of this machine."""
    log = log_of(access_line(stamp="2026-01-09 01:00:00"), "not a line of a log")
    for query, data in (("?name=main.log", log), ("?name=x.bin", b"\x00"), ("", OLD_ROWS)):
        assert "proxypal-" not in upload(server, query, data).text
