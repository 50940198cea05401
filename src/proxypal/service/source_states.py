"""How one source is, and what a person must be told: values, and how they are made. Pure.

Must not enter: what the board remembers.
"""

import os
from collections.abc import Sequence
from typing import Literal

import msgspec

from proxypal.service.log_tally import LogTally
from proxypal.service.queue_findings import RECENT_MS, WallTime, findings
from proxypal.service.queue_status import STALE_AFTER_MS, QueueStatus, decode_status
from proxypal.store.values import Gap, QueueState

Kind = Literal["log", "stream", "queue"]

QUEUE = "queue "
"""How the names of usage queues begin in the store."""

REMOTE = ("http://", "https://")
"""How the names of logs begin that are read over HTTP; those of files are no URLs."""

_GAPS_SHOWN = 20
_WHILE_READ = ("standing by", "reading", "caught up")


class Notice(msgspec.Struct, frozen=True):
    """Something a person must know now. The same trouble keeps its `id` while its text changes."""

    id: str
    level: Literal["warning", "error"]
    text: str


class LostSpan(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A span of a source that is lost, Unix milliseconds; None means unknown."""

    from_ms: int | None
    until_ms: int | None
    reason: str


class SourceState(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One source. Times are Unix milliseconds; None means never, or not known.

    `state` of a log or stream: `waiting`, `standing by`, `reading` (a backlog), `caught up`,
    `blocked` (it waits until the store can be written), and
    `unreachable` of one that is read over HTTP; of a queue what `QueueStatus.state` says.
    `requests` and `rejected_lines` of a log are counted since this process began, `requests` of a
    queue are its records of all time. `is_ours`: this process reads it, or waits for it.
    """

    kind: Kind
    name: str
    state: str
    detail: str = ""
    is_ours: bool = True
    requests: int = 0
    last_request_at: int | None = None
    done_bytes: int = 0
    total_bytes: int = 0
    rejected_lines: int = 0
    last_rejected: str = ""
    mode: str | None = None
    proxy_version: str | None = None
    connected_since: int | None = None
    statistics_enabled: bool | None = None
    banned_until: int | None = None
    starved_since: int | None = None
    missing_records: int = 0
    held: int = 0
    gaps: Sequence[LostSpan] = ()


class StoreHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the store can be written, as far as was tried, and what waits in memory for it."""

    writable: bool
    held: int
    trouble: str = ""


def state_of_log(
    log: LogTally, name: str, gaps: Sequence[Gap], *, is_blocked: bool = False
) -> SourceState:
    """How a log is; of all `gaps` of the store those that are its own are told.

    `is_blocked`: the store cannot be written, so nothing of a log is recorded now.
    """
    changes = dict(log.changes)
    if is_blocked and changes["state"] in _WHILE_READ:
        changes["state"] = "blocked"
    return SourceState(
        kind=log.kind,
        name=name,
        requests=log.requests,
        rejected_lines=log.rejected,
        gaps=_spans([gap for gap in gaps if _is_of_log(gap, name)]),
        **changes,
    )


def state_of_queue(
    queue: QueueState, gaps: Sequence[Gap], now_ms: int, wall_time: WallTime
) -> SourceState:
    """How a usage queue is, by its reader's own words as long as they are fresh."""
    status = decode_status(queue.status) or QueueStatus(state="ended")
    is_stale = now_ms - queue.updated_at > STALE_AFTER_MS
    told = findings([queue], [], now_ms, wall_time)
    return SourceState(
        kind="queue",
        name=status.url or queue.source.removeprefix(QUEUE),
        state="ended" if is_stale and status.state == "connected" else status.state,
        detail="; ".join(one.detail for one in told),
        is_ours=not is_stale,
        requests=queue.records,
        last_request_at=status.last_record_at,
        mode=status.mode,
        proxy_version=status.proxy_version,
        connected_since=status.connected_since,
        statistics_enabled=status.statistics_enabled,
        banned_until=status.banned_until,
        starved_since=status.starved_since,
        missing_records=status.missing_records,
        held=status.held,
        gaps=_spans([gap for gap in gaps if gap.source == queue.source]),
    )


def lately_lost(state: SourceState, now_ms: int) -> list[LostSpan]:
    """The spans that were lost within the last day."""
    return [gap for gap in state.gaps if gap.until_ms is None or now_ms - gap.until_ms < RECENT_MS]


def _is_of_log(gap: Gap, path: str) -> bool:
    if path.startswith(REMOTE):
        return gap.source == f"log:{path}"
    return gap.source == f"log:{os.path.realpath(path)}"  # as `sources.log_files` names it


def _spans(gaps: Sequence[Gap]) -> list[LostSpan]:
    return [
        LostSpan(from_ms=gap.from_ms, until_ms=gap.until_ms, reason=gap.reason)
        for gap in gaps[-_GAPS_SHOWN:]
    ]
