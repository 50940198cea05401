from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from proxypal.web.access import Access
from web_running import Got, Running, running_server

TOKEN = "a-token/with+signs=="


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    with running_server(tmp_path, access=Access(token=TOKEN)) as running:
        yield running


def log_in(server: Running, token: str, back: str = "/") -> Got:
    """Send the form."""
    form = f"next={quote(back, safe='')}&token={quote(token, safe='')}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": server.url}
    return server.request("POST", "/login", form, headers)


def test_a_login_opens_the_page_asked_for(server: Running) -> None:
    """The right token leads on to where the person wanted to go, and stays in the browser."""
    found = log_in(server, TOKEN, "/requests?model=a")
    assert (found.status, found.headers["location"]) == (303, "/requests?model=a")
    cookie = found.headers["set-cookie"].partition(";")[0]
    assert server.get("/nothing", {"Cookie": cookie}).status == 404


def test_the_cookie_is_for_this_server_alone(server: Running) -> None:
    """No script reads it, no other site sends it, and it does not hold the token."""
    said = log_in(server, TOKEN).headers["set-cookie"]
    assert "HttpOnly" in said
    assert "SameSite=strict" in said
    assert "Path=/" in said
    assert TOKEN not in said


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", TOKEN[:-1]])
def test_a_wrong_token_opens_nothing(server: Running, token: str) -> None:
    """The form comes again with a sentence, without what was typed."""
    found = log_in(server, token)
    assert found.status == 403
    assert "set-cookie" not in found.headers
    assert "not the token" in found.text
    assert 'role="alert"' in found.text


@pytest.mark.parametrize(
    "back", ["//evil.example", "http://evil.example", "/\\evil.example", "", "/a\r\nx: y", "/ä"]
)
def test_a_login_leads_nowhere_else(server: Running, back: str) -> None:
    """A forged link to the login cannot send the person to another site afterwards."""
    assert log_in(server, TOKEN, back).headers["location"] == "/"


def test_hostile_text_in_the_address_stays_text(server: Running) -> None:
    """Where to go next is kept in the form as text."""
    shown = server.page("/login?next=" + quote('/"><script>alert(1)</script>')).text
    assert "<script" not in shown


def test_the_form_can_be_used_by_everybody(server: Running) -> None:
    """The field has a label, and a password manager can fill it."""
    shown = server.page("/login").text
    assert '<label for="token">' in shown
    assert 'autocomplete="current-password"' in shown


def test_odd_forms_are_refused_in_order(server: Running) -> None:
    """Too many fields, no text at all, a body too large: no error of ours."""
    headers = {"Origin": server.url}
    assert server.request("POST", "/login", b"a=b&" * 100, headers).status == 403
    assert server.request("POST", "/login", b"\xff\xfe", headers).status == 403
    assert server.request("POST", "/login", b"x" * (2 << 20), headers).status == 413


def test_who_is_in_need_not_log_in(tmp_path: Path, server: Running) -> None:
    """With the cookie, and where no token is asked for, the login leads on at once."""
    cookie = log_in(server, TOKEN).headers["set-cookie"].partition(";")[0]
    found = server.get("/login?next=/requests", {"Cookie": cookie})
    assert (found.status, found.headers["location"]) == (303, "/requests")
    with running_server(tmp_path / "open") as other:
        assert other.get("/login").headers["location"] == "/"


def test_logging_out_takes_the_cookie_away(server: Running) -> None:
    """After it the browser has nothing to show any more."""
    cookie = log_in(server, TOKEN).headers["set-cookie"].partition(";")[0]
    found = server.post("/logout", {}, {"Cookie": cookie})
    assert found.status == 303
    assert "Max-Age=0" in found.headers["set-cookie"]


def test_a_token_that_changed_ends_all_logins(tmp_path: Path, server: Running) -> None:
    """Whoever logged in with the old token is asked again."""
    cookie = log_in(server, TOKEN).headers["set-cookie"].partition(";")[0]
    with running_server(tmp_path / "b", access=Access(token=TOKEN + "2")) as other:
        assert other.get("/nothing", {"Cookie": cookie}).status == 401
