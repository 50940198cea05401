"""What may be lost when a usage queue was not read for a while, as spans of time.

Pure. The queue is in the proxy's memory, keeps a record for its retention only and hands it out
once; while somebody is subscribed it keeps nothing (CLIProxyAPI internal/redisqueue/queue.go).
What cannot be known is said to be a gap: a quick restart while nobody was connected leaves no
trace, and then no span is claimed as covered either. Must not enter: connections.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from proxypal.store.values import Gap, Span

Cause = Literal["in order", "killed", "closed", "broken", "overflow", "torn"]
"""How the last connection ended.

in order: we said good-bye and took what was on its way. killed: our process ended without a
word. closed: the proxy ended the connection after all it had sent. broken: it stopped answering
or reset. overflow: it closed while messages came faster than they were taken. torn: records that
were handed out did not arrive whole, or more were on their way when we said good-bye.
"""

OVERFLOW_FROM = 200
"""So many messages in the last second: the proxy's buffer of 256 may have been full."""

_REASONS = {
    "killed": "proxypal ended abruptly; what it had taken and not yet recorded is lost",
    "broken": "the connection broke; what was on its way is lost",
    "overflow": "records came faster than they were taken, so the proxy dropped the connection; "
    "at least one is lost",
    "torn": "the connection ended while records were handed out; those on their way are lost",
}
_PROXY_ENDED = "the proxy was stopped or restarted; what it had not handed out is lost"
_TOO_LONG = "not connected for longer than the proxy keeps records ({kept} s); what it had is lost"


class Outage(NamedTuple):
    """From `good_until_ms`, up to which everything was received, until now.

    Nobody listened at the address from `down_from_ms` to `down_until_ms`, as far as it was tried.
    """

    good_until_ms: int
    cause: Cause
    down_from_ms: int | None = None
    down_until_ms: int | None = None


def gaps_after(
    source: str, outage: Outage, back_ms: int, retention_ms: int, oldest_waiting_ms: int | None
) -> list[Gap]:
    """What may be lost, now that the queue is read again since `back_ms`.

    `oldest_waiting_ms`: when the oldest record that was waiting had been queued; what was queued
    after it is still there. A longer retention than `retention_ms` shows in it.
    """
    return [
        Gap(source=source, from_ms=span.from_ms, until_ms=span.until_ms, reason=reason)
        for span, reason in _lost(outage, back_ms, retention_ms, oldest_waiting_ms)
        if span.until_ms > span.from_ms
    ]


def _lost(
    outage: Outage, back_ms: int, retention_ms: int, oldest_ms: int | None
) -> Iterator[tuple[Span, str]]:
    since_ms = outage.good_until_ms
    kept_from_ms = min(back_ms, back_ms if oldest_ms is None else max(oldest_ms, since_ms))
    forgotten_ms = min(back_ms - retention_ms, kept_from_ms)
    if outage.down_from_ms is not None:
        yield Span(since_ms, outage.down_from_ms), _PROXY_ENDED
        since_ms = outage.down_until_ms or outage.down_from_ms
    elif outage.cause in _REASONS:
        # Here something is lost for certain, be it within one millisecond.
        least_ms = since_ms + (outage.cause in {"overflow", "torn"})
        yield Span(since_ms, max(kept_from_ms, least_ms)), _REASONS[outage.cause]
        return
    yield Span(since_ms, forgotten_ms), _TOO_LONG.format(kept=retention_ms // 1000)


def cause_of_end(*, is_closed: bool, recent_messages: int) -> Cause:
    """Why a subscription ended that we did not end. `recent_messages`: of its last second."""
    if not is_closed:
        return "broken"
    return "overflow" if recent_messages >= OVERFLOW_FROM else "closed"
