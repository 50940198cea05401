"""`GET /api/query`: the words of `proxypal stats`, its answer and its refusals."""

import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlencode

import msgspec
import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_request, at
from proxypal.records.request import RequestLog
from proxypal.records.usage_answer import Answer
from proxypal.records.usage_query import Query
from running import Ended, proxypal
from web_running import Running, running_server

KEY = "sk-…0XYZ#3f9a1c"
HOUR_S = 3600

Words = list[tuple[str, str]]


def traffic() -> list[RequestLog]:
    """A week of it: three models, failures, a key with a name, and a hostile name."""
    moment = at("2025-12-16T04:10")
    return [
        a_request(
            id=str(n),
            timestamp=moment + n * DAY_MS // 5,
            model=("claude-opus-4-5", "gpt-5", "=SUM(A1)")[n % 3],
            provider=("claude", "openai", "other-co")[n % 3],
            status=(200, 200, 429, 200, 500)[n % 5],
            api_key=KEY if n % 2 else None,
            cost_usd=None if n % 4 == 0 else Decimal("0.123456789"),
            duration_ms=900 + n * 10,
        )
        for n in range(35)
    ]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path / "data", requests=traffic(), zone="America/St_Johns") as running:
        (tmp_path / "data" / "settings.toml").write_text(
            f'[names]\n"{KEY}" = "laptop"\n', encoding="utf-8"
        )
        yield running


def in_the_terminal(server: Running, words: Words, form: str) -> Ended:
    """The same words to the program."""
    options = [
        text
        for name, value in words
        for text in ([value] if name == "range" else [f"--{name}", value])
    ]
    return proxypal(server.store.path.parent, "stats", *options, form)


QUESTIONS: list[Words] = [
    [],
    [("by", "day")],
    [("by", "hour"), ("since", "2025-12-18"), ("until", "2025-12-19")],
    [("by", "model")],
    [("by", "provider"), ("since", "2025-12-20")],
    [("since", "2025-12-17T12:00-03:30")],
    [("range", "2025-12")],
    [("range", "2025-12-17..2025-12-20"), ("by", "week"), ("by", "model"), ("top", "1")],
    [("by", "key,outcome"), ("where", "provider=claude|openai")],
    [("by", "model"), ("where", "key=laptop"), ("where", "outcome=failed")],
    [("metrics", "all"), ("by", "day"), ("order", "label:desc")],
    [("metrics", "requests,p95,cost"), ("by", "model"), ("order", "cost:asc")],
    [("by", "weekday-hour"), ("metrics", "requests")],
    [("last", "3000d"), ("by", "month")],
]


@pytest.mark.parametrize("words", QUESTIONS, ids=urlencode)
def test_the_answer_is_that_of_the_terminal(server: Running, words: Words) -> None:
    """To the same words, GET /api/query answers what `proxypal stats --json` prints."""
    for _ in range(2):
        hour = time.time() // HOUR_S
        answered = server.get(f"/api/query?{urlencode(words)}")
        printed = in_the_terminal(server, words, "--json")
        if time.time() // HOUR_S == hour:  # else both may be right, each in its hour
            break
    assert answered.status == 200, answered.text
    assert (printed.code, msgspec.json.format(answered.body, indent=2).decode() + "\n") == (
        0,
        printed.out,
    )


@pytest.mark.parametrize("words", [QUESTIONS[8], QUESTIONS[9]], ids=urlencode)
def test_the_csv_is_that_of_the_terminal(server: Running, words: Words) -> None:
    """`format=csv` is what `proxypal stats --csv` prints, names of keys and all."""
    answered = server.get(f"/api/query?{urlencode([*words, ('format', 'csv')])}")
    assert answered.headers["content-type"] == "text/csv; charset=utf-8"
    assert answered.text == in_the_terminal(server, words, "--csv").out


@pytest.mark.parametrize(
    "words",
    [
        [("by", "moon")],
        [("by", "day,hour,week")],
        [("where", "model~x")],
        [("where", "")],
        [("range", "someday")],
        [("since", "2025-02-30")],
        [("since", "2025-12-20"), ("until", "2025-12-19")],
        [("range", "7d"), ("last", "7d")],
        [("top", "0")],
        [("metrics", "happiness")],
        [("order", "cost:up")],
    ],
    ids=urlencode,
)
def test_what_means_nothing_is_refused_in_the_same_words(server: Running, words: Words) -> None:
    """A question that means nothing is 400 with the very sentence the terminal says."""
    got = server.get(f"/api/query?{urlencode(words)}")
    printed = in_the_terminal(server, words, "--json")
    assert (got.status, printed.code) == (400, 2)
    sentence = got.json()["error"]["message"]
    assert sentence.startswith("Not a question about usage: ")
    assert sentence in printed.err


@pytest.mark.parametrize("query", ["?form=csv", "?format=xml", "?range=7d&range=8d", "?Range=7d"])
def test_a_misspelt_parameter_is_no_answer_to_less(server: Running, query: str) -> None:
    """What is no parameter, or given twice, is 400."""
    assert server.get(f"/api/query{query}").status == 400


def test_all_of_it_is_filled_and_not_cut(tmp_path: Path) -> None:
    """D42: 400 days with gaps are 400 days by day, those without requests as zeros."""
    clock = SetClock(NOW_MS)
    requests = [a_request(id=str(n), timestamp=NOW_MS - n * DAY_MS) for n in (0, 1, 40, 200, 399)]
    with running_server(tmp_path / "data", requests=requests, clock=clock) as server:
        rows = server.get("/api/query?by=day&metrics=requests").json()["rows"]
    assert len(rows) == 400
    assert sum(row["requests"] for row in rows) == 5
    assert (rows[0]["labels"], rows[-1]["labels"]) == (["2024-12-06"], ["2026-01-09"])


def test_a_name_given_later_is_known_at_once(server: Running) -> None:
    """What is remembered of an answer never outlives a change of the settings."""
    path = "/api/query?by=model&where=key=laptop&metrics=requests"
    before = server.get(path).json()["total"]["requests"]
    (server.store.path / "settings.toml").write_text("[names]\n", encoding="utf-8")
    assert (before, server.get(path).json()["total"]["requests"]) == (17, 0)


def test_twenty_clients_cost_one_computation(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same question asked again is not computed again until something changes."""
    asked: list[Query] = []
    query = server.store.query

    def counted(one: Query) -> Answer:
        asked.append(one)
        return query(one)

    monkeypatch.setattr(server.store, "query", counted)
    for _ in range(20):
        server.get("/api/query?by=week&metrics=requests")
    assert len(asked) == 1
    server.record([a_request(id="new")])
    server.get("/api/query?by=week&metrics=requests")
    assert len(asked) == 2
