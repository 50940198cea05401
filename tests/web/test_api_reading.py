"""What the API tells: totals, recent requests, backups, sources, gaps, budgets."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, at
from proxypal import UsageStats
from proxypal.store.values import Gap, SourceBatch
from web_running import Running, running_server

SETTINGS = """
[names]
"sk-…0XYZ" = "laptop"

[[budget]]
name = "all of it"
per = "month"
usd = 200

[[budget]]
per = "century"
usd = 1
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """Six requests, one of them failed; a clock at `NOW_MS`."""
    with running_server(
        tmp_path / "data",
        requests=[
            a_request(id="a", timestamp=NOW_MS - 5000, cost_usd=Decimal("1.25")),
            a_request(id="b", timestamp=NOW_MS - 4000, provider="openai", model="gpt-5"),
            a_request(id="c", timestamp=NOW_MS - 3000, status=429),
            a_request(id="d", timestamp=NOW_MS - 2000, api_key="sk-…0XYZ", path="/v1/odd"),
            a_request(id="e", timestamp=NOW_MS - 1000, status=500, model="gpt-5-mini"),
            a_request(id="f", timestamp=NOW_MS),
        ],
        clock=SetClock(),
    ) as running:
        yield running


def ids(server: Running, query: str = "") -> str:
    """Which requests the history tells of, in its order."""
    return "".join(row["id"] for row in server.get(f"/api/history{query}").json()["requests"])


def test_stats_are_the_usage_statistics(server: Running) -> None:
    """GET /api/stats is every field of get_usage_stats(), money as exact numbers."""
    got = server.get("/api/stats")
    assert msgspec.json.decode(got.body, type=UsageStats) == server.store.get_usage_stats()
    assert b'"totalCostUsd":1.25' in got.body
    assert got.headers["cache-control"] == "no-store"


def test_an_empty_store_has_no_rate(tmp_path: Path) -> None:
    """D37: without requests there is no success rate: null, neither 100 % nor a division by 0."""
    with running_server(tmp_path / "data") as server:
        stats = server.get("/api/stats").json()
        answer = server.get("/api/query?range=7d").json()
    assert (stats["successRate"], stats["totalRequests"]) == (None, 0)
    assert answer["total"]["successRate"] is None
    assert (stats["oldestRequest"], stats["newestRequest"]) == (None, None)


def test_a_rate_is_not_rounded(tmp_path: Path) -> None:
    """D37: 249 of 250 is 0.996; the API rounds nothing to 100 %."""
    requests = [a_request(timestamp=NOW_MS + n, status=500 if n == 0 else 200) for n in range(250)]
    with running_server(tmp_path / "data", requests=requests) as server:
        assert server.get("/api/stats").json()["successRate"] == 0.996


def test_numbers_move_at_once(server: Running) -> None:
    """D44: what is asked again is of now: a request recorded meanwhile is in every answer."""
    assert server.get("/api/stats").json()["totalRequests"] == 6
    server.record([a_request(id="g")])
    assert server.get("/api/stats").json()["totalRequests"] == 7
    assert ids(server).endswith("g")
    assert server.get("/api/query?by=model").json()["total"]["requests"] == 7


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_days_are_those_of_the_zone(tmp_path: Path, zone: str) -> None:
    """D41: a day's label is the local day of each request, west of Greenwich as well as east."""
    moments = {
        "America/Los_Angeles": ("2026-01-08T23:30-08:00", "2026-01-09T00:30-08:00"),
        "Asia/Kolkata": ("2026-01-08T23:30+05:30", "2026-01-09T00:30+05:30"),
        "Pacific/Kiritimati": ("2026-01-08T23:30+14:00", "2026-01-09T00:30+14:00"),
    }
    requests = [a_request(timestamp=at(moment)) for moment in moments[zone]]
    with running_server(
        tmp_path / "data", requests=requests, zone=zone, clock=SetClock(NOW_MS + 7 * DAY_MS)
    ) as server:
        days = [point["label"] for point in server.get("/api/stats").json()["requestsByDay"]]
        heat = server.get("/api/query?by=weekday-hour&range=2026-01").json()["rows"]
    assert days == ["2026-01-08", "2026-01-09"]
    assert [row["labels"] for row in heat if row["requests"]] == [["Thu 23"], ["Fri 00"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "abcdef"),
        ("?limit=2", "ef"),
        ("?limit=0", ""),
        ("?limit=9007199254740991", "abcdef"),
        ("?model=gpt-*", "be"),
        ("?model=GPT-5", "b"),
        ("?provider=anthropic", "acdef"),
        ("?status=failed", "ce"),
        ("?status=success", "abdf"),
        ("?status=429", "c"),
        ("?status=5xx", "e"),
        ("?key=sk-…0XYZ", "d"),
        ("?q=/V1/ODD", "d"),
        ("?status=failed&limit=1", "e"),
        ("?status=&model=&q=", "abcdef"),
    ],
)
def test_history_is_filtered(server: Running, query: str, expected: str) -> None:
    """GET /api/history tells what is meant, newest last; `limit` takes the newest of those."""
    assert ids(server, query.replace("…", "%E2%80%A6")) == expected


