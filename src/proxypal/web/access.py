"""Who may talk to the server: the names it answers to, the pages that may change, the token.

Pure decisions on header values. A web page of somebody else's must not reach this server through
the browser: neither by a name that resolves to it (DNS rebinding: `Host`) nor by a form or script
that posts to it (`Origin`, `Sec-Fetch-Site`). Must not enter: answering.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from proxypal.errors import WrongUsage

COOKIE = "proxypal_session"
OPEN_PATHS = frozenset({"/login", "/healthz"})
"""What is answered without a token: it tells nothing of the data."""

STATIC_PREFIX = "/static/"

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_NAME = re.compile(r"[a-z0-9._-]{1,253}", re.ASCII)
_COOKIE_PURPOSE = b"proxypal session cookie"


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach a server that listens at this IP address."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def is_every_address(address: str) -> bool:
    """Whether listening at this IP address means listening at all the machine has."""
    return ipaddress.ip_address(address.partition("%")[0]).is_unspecified


def host_name(header: str) -> str | None:
    """The name of a `Host` header, lower-cased and without port: `localhost`, `[::1]`.

    None if it is no such header: `localhost@evil`, two ports, a bare IPv6 address.
    """
    name, port = header.lower(), ""
    if header.startswith("["):
        name, bracket, port = name.partition("]")
        name += bracket
        if not (bracket and _is_address(name)) or (port and not port.startswith(":")):
            return None
        port = port.removeprefix(":")
    elif ":" in name:
        name, _, port = name.partition(":")
    if port and not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    name = name.removesuffix(".")
    if name.startswith("["):
        return f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]"
    return name if _NAME.fullmatch(name) else None


def _is_address(name: str) -> bool:
    """Whether it is an IPv4 address, or an IPv6 address in brackets."""
    try:
        if name.startswith("["):
            ipaddress.IPv6Address(name.removeprefix("[").removesuffix("]"))
        else:
            ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return "%" not in name


@dataclass(frozen=True)
class Access:
    """What is let in.

    Args:
        names: the names the server is called by besides the loopback's, as `host_name` gives them.
        any_address: also answer to every IP address: it listens on all, and a browser that
            asks for an address, not a name, cannot have been led here by a name.
        token: what clients must show; None for everybody on this machine.
    """

    names: frozenset[str] = frozenset()
    any_address: bool = False
    token: str | None = None

    def knows_host(self, header: str | None) -> bool:
        """Whether this server is called by that name."""
        name = host_name(header or "")
        if name is None:
            return False
        if name in _LOOPBACK_NAMES or name in self.names:
            return True
        return self.any_address and _is_address(name)

    def accepts_token(self, shown: str) -> bool:
        """Whether this is the token; takes as long whatever is shown."""
        return self.token is not None and _same(shown, self.token)

    def accepts_cookie(self, shown: str) -> bool:
        """Whether this is what `cookie` gives."""
        return self.token is not None and _same(shown, self.cookie())

    def cookie(self) -> str:
        """What a browser shows after its login: made from the token, which it does not tell."""
        return hmac.new((self.token or "").encode(), _COOKIE_PURPOSE, sha256).hexdigest()

    def admits(self, authorization: str | None, cookie: str | None) -> bool:
        """Whether a request with these header and cookie is let in."""
        if self.token is None:
            return True
        scheme, _, shown = (authorization or "").partition(" ")
        if scheme.lower() == "bearer" and self.accepts_token(shown.strip()):
            return True
        return cookie is not None and self.accepts_cookie(cookie)


def needs_no_token(path: str) -> bool:
    """Whether a path is answered to everybody."""
    return path in OPEN_PATHS or path.startswith(STATIC_PREFIX)


def is_own_page(origin: str | None, fetch_site: str | None, host: str) -> bool:
    """Whether a change comes from a page of ours, or from no page at all.

    A program that is no browser sends neither header. `null` is what a sandboxed or local page
    sends. The scheme is not compared: before us may stand a server that speaks TLS.
    """
    if fetch_site is not None and fetch_site.lower() not in ("same-origin", "none"):
        return False
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is None:
        return False
    return parts.netloc.lower().removesuffix(f":{default}") == host.lower().removesuffix(
        f":{default}"
    )


def is_foreign_reading(fetch_site: str | None, fetch_mode: str | None) -> bool:
    """Whether a page of another site loads something of ours into itself.

    A link that leads here is none: that is a navigation.
    """
    is_ours = fetch_site is None or fetch_site.lower() in ("same-origin", "none")
    return not is_ours and (fetch_mode or "").lower() != "navigate"


def own_names(hosts: Iterable[str], allowed: Iterable[str]) -> frozenset[str]:
    """The names of a server that listens at `hosts`, and those the user allows.

    Raises:
        WrongUsage: what the user allows is no name of a machine.
    """
    names = [host_name(f"[{host}]" if ":" in host else host) for host in hosts]
    for text in allowed:
        if (name := host_name(text)) is None:
            raise WrongUsage(f"{text!r} is no name of a machine; say it like nas.example.com.")
        names.append(name)
    return frozenset(name for name in names if name)


def _same(shown: str, wanted: str) -> bool:
    return hmac.compare_digest(shown.encode("utf-8", "replace"), wanted.encode())
