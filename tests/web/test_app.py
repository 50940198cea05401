import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from proxypal.errors import AlreadyUndone, BackupNotFound
from proxypal.web.app import THREADS, all_endpoints
from proxypal.web.endpoints import Call, Endpoint, Method
from web_running import Running, running_server

JSON = "application/json"


def an_endpoint(
    path: str,
    handle: Callable[[Call], Response] = lambda call: PlainTextResponse(call.request.url.path),
    *,
    method: Method = "GET",
    takes_file: bool = False,
) -> Endpoint:
    """An endpoint; without `handle` it answers its path."""
    return Endpoint(method=method, path=path, summary="", handle=handle, takes_file=takes_file)


def saying(text: str) -> Callable[[Call], Response]:
    """What answers with this text."""
    return lambda _: PlainTextResponse(text)


def message_of(server: Running, path: str) -> str:
    """What the API says is wrong."""
    found = server.get(path)
    assert found.headers["content-type"] == JSON
    message = found.json()["error"]["message"]
    assert isinstance(message, str)
    return message


def test_every_endpoint_is_served() -> None:
    """Whatever a module offers is reachable; each method of a path once."""
    found = [(endpoint.method, endpoint.path) for endpoint in all_endpoints()]
    assert ("GET", "/healthz") in found
    assert len(found) == len(set(found))


def test_an_address_is_served_once(tmp_path: Path) -> None:
    """Two endpoints at one address would hide each other; the program does not start so."""
    twice = [an_endpoint("/a"), an_endpoint("/a")]
    with pytest.raises(ValueError, match="GET /a"), running_server(tmp_path, endpoints=twice):
        pass


def test_a_fixed_path_goes_before_one_with_a_parameter(tmp_path: Path) -> None:
    """`/requests/new` is not a request called `new`, whichever was named first."""
    endpoints = [
        an_endpoint("/requests/{id}", saying("one")),
        an_endpoint("/requests/new", saying("new")),
    ]
    with running_server(tmp_path, endpoints=endpoints) as server:
        assert server.get("/requests/new").text == "new"
        assert server.get("/requests/7").text == "one"


@pytest.mark.parametrize("path", ["/api/nothing", "/metrics/x", "/healthz/x", "/nothing"])
def test_a_program_is_told_in_json(tmp_path: Path, path: str) -> None:
    """Under /api, and whoever asks for no page, gets errors as JSON."""
    with running_server(tmp_path, endpoints=()) as server:
        assert server.get(path).status == 404
        assert "no such address" in message_of(server, path)


def test_a_person_is_told_on_a_page(tmp_path: Path) -> None:
    """A browser gets a page with a way back, and the API stays JSON for it too."""
    with running_server(tmp_path, endpoints=()) as server:
        found = server.page("/nothing")
        assert (found.status, found.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert '<a href="/">' in found.text
        assert server.page("/api/nothing").headers["content-type"] == JSON


def test_a_method_that_is_not_taken(tmp_path: Path) -> None:
    """405 says what is taken, OPTIONS lists it, and no other origin is let in by it."""
    with running_server(tmp_path, endpoints=[an_endpoint("/api/a")]) as server:
        refused = server.post("/api/a", {})
        assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert "does not take that method" in refused.json()["error"]["message"]
        listed = server.request("OPTIONS", "/api/a", headers={"Origin": "http://evil.example"})
        assert (listed.status, listed.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
        assert "access-control-allow-origin" not in listed.headers
        for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW"):
            assert server.request(method, "/api/a").status == 405


def test_head_is_get_without_a_body(tmp_path: Path) -> None:
    """HEAD has the status and headers of GET, and does not hang where GET would never end."""
    made: list[bytes] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            made.append(b"more")
            yield b"more"
            await asyncio.sleep(0)

    endpoints = [
        an_endpoint("/text"),
        an_endpoint("/endless", lambda _: StreamingResponse(endless())),
    ]
    with running_server(tmp_path, endpoints=endpoints) as server:
        head, get = server.request("HEAD", "/text"), server.get("/text")
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"] == "5"
        assert server.request("HEAD", "/endless").body == b""
        assert made == []
        assert server.request("HEAD", "/nothing").status == 404


def test_errors_of_ours_have_their_status(tmp_path: Path) -> None:
    """What an endpoint cannot do is said in the sentence of the error, with the right status."""

    def miss(call: Call) -> Response:
        raise BackupNotFound("x", call.services.data_directory)

    def repeat(call: Call) -> Response:
        raise AlreadyUndone(call.request.url.path)

    endpoints = [an_endpoint("/api/missing", miss), an_endpoint("/api/again", repeat)]
    with running_server(tmp_path, endpoints=endpoints) as server:
        assert server.get("/api/missing").status == 404
        assert "No backup named 'x'" in message_of(server, "/api/missing")
        assert server.get("/api/again").status == 409


def test_a_mistake_of_ours_tells_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A bug is a 500 without its inside; whoever runs the server finds it on stderr."""

    def fail(call: Call) -> Response:
        raise RuntimeError(f"inside {call.request.url.path}")

    with running_server(tmp_path, endpoints=[an_endpoint("/api/bug", fail)]) as server:
        found = server.get("/api/bug?token=secret")
        assert (found.status, b"inside" in found.body) == (500, False)
        assert found.headers["x-content-type-options"] == "nosniff"
        assert server.get("/api/bug").status == 500  # and it goes on
    told = capfd.readouterr().err
    assert "inside /api/bug" in told
    assert "secret" not in told


def test_a_large_answer_is_compressed(tmp_path: Path) -> None:
    """A page of a megabyte goes out small to whoever takes gzip, and whole to who does not."""
    page = [an_endpoint("/page", saying("row " * 250_000))]
    with running_server(tmp_path, endpoints=page) as server:
        small = server.get("/page", {"Accept-Encoding": "gzip"})
        assert small.headers["content-encoding"] == "gzip"
        assert len(small.body) < 10_000
        assert len(server.get("/page").body) == 1_000_000


def test_a_slow_answer_holds_up_nobody(tmp_path: Path) -> None:
    """While one page is computed for long, the others are answered."""
    go_on = threading.Event()

    def wait(call: Call) -> Response:
        assert go_on.wait(20)
        return PlainTextResponse(call.request.url.path)

    endpoints = [an_endpoint("/slow", wait), an_endpoint("/quick")]
    with running_server(tmp_path, endpoints=endpoints) as server:
        slow: list[str] = []
        threads = [
            threading.Thread(target=lambda: slow.append(server.get("/slow").text))
            for _ in range(THREADS - 1)
        ]
        for thread in threads:
            thread.start()
        assert server.get("/quick").text == "/quick"
        go_on.set()
        for thread in threads:
            thread.join(20)
        assert slow == ["/slow"] * (THREADS - 1)


def test_no_slash_is_guessed(tmp_path: Path) -> None:
    """An address with a slash too many is another address; nobody is sent around."""
    with running_server(tmp_path, endpoints=[an_endpoint("/a")]) as server:
        assert server.get("/a/").status == 404


def test_there_are_no_websockets(tmp_path: Path) -> None:
    """A page of another site cannot open a socket either, which browsers would let it."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    with running_server(tmp_path, endpoints=[an_endpoint("/a")]) as server:
        assert server.get("/a", upgrade).status == 200
