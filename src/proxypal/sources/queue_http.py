"""CLIProxyAPI's usage queue over HTTP (handlers/management/usage.go, since v6.10.8).

The way in where RESP is not reachable: behind a reverse proxy, and in v7.1.17. Also asks whether
usage statistics are switched on, which RESP cannot. Redirects are not followed and proxies of the
environment not used: the management key goes to the address that was named and nowhere else.
Must not enter: what a payload means, waiting.
"""

import http.client
import ssl

import msgspec

from proxypal.errors import QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import QueueAddress
from proxypal.sources.queue_refusals import understand_refusal

TIMEOUT_S = 10.0
MOST_AT_ONCE = 1_000
_MAX_REPLY_BYTES = 256 << 20
_MANAGEMENT = "/v0/management"


class _Refusal(msgspec.Struct):
    error: str = ""


class _Switch(msgspec.Struct, rename="kebab"):
    usage_statistics_enabled: bool


def _is_refused(error: OSError) -> bool:
    return isinstance(error, ConnectionRefusedError)


class HttpQueue:
    """The management endpoints that concern the queue; each call is a connection of its own.

    `version` is what the last reply said of the proxy, as in `7.2.140`. Every method raises:
        QueueRefused, QueueBanned: the key is not accepted.
        QueueUnreachable: no connection, or no such endpoint.
    """

    def __init__(
        self, address: QueueAddress, key: ManagementKey, timeout_s: float = TIMEOUT_S
    ) -> None:
        self.version: str | None = None
        self._address = address
        self._key = key
        self._timeout_s = timeout_s

    def pop(self, most: int = MOST_AT_ONCE) -> list[bytes]:
        """Take the oldest payloads off the queue; it will not hand them out again."""
        body = self._get(f"/usage-queue?count={most}")
        try:
            return [bytes(one) for one in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except msgspec.DecodeError as error:
            raise QueueUnreachable(self._address.url, "its answer is no list of records") from error

    def statistics_enabled(self) -> bool | None:
        """Whether the proxy records usage at all; None if this version does not say."""
        body = self._get("/usage-statistics-enabled")
        try:
            return msgspec.json.decode(body, type=_Switch).usage_statistics_enabled
        except msgspec.DecodeError:
            return None

    def close(self) -> None:
        """Nothing is kept open between calls."""

    def _get(self, path: str) -> bytes:
        url = self._address.url
        connection = self._connection()
        try:
            # Bytes, because a key may hold more than Latin-1.
            header = b"Bearer " + self._key.reveal().encode()
            headers: dict[str, bytes | str] = {"Authorization": header, "Connection": "close"}
            connection.request("GET", self._address.path + _MANAGEMENT + path, headers=headers)
            reply = connection.getresponse()
            body = reply.read(_MAX_REPLY_BYTES)
        except TimeoutError as error:
            raise QueueUnreachable(url, "it does not answer") from error
        except OSError as error:
            reason = error.strerror or getattr(error, "verify_message", "") or "no connection"
            raise QueueUnreachable(
                url, reason, "down" if _is_refused(error) else "broken"
            ) from error
        except http.client.HTTPException as error:
            raise QueueUnreachable(url, "it does not speak HTTP") from error
        finally:
            connection.close()
        self.version = reply.getheader("X-CPA-VERSION") or self.version
        if reply.status != 200:
            raise understand_refusal(url, self._reason(body), reply.status)
        return body

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.host, self._address.port
        if self._address.is_tls:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_s, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout_s)

    def _reason(self, body: bytes) -> str:
        try:
            return msgspec.json.decode(body, type=_Refusal).error.replace(self._key.reveal(), "…")
        except msgspec.DecodeError:
            return ""
