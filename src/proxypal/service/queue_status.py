"""What the reader of a usage queue says of itself; kept by the store, read by `doctor` and pages.

Pure. Must not enter: keys and payloads; how it looks (`queue_findings`).
"""

from typing import Literal

import msgspec

from proxypal.service.queue_gaps import Cause
from proxypal.sources.queue_address import Mode

State = Literal["starting", "connected", "unreachable", "refused", "banned", "ended"]

STALE_AFTER_MS = 60_000
"""A reader that lives says so four times in this time."""

STARVED_LOOK_BACK_MS = 10 * 60_000
STARVED_AFTER_MS = 30_000
"""A record comes within milliseconds of its access line; after this time it is not coming."""

_FEW = 5


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Times are Unix milliseconds; None means not so, or not known.

    `alive_at` is the last moment up to which everything the queue offered was received.
    `cause` says how reading ended; while it goes on it is `killed`, for that is what happened if
    nobody comes to write another. `down_from`, `down_until`: of the present outage, when nobody
    listened at the address. `starved_since`: the log shows requests without records.
    `held` records wait for the disk; `overflowed` could not be held.
    """

    url: str = ""
    state: State = "starting"
    why: str = ""
    mode: Mode | None = None
    connected_since: int | None = None
    alive_at: int | None = None
    cause: Cause = "in order"
    last_record_at: int | None = None
    proxy_version: str | None = None
    statistics_enabled: bool | None = None
    banned_until: int | None = None
    unreachable_since: int | None = None
    down_from: int | None = None
    down_until: int | None = None
    starved_since: int | None = None
    missing_records: int = 0
    held: int = 0
    overflowed: int = 0
    retention_ms: int = 60_000


class StatusBoard:
    """The reader's status as it changes; whoever shows it reads `status`."""

    def __init__(self, status: QueueStatus) -> None:
        self.status = status

    def change(self, **changes: object) -> None:
        """Change fields; the next batch takes them to the store."""
        self.status = msgspec.structs.replace(self.status, **changes)

    def advance(self, alive_ms: int) -> None:
        """Everything up to this moment was received."""
        self.change(alive_at=max(self.status.alive_at or 0, alive_ms))


def encode_status(status: QueueStatus) -> bytes:
    """As the store keeps it."""
    return msgspec.json.encode(status)


def decode_status(body: bytes) -> QueueStatus | None:
    """None if there is none, or a later version wrote it in a way we do not know."""
    try:
        return msgspec.json.decode(body, type=QueueStatus)
    except msgspec.DecodeError:
        return None


def is_starved(mode: Mode | None, joined: int, missing: int) -> bool:
    """Whether records go elsewhere: `missing` successful requests of the log have none.

    Beside a subscription nobody can take a record, so only if nearly all are missing it is not
    the queue of the proxy whose log is read; a few kinds of requests never make a record. Who
    polls shares with whoever else polls, and gets nothing while another one is subscribed
    (CLIProxyAPI internal/redisqueue/queue.go).
    """
    if missing < _FEW:
        return False
    return joined * 4 <= missing if mode == "subscribed" else joined <= missing * 4
