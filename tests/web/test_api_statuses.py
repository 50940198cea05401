"""Every status that the document tells of, really provoked: none is there for show."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builders import a_request
from proxypal.errors import ImportOutdated, StorageFull
from proxypal.web.access import Access
from proxypal.web.app import all_endpoints
from proxypal.web.endpoints import Call, Endpoint
from proxypal.web.http_errors import BUG
from proxypal.web.openapi import answers_of
from web_running import Got, Running, running_server

JSON = "application/json"
FILE = "application/octet-stream"
LIVE = "/api/events"
"""A stream that does not end; tests/web/test_events.py reads it."""

ENDPOINTS = [one for one in all_endpoints() if one.in_document and one.path != LIVE]
WITH_BODY = [one for one in ENDPOINTS if one.method == "POST"]
BODIES: dict[str, bytes] = {
    "/api/requests": b'{"status":200}',
    "/api/import": b'{"status":200,"timestamp":1767960000000,"model":"m"}\n',
}
STORE_METHODS = {
    "/api/requests": "record",
    "/api/history/clear": "clear_request_history",
    "/api/analytics/reset": "reset_aggregate_stats",
    "/api/restore": "restore",
    "/api/import": "import_facts",
}
"""What each change asks of the store."""

PROVOKED = {
    ("POST", "/api/requests"): {202, 409, 422},
    ("POST", "/api/restore"): {404, 409},
    ("POST", "/api/import"): {409, 422},
    ("GET", "/healthz"): {503},
}
"""What single calls answer beside what all do; test by test below, or in test_api_recording.py."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path / "data", requests=[a_request()]) as running:
        yield running


def ask(server: Running, one: Endpoint, query: str = "", **changes: Any) -> Got:
    """A good call, unless something is changed."""
    body = changes.pop("body", BODIES.get(one.path, b"{}")) if one.method == "POST" else None
    if one.path == "/api/restore" and body == b"{}":
        backup = server.store.reset_aggregate_stats()
        body = json.dumps({"name": backup.name}).encode()
    kind = {"Content-Type": FILE if one.takes_file else JSON} if body is not None else {}
    return server.request(
        one.method, one.path + query, body, {**kind, **changes.pop("headers", {})}
    )


def name_of(one: object) -> str:
    """How a case is called."""
    return f"{one.method} {one.path}" if isinstance(one, Endpoint) else str(one)


every_call = pytest.mark.parametrize("one", ENDPOINTS, ids=name_of)
every_change = pytest.mark.parametrize("one", WITH_BODY, ids=name_of)


@every_call
def test_statuses_are_all_accounted_for(one: Endpoint) -> None:
    """No call tells of a status that no test provokes."""
    usual = {200, 400, 401, 421, 500, 503} | ({403, 413, 415, 507} if one in WITH_BODY else set())
    if one.path == "/healthz":
        usual -= {400, 401}
    assert set(answers_of(one)) == usual | PROVOKED.get((one.method, one.path), set())


@every_call
def test_a_good_call_is_answered(server: Running, one: Endpoint) -> None:
    """200, in the media type that is told of."""
    got = ask(server, one)
    assert got.status == 200, got.text
    assert got.headers["content-type"].startswith(answers_of(one)[200].media_type)


@every_call
def test_a_call_that_means_nothing(server: Running, one: Endpoint) -> None:
    """400: a parameter that there is not, or a body that is no JSON."""
    if one.path == "/healthz":
        assert ask(server, one, "?added=by-a-monitor").status == 200
        return
    got = (
        ask(server, one, "?no-such=1")
        if one.path != "/api/requests"
        else ask(server, one, body=b"{")
    )
    assert got.status == 400
    assert got.json()["error"]["message"]


@every_call
def test_a_call_by_another_name(server: Running, one: Endpoint) -> None:
    """421: the name is not this server's."""
    assert ask(server, one, headers={"Host": "evil.example"}).status == 421


@every_change
def test_a_change_from_another_site(server: Running, one: Endpoint) -> None:
    """403: a page of another site."""
    assert ask(server, one, headers={"Origin": "https://evil.example"}).status == 403


@every_change
def test_a_body_of_another_kind(server: Running, one: Endpoint) -> None:
    """415: what a form can send."""
    assert ask(server, one, headers={"Content-Type": "text/plain"}).status == 415


@every_change
def test_a_body_too_large(server: Running, one: Endpoint) -> None:
    """413: known from its length, before all of it has come."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest(one.method, one.path)
    connection.putheader("Content-Type", FILE if one.takes_file else JSON)
    connection.putheader("Content-Length", str(600 << 20))
    connection.endheaders(b"x")
    assert connection.getresponse().status == 413
    connection.close()


@every_change
def test_no_space(server: Running, one: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """507: the store cannot write, and says how to go on."""
    name = STORE_METHODS[one.path]

    def full(*_: object, **__: object) -> None:
        raise StorageFull(server.store.path)

    if one.path == "/api/restore":
        monkeypatch.setattr(server.store, "restore", full)
        got = ask(server, one, body=b'{"name":"x"}')
    else:
        monkeypatch.setattr(server.store, name, full)
        got = ask(server, one)
    assert got.status == 507
    assert "Free some space" in got.json()["error"]["message"]


def test_an_import_that_is_overtaken(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """409: another process kept changing what the file overlaps with."""

    def outdated(*_: object, **__: object) -> None:
        raise ImportOutdated

    monkeypatch.setattr(server.store, "import_facts", outdated)
    got = server.request("POST", "/api/import", BODIES["/api/import"], {"Content-Type": FILE})
    assert got.status == 409


@pytest.mark.parametrize(
    "one", [one for one in ENDPOINTS if one.path != "/api/openapi.json"], ids=name_of
)
def test_a_store_that_cannot_answer(server: Running, one: Endpoint) -> None:
    """503 with a time to come again: the store is closed or busy. A description needs no store."""
    server.store.close()
    got = ask(server, one, body=b'{"name":"x"}') if one.path == "/api/restore" else ask(server, one)
    assert got.status == 503, got.text
    if one.path != "/healthz":
        assert got.headers["retry-after"]


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path / "data", access=Access(token="t" * 32)) as running:
        yield running


@every_call
def test_a_stranger(guarded: Running, one: Endpoint) -> None:
    """401 without the token, the answer with it; only /healthz tells strangers, and no data."""
    assert ask(guarded, one).status == (200 if one.path == "/healthz" else 401)
    with_token = {"Authorization": f"Bearer {'t' * 32}"}
    assert ask(guarded, one, headers=with_token).status == 200


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Running]:
    """A server all of whose endpoints have a bug."""

    def bug(call: Call) -> Any:
        raise RuntimeError(call.request.url.path)

    buggy = [replace(one, handle=bug) for one in ENDPOINTS]
    with running_server(tmp_path / "data", endpoints=buggy) as running:
        yield running


@every_call
def test_a_mistake_of_ours(
    broken: Running, one: Endpoint, capfd: pytest.CaptureFixture[str]
) -> None:
    """500 says that it is our mistake and nothing of its inside; that is told on stderr."""
    got = ask(broken, one)
    assert (got.status, got.json()) == (500, {"error": {"message": BUG}})
    assert "RuntimeError" in capfd.readouterr().err