def test_history_says_how_much_there_is(tmp_path: Path) -> None:
    """D47: how many are kept and may be kept is told as it is, not as "500 requests"."""
    requests = [a_request(id=str(n), timestamp=NOW_MS + n) for n in range(12)]
    with running_server(tmp_path / "data", requests=requests, history_limit=10) as server:
        answer = server.get("/api/history?q=no-such&limit=3").json()
        assert (answer["found"], answer["kept"], answer["limit"]) == (0, 10, 10)
        stats = server.get("/api/stats").json()
        assert (stats["historyCount"], stats["totalRequests"]) == (10, 12)
        assert (stats["oldestRequest"], stats["newestRequest"]) == (NOW_MS + 2, NOW_MS + 11)


def test_rows_are_those_of_the_file(server: Running) -> None:
    """A row has exactly the fields it has in history.json, keys of its origin among them."""
    server.post("/api/requests", {"status": 200, "id": "z", "mine": {"a": [1, None]}})
    server.store.publish()
    file = msgspec.json.decode((server.store.path / "history.json").read_bytes())
    assert server.get("/api/history").json()["requests"] == file["requests"]
    assert file["requests"][-1]["mine"] == {"a": [1, None]}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/api/history?limit=-1", "limit is '-1'"),
        ("/api/history?limit=1.5", "limit is '1.5'"),
        ("/api/history?limit=9007199254740992", "at most 9,007,199,254,740,991"),
        ("/api/history?limit=1&limit=2", "limit is given twice"),
        ("/api/history?status=6xx", "no status"),
        ("/api/history?modle=x", "There is no parameter 'modle'; there are limit, model,"),
        ("/api/stats?days=7", "this call takes none"),
    ],
)
def test_a_question_that_means_nothing_is_not_answered(
    server: Running, path: str, said: str
) -> None:
    """A misspelt or impossible parameter is 400 with a sentence, never an answer to less."""
    got = server.get(path)
    assert got.status == 400
    assert said in got.json()["error"]["message"]


def test_backups_are_listed(server: Running) -> None:
    """GET /api/backups lists what can be undone, newest first, and what was."""
    for path in ("/api/history/clear", "/api/analytics/reset"):
        server.post(path, {})
    reset, cleared = server.get("/api/backups").json()["backups"]
    assert (reset["kind"], reset["requests"], cleared["kind"], cleared["rows"]) == (
        "reset",
        6,
        "clear",
        6,
    )
    server.post("/api/restore", {"name": cleared["name"]})
    again = server.get("/api/backups").json()["backups"]
    assert [one["undoneAt"] is None for one in again] == [True, False]


def test_gaps_are_told(server: Running) -> None:
    """GET /api/gaps tells what of a source is known to be lost, null where time is not known."""
    assert server.get("/api/gaps").json() == {"gaps": []}
    gap = Gap(source="log", from_ms=NOW_MS - HOUR_MS, until_ms=None, reason="rotated away")
    server.store.record_batch(
        SourceBatch(source="log", start=None, generation=0, state=b"{}", requests=[], gaps=[gap])
    )
    assert server.get("/api/gaps").json() == {
        "gaps": [
            {
                "source": "log",
                "fromMs": NOW_MS - HOUR_MS,
                "untilMs": None,
                "reason": "rotated away",
            }
        ]
    }


def test_sources_are_told(server: Running) -> None:
    """GET /api/sources is how each source is, as the board knows it, or none."""
    assert server.get("/api/sources").json() == {"sources": []}


def test_budgets_are_told(server: Running) -> None:
    """GET /api/budgets is how each stands, and what of the settings cannot be used."""
    (server.store.path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    answer = server.get("/api/budgets").json()
    (budget,) = answer["budgets"]
    assert (budget["name"], budget["limit"], budget["spent"]) == ("all of it", 200, 1.25)
    (problem,) = answer["problems"]
    assert "[[budget]] number 2 is left out" in problem


def test_a_key_is_found_by_its_name(server: Running) -> None:
    """What the user calls a key is a filter too, from the moment it stands in the settings."""
    assert ids(server, "?key=laptop") == ""
    (server.store.path / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    assert ids(server, "?key=laptop") == "d"
    rows: list[Any] = server.get("/api/query?by=key&where=key=laptop").json()["rows"]
    assert [row["labels"] for row in rows] == [["sk-…0XYZ"]]
