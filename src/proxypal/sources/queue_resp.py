"""CLIProxyAPI's usage queue over RESP2 (internal/api/redis_queue_protocol.go, since v6.9.38).

Whatever is said before a successful AUTH counts as a failed login, and five of those ban us for
30 minutes. So the client library connects without a word (no HELLO, CLIENT, SELECT or PING of
its own), AUTH is sent once, by us, and a connection that ended is never used again: the library
would connect anew and speak unauthenticated. Must not enter: what a payload means, waiting.
"""

from typing import Any, NamedTuple

from redis.connection import Connection, SSLConnection
from redis.exceptions import (
    ConnectionError as RedisConnectionError,
)
from redis.exceptions import (
    InvalidResponse,
    RedisError,
    ResponseError,
)
from redis.exceptions import (
    TimeoutError as RedisTimeoutError,
)

from proxypal.errors import QueueError, QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import QueueAddress
from proxypal.sources.queue_refusals import (
    is_unknown_command,
    is_unknown_key,
    understand_refusal,
)

TIMEOUT_S = 10.0
MOST_AT_ONCE = 1_000
_CHANNEL = "usage"
_KEY_NAMES = ("usage", "queue")
_CLOSED = "Connection closed by server"


class Received(NamedTuple):
    """What a subscription delivered. `is_over`: it was ended and nothing follows."""

    payloads: list[bytes]
    has_pong: bool = False
    is_over: bool = False


class RespConnection:
    """One authenticated connection, for popping or for a subscription. For one thread.

    Every method raises:
        QueueRefused, QueueBanned: the key is not accepted.
        QueueUnreachable: no connection, it broke, or no RESP is spoken there.
    """

    def __init__(
        self, address: QueueAddress, key: ManagementKey, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._address = address
        self._names = list(_KEY_NAMES)
        self._key = key
        self._is_leaving = False
        kind = SSLConnection if address.is_tls else Connection
        self._connection = kind(
            host=address.host,
            port=address.port,
            protocol=2,
            db=0,
            driver_info=None,
            health_check_interval=0,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )
        self._open()

    def _open(self) -> None:
        try:
            self._connection.connect()  # type: ignore[no-untyped-call]  # redis is typed in part
        except RedisError as error:
            raise self._unconnected(error) from error
        try:
            self._ask("AUTH", self._key.reveal())
        except QueueUnreachable as error:
            self.close()
            # A connection that is closed without a word, or an answer in another protocol.
            raise QueueUnreachable(
                self._address.url, error.reason, error.how, speaks_otherwise=True
            ) from error
        except QueueError:
            self.close()
            raise

    @property
    def url(self) -> str:
        """Where it leads, for messages."""
        return self._address.url

    def pop(self, most: int = MOST_AT_ONCE) -> list[bytes]:
        """Take the oldest payloads off the queue; it will not hand them out again."""
        while True:
            try:
                found = self._ask("LPOP", self._names[0], str(most), may_refuse=True)
            except ResponseError as error:
                if is_unknown_key(str(error)) and len(self._names) > 1:
                    del self._names[0]
                    continue
                raise self._understood(error) from error
            if isinstance(found, list):
                return [one for one in found if isinstance(one, bytes)]
            return [found] if isinstance(found, bytes) else []

    def subscribe(self) -> bool:
        """From the answer on, every record comes here; False if this version cannot (v7.0.7)."""
        try:
            answer = self._ask("SUBSCRIBE", _CHANNEL, may_refuse=True)
        except ResponseError as error:
            if is_unknown_command(str(error)):
                return False
            raise self._understood(error) from error
        if isinstance(answer, list) and answer and answer[0] == b"subscribe":
            return True
        raise QueueUnreachable(self._address.url, "its answer to SUBSCRIBE is none")

    def receive(self, timeout_s: float) -> Received:
        """Messages of the subscription: waits for one, then takes all that are there."""
        payloads: list[bytes] = []
        has_pong = False
        while len(payloads) < MOST_AT_ONCE:
            try:
                found = self._read(0 if payloads or has_pong else timeout_s)
            except RedisTimeoutError:
                break
            except (RedisError, ValueError) as error:
                if payloads:
                    break  # what came before the end is delivered first; the next call tells of it
                if self._is_leaving and _CLOSED in str(error):
                    return Received([], is_over=True)
                raise self._understood(error) from error
            match found:
                case [b"message", _, bytes() as payload]:
                    payloads.append(payload)
                case [b"pong", *_] | b"PONG":
                    has_pong = True
        return Received(payloads, has_pong)

    def ping(self) -> None:
        """Ask a subscription for a sign of life; `receive` tells when it came."""
        self._send("PING")

    def unsubscribe(self) -> None:
        """Let records queue up again; `receive` what is on its way until it is over.

        The proxy answers and closes; records between its buffer and us at that moment are lost.
        """
        self._is_leaving = True
        self._send("UNSUBSCRIBE")

    def close(self) -> None:
        """End the connection; without effect on one that ended."""
        self._connection.disconnect()  # type: ignore[no-untyped-call]  # redis is typed in part

    def _ask(self, *command: str, may_refuse: bool = False) -> Any:  # noqa: ANN401 - any RESP2 value
        self._send(*command)
        try:
            return self._connection.read_response()
        except ResponseError as error:
            if may_refuse:
                raise
            raise self._understood(error) from error
        except (RedisError, ValueError) as error:
            raise self._understood(error) from error

    def _send(self, *command: str) -> None:
        if not self._connection.is_connected:
            raise QueueUnreachable(self._address.url, "the connection has ended")
        try:
            self._connection.send_command(  # type: ignore[no-untyped-call]  # redis is typed in part
                *command, check_health=False
            )
        except RedisError as error:
            raise self._understood(error) from error

    def _read(self, timeout_s: float) -> Any:  # noqa: ANN401 - any RESP2 value
        if not self._connection.is_connected:
            raise RedisConnectionError("the connection has ended")
        return self._connection.read_response(timeout=timeout_s, disconnect_on_error=False)

    def _unconnected(self, error: RedisError) -> QueueUnreachable:
        cause = error.__context__
        reason = "no connection within the time"
        if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
            reason = cause.strerror or getattr(cause, "verify_message", "") or str(cause)
        return QueueUnreachable(
            self._address.url,
            reason,
            "down" if isinstance(cause, ConnectionRefusedError) else "broken",
        )

    def _understood(self, error: Exception) -> QueueError:
        url = self._address.url
        if isinstance(error, RedisTimeoutError):
            return QueueUnreachable(url, "it does not answer")
        if isinstance(error, RedisConnectionError):
            is_closed = _CLOSED in str(error)
            reason = "it closed the connection" if is_closed else "the connection broke"
            return QueueUnreachable(url, reason, "closed" if is_closed else "broken")
        if isinstance(error, ResponseError):
            # A server of another kind may repeat the arguments of a command it does not know.
            return understand_refusal(url, str(error).replace(self._key.reveal(), "…"))
        if isinstance(error, InvalidResponse | ValueError):
            return QueueUnreachable(url, "it does not speak RESP")
        return QueueUnreachable(url, type(error).__name__)
