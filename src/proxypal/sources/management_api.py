"""CLIProxyAPI's management API over HTTP, as far as it is asked: one question, one connection.

Redirects are not followed and proxies of the environment not used: the management key goes to the
address that was named and nowhere else. Must not enter: what an answer means, waiting.
"""

import http.client
import ssl

import msgspec

from proxypal.errors import QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import QueueAddress
from proxypal.sources.queue_refusals import understand_refusal

TIMEOUT_S = 10.0
_MAX_REPLY_BYTES = 256 << 20


class _Refusal(msgspec.Struct):
    error: str = ""


def _is_refused(error: OSError) -> bool:
    return isinstance(error, ConnectionRefusedError)


class ManagementApi:
    """Asks with the key. `version` is what the last reply said of the proxy, as in `7.2.140`.

    `what` is what is asked for, as errors name it.
    """

    def __init__(
        self,
        address: QueueAddress,
        key: ManagementKey,
        timeout_s: float = TIMEOUT_S,
        what: str = "Usage queue",
    ) -> None:
        self.version: str | None = None
        self._address = address
        self._key = key
        self._timeout_s = timeout_s
        self._what = what

    def get(self, path: str) -> bytes:
        """The body of a good answer to `GET path`.

        Raises:
            QueueRefused, QueueBanned: the key is not accepted.
            QueueUnreachable: no connection, or no such endpoint.
        """
        url = self._address.url
        connection = self._connection()
        try:
            # Bytes, because a key may hold more than Latin-1.
            header = b"Bearer " + self._key.reveal().encode()
            headers: dict[str, bytes | str] = {"Authorization": header, "Connection": "close"}
            connection.request("GET", self._address.path + path, headers=headers)
            reply = connection.getresponse()
            body = reply.read(_MAX_REPLY_BYTES)
        except TimeoutError as error:
            raise QueueUnreachable(url, "it does not answer", what=self._what) from error
        except OSError as error:
            reason = error.strerror or getattr(error, "verify_message", "") or "no connection"
            raise QueueUnreachable(
                url, reason, "down" if _is_refused(error) else "broken", what=self._what
            ) from error
        except http.client.HTTPException as error:
            raise QueueUnreachable(url, "it does not speak HTTP", what=self._what) from error
        finally:
            connection.close()
        self.version = reply.getheader("X-CPA-VERSION") or self.version
        if reply.status != 200:
            raise understand_refusal(url, self._reason(body), reply.status, self._what)
        return body

    def misunderstood(self, reason: str) -> QueueUnreachable:
        """The error to raise for an answer that is not what was asked for."""
        return QueueUnreachable(self._address.url, reason, what=self._what)

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
