"""Keys that recognise the same attempt or request in another file, or told by another source.

Must not enter: what is done about one that is known (`store.day_keys` counts them).
"""

import zlib
from typing import Literal

KeyKind = Literal["attempt", "request", "row", "day"]
"""An upstream attempt; a request by the proxy's id; a row of ours by its id; a day's total."""

DAY_MS = 86_400_000


def key_day(moment_ms: int) -> int:
    """The day that keys of this moment are kept under: days since 1970-01-01 in UTC."""
    return moment_ms // DAY_MS


def attempt_key(started_ms: int, model: str) -> int:
    """The 32-bit key of an upstream attempt: when it started, and the upstream model.

    These two are in every export of every collector, and nothing else is alike in all of them.
    Two attempts within one millisecond share it: the store counts how many there were.
    """
    return zlib.crc32(f"{started_ms}|{model.lower()}".encode("utf-8", "surrogatepass"))


def request_key(request_id: str) -> int:
    """The 32-bit key of a proxy's request id: its last eight hex digits, which the log shows too.

    (CLIProxyAPI internal/logging/requestid.go: 4 random bytes; v8 has a UUID and logs its end.)
    """
    tail = request_id[-8:]
    try:
        return int(tail, 16)
    except ValueError:
        return zlib.crc32(tail.encode("utf-8", "surrogatepass"))


def row_key(row_id: str, timestamp_ms: int) -> int:
    """The 32-bit key of a request that came with an id of its own, in a file of ours.

    With its time, because ids such as `r-1` start again in another file.
    """
    return zlib.crc32(f"{timestamp_ms}|{row_id}".encode("utf-8", "surrogatepass"))


def day_total_key(day: str, provider: str, model: str) -> int:
    """The 32-bit key of what a model used on a day (`YYYY-MM-DD`), told without requests."""
    return zlib.crc32(f"{day}|{provider}|{model.lower()}".encode("utf-8", "surrogatepass"))
