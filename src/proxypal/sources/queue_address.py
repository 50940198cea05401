"""Where a usage queue is: a URL, and the one name it has in the store.

Must not enter: keys. A URL that bears one is refused without being repeated.
"""

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from proxypal.errors import WrongUsage

DEFAULT_PORT = 8317

Mode = Literal["subscribed", "polling RESP", "polling HTTP"]
"""How records come to us, the best way first."""

_TLS = {"http": False, "https": True, "redis": False, "rediss": True}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class QueueAddress(NamedTuple):
    """Host and port of CLIProxyAPI; `path` is what a reverse proxy puts before its own paths."""

    host: str
    port: int
    is_tls: bool = False
    path: str = ""

    @property
    def url(self) -> str:
        """`http://127.0.0.1:8317`, as it is shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}{self.path}"

    @property
    def source(self) -> str:
        """The queue's name in the store: the loopback by whatever name is one place."""
        host = "127.0.0.1" if self.host in _LOOPBACK else self.host
        return f"queue {self._replace(host=host).url}"


def parse_address(text: str) -> QueueAddress:
    """`http://127.0.0.1:8317`, `https://…`, `redis://…`, `rediss://…`, or `HOST[:PORT]`.

    Raises:
        WrongUsage: it is none of these, or holds a user, a password, a query or a fragment.
    """
    has_scheme = "://" in text
    try:
        parts = urlsplit(text if has_scheme else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if "@" in text or parts.query or parts.fragment:
        raise WrongUsage(
            "The address of the proxy holds more than host and port. The management key goes "
            "into a file (--management-key-file) or PROXYPAL_MANAGEMENT_KEY, where nobody sees it."
        )
    if not host or parts.scheme not in _TLS:
        raise WrongUsage(f"{text!r} is no address of a proxy; say it like http://127.0.0.1:8317.")
    is_tls = _TLS[parts.scheme]
    # A reverse proxy listens where its scheme says; CLIProxyAPI itself where it always does.
    usual = 443 if parts.scheme == "https" else DEFAULT_PORT
    return QueueAddress(host, port or usual, is_tls, parts.path.rstrip("/"))
