"""The state of usage queues as lines of `doctor`: what is off, and what to do about it.

Pure. Must not enter: reading the store or the proxy.
"""

from collections.abc import Callable, Iterator, Sequence

from proxypal.service.queue_status import STALE_AFTER_MS, QueueStatus, decode_status
from proxypal.store.values import Finding, Gap, QueueState

RECENT_MS = 24 * 3_600_000
"""A loss is off for a day; after that it is history, and still told."""

_GAPS_SHOWN = 5
_WATCH_AGAIN = "start `proxypal watch` again before the proxy forgets ({kept} s)"

WallTime = Callable[[int], str]
"""Shows Unix milliseconds to the person who reads."""


def is_of_queue(finding: Finding) -> bool:
    """Whether a finding of the store is told here, and better."""
    return finding.check.startswith("gap in queue ")


def findings(
    states: Sequence[QueueState], gaps: Sequence[Gap], now_ms: int, wall_time: WallTime
) -> list[Finding]:
    """What there is to say of every queue ever read, and of what was lost of it.

    `gaps` are all gaps of the store; those of logs are left alone.
    """
    return [
        finding
        for state in states
        for finding in (
            _reading(state, now_ms, wall_time),
            *_troubles(state, wall_time),
            *_losses(state.source, gaps, now_ms, wall_time),
        )
    ]


def _reading(state: QueueState, now_ms: int, wall_time: WallTime) -> Finding:
    """Whether it is read at all."""
    status = decode_status(state.status) or QueueStatus(state="ended")
    is_stale = now_ms - state.updated_at > STALE_AFTER_MS
    again = _WATCH_AGAIN.format(kept=status.retention_ms // 1000)
    since = wall_time(state.updated_at)
    ok = True
    if status.state == "ended":
        detail = f"not read since {since}; {again}" if state.updated_at else "not read yet"
    elif is_stale and status.cause == "killed":
        ok, detail = False, f"its reader ended abruptly after {since}; {again}"
    elif status.state == "connected":
        detail = _connected(state, status, now_ms, wall_time)
    elif status.state == "banned" and (status.banned_until or 0) > now_ms:
        until = wall_time(status.banned_until or 0)
        ok, detail = False, f"banned until {until} after failed logins; nothing is tried before"
    elif status.state == "starting":
        detail = "connecting"
    else:
        begun = f" since {wall_time(status.unreachable_since)}" if status.unreachable_since else ""
        ok, detail = False, f"{status.state}{begun}: {status.why}"
    if not ok and now_ms - state.updated_at > RECENT_MS:
        ok, detail = True, f"not read since {since}, when it was {detail}"
    return Finding(check=state.source, ok=ok, detail=detail)


def _connected(state: QueueState, status: QueueStatus, now_ms: int, wall_time: WallTime) -> str:
    version = f" (v{status.proxy_version.lstrip('v')})" if status.proxy_version else ""
    since = f" since {wall_time(status.connected_since)}" if status.connected_since else ""
    last = "no record yet"
    if status.last_record_at is not None:
        last = f"last record {max(0, now_ms - status.last_record_at) // 1000} s ago"
    return f"{status.mode}{since}{version}, {last}, {state.records} in all"


def _troubles(state: QueueState, wall_time: WallTime) -> Iterator[Finding]:
    """What is off although it is read."""
    status = decode_status(state.status)
    if status is None or status.state == "ended":
        return
    if status.statistics_enabled is False:
        yield _off(
            state,
            "statistics are switched off in the proxy: it makes no records; set "
            "usage-statistics-enabled: true in its config",
        )
    elif status.starved_since is not None:
        begun = wall_time(status.starved_since)
        yield _off(
            state,
            f"{status.missing_records} requests of the log since {begun} have no "
            f"record: {_suspect(status)}",
        )
    if status.held:
        yield _off(state, f"{status.held} records wait in memory because the store takes none")
    if state.unread:
        detail = f"{state.unread} records were not understood; kept for a later version"
        yield Finding(check=state.source, ok=True, detail=detail)


def _suspect(status: QueueStatus) -> str:
    if status.mode == "subscribed":
        return "is the log that of another proxy than this queue?"
    return "another program takes them; end it, only one can read this queue"


def _losses(
    source: str, gaps: Sequence[Gap], now_ms: int, wall_time: WallTime
) -> Iterator[Finding]:
    of_queue = [gap for gap in gaps if gap.source == source]
    of_queue.sort(key=lambda gap: gap.until_ms or now_ms, reverse=True)
    for gap in of_queue[:_GAPS_SHOWN]:
        first = "" if gap.from_ms is None else f" from {wall_time(gap.from_ms)}"
        last = "" if gap.until_ms is None else f" until {wall_time(gap.until_ms)}"
        is_recent = gap.until_ms is None or now_ms - gap.until_ms < RECENT_MS
        yield Finding(
            check=f"gap in {source}", ok=not is_recent, detail=f"{gap.reason};{first}{last}"
        )
    if len(of_queue) > _GAPS_SHOWN:
        older = len(of_queue) - _GAPS_SHOWN
        yield Finding(check=f"gap in {source}", ok=True, detail=f"and {older} older ones")


def _off(state: QueueState, detail: str) -> Finding:
    return Finding(check=state.source, ok=False, detail=detail)
