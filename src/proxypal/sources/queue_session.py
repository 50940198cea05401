"""A connected usage queue, by the best way this proxy offers.

Subscribed where it can be (every record is pushed, other readers cannot take one), else popped
over RESP, else over HTTP. Must not enter: threads, waiting, the store.
"""

import contextlib
from typing import Protocol

from proxypal.errors import QueueError, QueueUnreachable
from proxypal.sources.management_key import ManagementKey
from proxypal.sources.queue_address import Mode, QueueAddress
from proxypal.sources.queue_http import HttpQueue
from proxypal.sources.queue_resp import RespConnection


class Popper(Protocol):
    """Something that hands out the oldest payloads."""

    def pop(self, most: int = ...) -> list[bytes]:
        """Take payloads off the queue."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class QueueSession:
    """One life of a connection. `subscription` is acknowledged already, None in polling modes.

    What the queue held before the acknowledgement is for `pop`; what comes after it, for the
    subscription: together that is everything.
    """

    def __init__(
        self, mode: Mode, popper: Popper, subscription: RespConnection | None, asking: HttpQueue
    ) -> None:
        self.mode = mode
        self.subscription = subscription
        self._popper = popper
        self._asking = asking
        self._may_ask = True

    @property
    def proxy_version(self) -> str | None:
        """Known after the first question over HTTP."""
        return self._asking.version

    def pop(self, most: int) -> list[bytes]:
        """Take payloads off the queue; none when it is empty.

        Raises:
            QueueError: what was under way may be lost.
        """
        return self._popper.pop(most)

    def leave_popping(self) -> None:
        """The backlog is taken: a subscription needs no second connection."""
        if self.subscription is not None:
            self._popper.close()

    def statistics_enabled(self) -> bool | None:
        """Whether the proxy records usage at all; None if it cannot be learnt.

        A refusal is not asked again: RESP took the key, so more would only count as attacks.
        """
        if not self._may_ask:
            return None
        try:
            return self._asking.statistics_enabled()
        except QueueUnreachable:
            return None
        except QueueError:
            self._may_ask = False
            return None

    def close(self) -> None:
        """End all connections."""
        self._popper.close()
        if self.subscription is not None:
            self.subscription.close()


def open_session(address: QueueAddress, key: ManagementKey, *, subscribe: bool) -> QueueSession:
    """Connect by the best way there is; without `subscribe`, to take the backlog only.

    Raises:
        QueueRefused, QueueBanned: the key is not accepted; exactly one login has failed.
        QueueUnreachable: no way leads there.
    """
    if not address.path:
        try:
            # Asked between commits: records must not wait for it long.
            asking = HttpQueue(address, key, timeout_s=2)
            return _over_resp(address, key, asking, subscribe=subscribe)
        except QueueUnreachable as error:
            if not error.speaks_otherwise:
                raise
    http = HttpQueue(address, key)
    return QueueSession("polling HTTP", http, None, http)


def _over_resp(
    address: QueueAddress, key: ManagementKey, asking: HttpQueue, *, subscribe: bool
) -> QueueSession:
    with contextlib.ExitStack() as opened:
        first = RespConnection(address, key)
        opened.callback(first.close)
        if subscribe and first.subscribe():
            second = RespConnection(address, key)
            session = QueueSession("subscribed", second, first, asking)
        else:
            session = QueueSession("polling RESP", first, None, asking)
        opened.pop_all()
        return session
