"""CLIProxyAPI's usage queue over HTTP (handlers/management/usage.go, since v6.10.8).

The way in where RESP is not reachable: behind a reverse proxy, and in v7.1.17. Also asks whether
usage statistics are switched on, which RESP cannot. Must not enter: what a payload means, waiting.
"""

import msgspec

from proxypal.sources.management_api import TIMEOUT_S, ManagementApi
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import QueueAddress

MOST_AT_ONCE = 1_000
_MANAGEMENT = "/v0/management"


class _Switch(msgspec.Struct, rename="kebab"):
    usage_statistics_enabled: bool


class HttpQueue:
    """The management endpoints that concern the queue.

    `version` is what the last reply said of the proxy. Every method raises:
        QueueRefused, QueueBanned: the key is not accepted.
        QueueUnreachable: no connection, or no such endpoint.
    """

    def __init__(
        self, address: QueueAddress, key: ManagementKey, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._api = ManagementApi(address, key, timeout_s)

    @property
    def version(self) -> str | None:
        """What the last reply said of the proxy, as in `7.2.140`."""
        return self._api.version

    def pop(self, most: int = MOST_AT_ONCE) -> list[bytes]:
        """Take the oldest payloads off the queue; it will not hand them out again."""
        body = self._api.get(f"{_MANAGEMENT}/usage-queue?count={most}")
        try:
            return [bytes(one) for one in msgspec.json.decode(body, type=list[msgspec.Raw])]
        except msgspec.DecodeError as error:
            raise self._api.misunderstood("its answer is no list of records") from error

    def statistics_enabled(self) -> bool | None:
        """Whether the proxy records usage at all; None if this version does not say."""
        body = self._api.get(f"{_MANAGEMENT}/usage-statistics-enabled")
        try:
            return msgspec.json.decode(body, type=_Switch).usage_statistics_enabled
        except msgspec.DecodeError:
            return None

    def close(self) -> None:
        """Nothing is kept open between calls."""
