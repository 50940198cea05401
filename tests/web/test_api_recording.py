"""`POST /api/requests`: each request is answered for, after the sync."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from builders import a_request
from proxypal import Store
from proxypal.store import holding
from web_running import Got, Running, running_server

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
HOSTILE = '<img src=x onerror=alert(1)>"\u202e\n&lt;'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path / "data") as running:
        yield running


def send(server: Running, body: bytes | str, headers: dict[str, str] = JSON) -> Got:
    """POST to the door."""
    data = body.encode() if isinstance(body, str) else body
    return server.request("POST", "/api/requests", data, headers)


def total(server: Running) -> int:
    """How many requests were ever counted."""
    return int(server.get("/api/stats").json()["totalRequests"])


def test_one_request_is_durable_when_it_is_answered(server: Running, tmp_path: Path) -> None:
    """200 means on the disk: another process sees it at once."""
    got = send(server, '{"model":"gpt-5","status":200,"tokensIn":7,"costUsd":0.1}')
    assert (got.status, got.body) == (200, b'{"recorded":1,"held":0}')
    with Store(tmp_path / "data", read_only=True) as other:
        (row,) = other.get_request_history().requests
    assert (row.model, row.provider, row.tokens_in, str(row.cost_usd)) == (
        "gpt-5",
        "openai",
        7,
        "0.1",
    )


def test_a_list_is_answered_by_index(server: Running) -> None:
    """Of a list the good ones are recorded, and each bad one is named with its reason."""
    got = send(server, '[{"status":200},{"status":"ok"},{"status":500,"id":"a"},[],{"model":"m"}]')
    answer = got.json()
    assert (got.status, answer["recorded"], answer["held"]) == (200, 2, 0)
    assert [(one["index"], one["reason"]) for one in answer["rejected"]] == [
        (1, "status: expected a whole number from 0 to 999, got text"),
        (3, "expected a JSON object, got a list"),
        (4, "status: missing"),
    ]
    assert total(server) == 2


def test_lines_are_answered_by_number(server: Running) -> None:
    """Of NDJSON the lines count from 1, empty ones too; the last needs no line feed."""
    got = send(server, '{"status":200}\n\n \r\n{"status":2000}\n{"status":429}', LINES)
    answer = got.json()
    assert (got.status, answer["recorded"]) == (200, 2)
    assert [one["line"] for one in answer["rejected"]] == [4]


def test_nothing_sent_is_nothing_recorded(server: Running) -> None:
    """An empty list and no lines are answered like any other."""
    for body, headers in (("[]", JSON), ("", LINES), ("\n\n", LINES)):
        assert send(server, body, headers).body == b'{"recorded":0,"held":0}'


def test_the_same_again_counts_once(server: Running) -> None:
    """A client that did not hear the answer can send the same again: it is a duplicate."""
    body = '[{"id":"x","status":200,"timestamp":1767960000000},{"status":200}]'
    send(server, body)
    answer = send(server, body).json()
    assert answer == {"recorded": 1, "held": 0, "duplicates": [{"index": 0, "id": "x"}]}
    assert total(server) == 3


@pytest.mark.parametrize(
    "body",
    [
        '{"status":200,"tokensIn":9007199254740992}',
        '{"status":200,"tokensIn":1e400}',
        '{"status":200,"tokensIn":-1}',
        '{"status":200,"tokensIn":1.5}',
        '{"status":200,"tokensIn":' + "9" * 5000 + "}",
        '{"status":NaN}',
        '{"status":200,"costUsd":NaN}',
        '{"status":200,"costUsd":Infinity}',
        '{"status":200,"costUsd":"NaN"}',
        '{"status":200,"costUsd":-0.01}',
        '{"status":200,"costUsd":1e999999999}',
        '{"status":true}',
        '{"status":200,"model":["a"]}',
        '{"status":200,"later":' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"status":200,"later":"' + "x" * 20_000 + '"}',
        '{"later":NaN,"status":200}',
        "7",
        "null",
        '"{}"',
    ],
)
def test_what_cannot_be_counted_exactly_is_refused(server: Running, body: str) -> None:
    """Numbers beyond 2^53, NaN, nesting without end: refused with a reason, alone and in a list."""
    alone = send(server, body)
    assert alone.status in {400, 422}, alone.text[:500]
    assert alone.json()["error"]["message"]
    good = '{"status":200}'
    in_company = send(server, f"[{body},{good}]")
    if in_company.status == 200:
        assert in_company.json()["recorded"] == 1
        assert [one["index"] for one in in_company.json()["rejected"]] == [0]
    else:
        assert in_company.status == 400, "a list that is no JSON is refused as a whole"
    on_a_line = send(server, f"{body}\n{good}\n", LINES)
    assert (on_a_line.status, on_a_line.json()["recorded"]) == (200, 1)
    assert [one["line"] for one in on_a_line.json()["rejected"]] == [1]


@pytest.mark.parametrize("body", ["", " ", "{", "nope", "[1,2", "\x00\x00"])
def test_what_is_no_json_is_refused(server: Running, body: str) -> None:
    """A body that is cut off or no JSON is 400 with what is wrong, and counts nothing."""
    got = send(server, body)
    assert got.status == 400
    assert got.json()["error"]["message"].startswith("The body cannot be read: ")
    assert total(server) == 0


def test_broken_text_is_read_as_far_as_it_goes(server: Running) -> None:
    """Bytes that are no UTF-8 and half surrogates become U+FFFD; the request counts."""
    got = send(server, b'[{"status":200,"model":"a\xff"},{"status":200,"model":"\\ud800b"}]')
    assert got.json() == {"recorded": 2, "held": 0}
    models = {row["model"] for row in server.get("/api/history").json()["requests"]}
    assert models == {"a\N{REPLACEMENT CHARACTER}", "\N{REPLACEMENT CHARACTER}b"}


def test_a_total_that_would_not_be_exact_is_a_conflict(server: Running) -> None:
    """A good request that would push a total beyond 2^53 - 1 is refused as 409, with the reason."""
    most = '{"status":200,"tokensIn":9007199254740991}'
    assert send(server, most).status == 200
    got = send(server, most)
    assert got.status == 409
    assert "2^53" in got.json()["rejected"][0]["reason"]
    assert total(server) == 1
    in_company = send(server, f'[1,{{"status":200}},{most},{{"status":200}}]').json()
    assert in_company["recorded"] == 2
    assert [one["index"] for one in in_company["rejected"]] == [0, 2]


def test_hostile_names_come_back_as_the_text_they_are(server: Running) -> None:
    """A model called like markup is a JSON string, of a type no browser takes for a page."""
    sent = msgspec.json.encode({"status": 200, "model": HOSTILE, "id": HOSTILE})
    assert send(server, sent).status == 200
    for path in ("/api/history", "/api/stats", "/api/query?by=model"):
        got = server.page(path)
        assert got.headers["content-type"] == "application/json"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert HOSTILE in _texts(got.json())


def _texts(value: Any) -> set[str]:
    """Every text of a JSON value."""
    if isinstance(value, dict | list):
        inside = value.values() if isinstance(value, dict) else value
        return set().union(*(_texts(one) for one in inside))
    return {value} if isinstance(value, str) else set()


def test_keys_and_addresses_are_masked_at_the_door(server: Running) -> None:
    """D48: a client key or an e-mail address that is pushed is never seen again in clear."""
    send(
        server,
        '{"status":200,"apiKey":"sk-verysecret0123456789XYZ","account":"jane.doe@example.com",'
        '"path":"/v1/x?key=sk-verysecret0123456789XYZ"}',
    )
    for path in (
        "/api/history",
        "/api/query?by=key",
        "/api/query?by=account&format=csv",
        "/api/export/history.csv?columns=all",
        "/api/export/aggregate.json",
        "/metrics",
    ):
        shown = server.get(path).text
        assert "verysecret" not in shown, path
        assert "jane.doe" not in shown, path


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_other_media_types_are_refused(server: Running, kind: str) -> None:
    """What a form of another site could post is 415, and the sentence says what is taken."""
    got = send(server, '{"status":200}', {"Content-Type": kind})
    assert got.status == 415
    assert "application/json" in got.json()["error"]["message"]
    assert total(server) == 0


def test_what_the_disk_does_not_take_is_held_and_said_so(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk: 202 and so many held; at the bound 507 and nothing kept; written once later."""
    send(server, '{"status":200}')
    connection = server.store._engine._current().connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    monkeypatch.setattr(holding, "HELD_AT_MOST", 40)
    large = [{"status": 200, "path": f"/{n}" * 900} for n in range(40)]
    got = server.post("/api/requests", large)
    assert (got.status, got.body) == (202, b'{"recorded":0,"held":40}')
    refused = server.post("/api/requests", large[:1])
    assert refused.status == 507
    message = refused.json()["error"]["message"]
    assert message.startswith("Nothing of this call was kept. Storage full: ")
    assert "not durable: 40" in message
    assert (total(server), server.store.held) == (1, 40)
    assert server.get("/healthz").status == 503
    connection.execute("PRAGMA max_page_count = 1073741823")
    assert send(server, '{"status":200}').body == b'{"recorded":1,"held":0}'
    assert (total(server), server.store.held) == (42, 0)


def test_many_clients_at_once_lose_nothing(server: Running) -> None:
    """Ten clients push at the same time; every one is answered, and all are counted once."""

    def push(number: int) -> None:
        for n in range(10):
            got = server.post("/api/requests", [{"status": 200, "id": f"{number}-{n}"}] * 2)
            answers.append(got.json())

    answers: list[Any] = []
    threads = [threading.Thread(target=push, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer["recorded"] for answer in answers) == 100
    assert all(len(answer["duplicates"]) == 1 for answer in answers)
    assert total(server) == 100


def test_a_body_beyond_the_limit_is_refused(server: Running) -> None:
    """More than 1 MiB at once is 413, and nothing of it counts."""
    got = send(server, b'{"status":200}\n' * 80_000, LINES)
    assert got.status == 413
    assert total(server) == 0


def test_the_requests_of_a_store(tmp_path: Path) -> None:
    """What is pushed stands beside what was there, newest last."""
    with running_server(tmp_path / "data", requests=[a_request(id="first")]) as server:
        send(server, '{"status":200,"id":"second"}')
        rows = server.get("/api/history").json()["requests"]
    assert [row["id"] for row in rows] == ["first", "second"]
