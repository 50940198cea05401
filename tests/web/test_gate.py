from collections.abc import Iterator
from pathlib import Path

import pytest

from proxypal.web.access import COOKIE, Access
from web_running import Running, running_server

TOKEN = "a-token-that-nobody-guesses"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path) as running:
        yield running


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path, access=Access(token=TOKEN)) as running:
        yield running


def test_a_foreign_name_gets_nothing(server: Running) -> None:
    """DNS rebinding: under a name that is not ours neither page, API nor health is told."""
    for path in ("/", "/api/events", "/healthz", "/login", "/static/plain.css"):
        found = server.get(path, {"Host": f"evil.example:{server.port}"})
        assert found.status == 421
        assert b"--allow-host" in found.body


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]"])
def test_own_names_are_answered(server: Running, name: str) -> None:
    """The loopback is answered by each of its names, with the port and without."""
    assert server.get("/healthz", {"Host": f"{name}:{server.port}"}).status == 200
    assert server.get("/healthz", {"Host": name}).status == 200


@pytest.mark.parametrize("name", ["[::1", "a b", "localhost/x?", "//evil.example", "\xe4"])
def test_a_host_that_is_none_does_not_break_anything(server: Running, name: str) -> None:
    """A malformed name is refused in the same words, not by an error of ours."""
    assert server.get("/healthz", {"Host": name}).status in (400, 421)


def test_a_foreign_page_changes_nothing(server: Running) -> None:
    """A form or script of another site is stopped at the door, whatever it posts to."""
    foreign: list[dict[str, str]] = [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": f"http://localhost:{server.port + 1}"},
    ]
    for headers in foreign:
        for path in ("/login", "/api/history/clear", "/api/nothing"):
            assert server.post(path, {}, headers).status == 403


def test_own_pages_and_programs_may_change(server: Running) -> None:
    """A page of ours and a program without a browser get past the door."""
    assert server.post("/api/nothing", {}).status == 404
    assert server.post("/api/nothing", {}, {"Sec-Fetch-Site": "same-origin"}).status == 404
    assert server.request("POST", "/api/nothing").status == 404


def test_a_foreign_page_loads_nothing(server: Running) -> None:
    """Our data as a script or picture of another page is refused; a link to us works."""
    loading = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert server.get("/healthz", loading).status == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert server.get("/healthz", link).status == 200


def test_without_the_token_nothing_is_told(guarded: Running) -> None:
    """A program gets 401 and how to do it right; not even what exists is told."""
    for path in ("/api/events", "/api/nothing", "/metrics", "/nothing"):
        found = guarded.get(path)
        assert (found.status, found.headers["www-authenticate"]) == (
            401,
            'Bearer realm="proxypal"',
        )
        assert "Authorization: Bearer" in found.json()["error"]["message"]
        assert TOKEN not in found.text


def test_a_browser_is_sent_to_the_login(guarded: Running) -> None:
    """A person who opens a page comes to the login, and after it to that page."""
    found = guarded.page("/requests?model=a&key=b")
    assert (found.status, found.headers["location"]) == (
        303,
        "/login?next=%2Frequests%3Fmodel%3Da%26key%3Db",
    )


def test_the_token_lets_in(guarded: Running) -> None:
    """The header of a program and the cookie of a browser both open the door."""
    assert guarded.get("/nothing", {"Authorization": f"Bearer {TOKEN}"}).status == 404
    cookie = Access(token=TOKEN).cookie()
    assert guarded.get("/nothing", {"Cookie": f"a=b; {COOKIE}={cookie}"}).status == 404
    assert guarded.get("/nothing", {"Cookie": f"{COOKIE}={TOKEN}"}).status == 401


def test_a_token_in_the_address_is_not_taken(guarded: Running) -> None:
    """Addresses end in histories and logs, so a token there opens nothing."""
    assert guarded.get(f"/nothing?token={TOKEN}").status == 401


def test_health_and_style_need_no_token(guarded: Running) -> None:
    """Who keeps the process alive needs no secret, and the login has its style."""
    assert guarded.get("/healthz").status == 200
    assert guarded.get("/login").status == 200
    assert guarded.get("/static/plain.css").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../api/events",
        "/static/%2e%2e/api/events",
        "/static/..%2f..%2fapp.py",
        "/static//app.py",
    ],
)
def test_no_path_leads_around_the_token(guarded: Running, path: str) -> None:
    """A path that begins where no token is needed leads nowhere else."""
    assert guarded.get(path).status == 404
