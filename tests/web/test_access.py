import pytest

from proxypal.errors import WrongUsage
from proxypal.web.access import (
    Access,
    host_name,
    is_every_address,
    is_foreign_reading,
    is_loopback,
    is_own_page,
    needs_no_token,
    own_names,
)

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8318", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[::1]:8318", "[::1]"),
        ("[0:0:0:0:0:0:0:1]:8318", "[::1]"),
        ("nas.local.", "nas.local"),
        ("", None),
        (":8318", None),
        ("::1", None),
        ("[::1", None),
        ("[::1]8318", None),
        ("[localhost]:80", None),
        ("[::1%25lo]:80", None),
        ("localhost:80:80", None),
        ("localhost:port", None),
        ("localhost:999999", None),
        ("localhost@evil.example", None),
        ("evil.example/localhost", None),
        ("local host", None),
        ("löcalhost", None),
    ],
)
def test_a_host_header_is_read_strictly(header: str, name: str | None) -> None:
    """A name is what stands before the port, IPv6 in brackets; anything odd is no name."""
    assert host_name(header) == name


@pytest.mark.parametrize(
    "header",
    ["localhost:8318", "127.0.0.1:8318", "[::1]:8318", "[::1]", "LOCALHOST", "localhost.:9000"],
)
def test_the_loopback_is_known_by_each_of_its_names(header: str) -> None:
    """However the person types the address of this machine, it is answered, at any port."""
    assert Access().knows_host(header)


@pytest.mark.parametrize(
    "header",
    [None, "", "evil.example", "evil.example:8318", "192.168.1.5", "127.0.0.1.evil.example"],
)
def test_a_name_that_was_led_here_is_not_known(header: str | None) -> None:
    """DNS rebinding: a name of somebody else's that resolves to this machine gets nothing."""
    assert not Access().knows_host(header)


def test_a_name_can_be_allowed() -> None:
    """`--allow-host` makes one more name known, and no other, whatever its case and port."""
    access = Access(names=own_names(["192.168.1.5"], ["NAS.example.com"]))
    assert access.knows_host("nas.example.com:8318")
    assert access.knows_host("192.168.1.5:8318")
    assert not access.knows_host("example.com")


def test_an_address_cannot_be_rebound() -> None:
    """A server at every address answers to each of them, and still to no foreign name."""
    access = Access(any_address=True)
    assert access.knows_host("192.168.1.5:8318")
    assert access.knows_host("[fe80::1]:8318")
    assert not access.knows_host("evil.example")


@pytest.mark.parametrize("name", ["", "a b", "http://nas", "*"])
def test_what_is_no_name_cannot_be_allowed(name: str) -> None:
    """A slip in `--allow-host` is told, not ignored."""
    with pytest.raises(WrongUsage, match="no name of a machine"):
        own_names([], [name])


def test_ipv6_addresses_are_own_names_in_brackets() -> None:
    """A server at an IPv6 address is called by it as URLs write it."""
    assert own_names(["2001:db8::1"], []) == {"[2001:db8::1]"}


@pytest.mark.parametrize(
    ("address", "only_us", "every"),
    [
        ("127.0.0.1", True, False),
        ("127.9.9.9", True, False),
        ("::1", True, False),
        ("0.0.0.0", False, True),
        ("::", False, True),
        ("192.168.1.5", False, False),
        ("fe80::1%eth0", False, False),
    ],
)
def test_who_can_reach_an_address(address: str, *, only_us: bool, every: bool) -> None:
    """Only loopback addresses are ours alone; what others can reach needs a token."""
    assert is_loopback(address) is only_us
    assert is_every_address(address) is every


def test_the_token_lets_in() -> None:
    """With a token, the header or the cookie of a login lets in, and nothing else does."""
    access = Access(token=TOKEN)
    assert access.admits(f"Bearer {TOKEN}", None)
    assert access.admits(f"bearer  {TOKEN}", None)
    assert access.admits(None, access.cookie())
    for shown in (None, "", TOKEN, "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
        assert not access.admits(shown, None)
    for shown in ("", "x", TOKEN, access.cookie()[:-1]):
        assert not access.admits(None, shown)
    assert not access.accepts_token("ä" * 16)


def test_without_a_token_this_machine_is_let_in() -> None:
    """On loopback nobody is asked, and no empty token is accepted as one."""
    access = Access()
    assert access.admits(None, None)
    assert not access.accepts_token("")
    assert not access.accepts_cookie(access.cookie())


def test_a_cookie_does_not_tell_the_token() -> None:
    """What lies in the browser cannot be turned back, and ends when the token is another."""
    cookie = Access(token=TOKEN).cookie()
    assert TOKEN not in cookie
    assert not Access(token=TOKEN + "x").admits(None, cookie)


@pytest.mark.parametrize(
    ("origin", "site", "is_ours"),
    [
        ("http://127.0.0.1:8318", "same-origin", True),
        ("http://127.0.0.1:8318", None, True),
        ("https://127.0.0.1:8318", None, True),
        (None, None, True),
        (None, "none", True),
        ("null", None, False),
        ("http://evil.example", None, False),
        ("http://127.0.0.1:9999", None, False),
        ("http://127.0.0.1", None, False),
        ("http://localhost:8318", None, False),
        ("http://127.0.0.1:8318.evil.example", None, False),
        ("http://127.0.0.1:8318", "cross-site", False),
        ("http://127.0.0.1:8318", "same-site", False),
        (None, "cross-site", False),
        ("file://127.0.0.1:8318", None, False),
        ("http://[::1", None, False),
    ],
)
def test_only_own_pages_change_anything(
    origin: str | None, site: str | None, *, is_ours: bool
) -> None:
    """A change comes from a page of this very server, or from a program that is no browser."""
    assert is_own_page(origin, site, "127.0.0.1:8318") is is_ours


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://nas.example.com", "nas.example.com"),
        ("http://nas.example.com:80", "nas.example.com"),
    ],
)
def test_default_ports_may_be_left_out(origin: str, host: str) -> None:
    """Behind a server that speaks TLS the port is in neither, or in one of them."""
    assert is_own_page(origin, None, host)


@pytest.mark.parametrize(
    ("site", "mode", "is_foreign"),
    [
        (None, None, False),
        ("same-origin", "cors", False),
        ("none", "navigate", False),
        ("cross-site", "navigate", False),
        ("cross-site", "no-cors", True),
        ("same-site", "cors", True),
        ("cross-site", None, True),
    ],
)
def test_foreign_pages_load_nothing_of_ours(
    site: str | None, mode: str | None, *, is_foreign: bool
) -> None:
    """A link may lead here; loading our data or pictures into another page may not."""
    assert is_foreign_reading(site, mode) is is_foreign


def test_what_needs_no_token_tells_nothing() -> None:
    """Only the login, the health and our own style sheets are answered to strangers."""
    assert all(map(needs_no_token, ("/login", "/healthz", "/static/app.css")))
    assert not any(map(needs_no_token, ("/", "/api/stats", "/metrics", "/login/x", "/static")))
