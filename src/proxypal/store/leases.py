"""Who reads a source: one process at a time, so that others do not read in vain.

Correctness does not rest on leases (positions see to that); they only save work. A lease ends
when it is released, when its time is over, when its process is gone, or when the clock that
wrote it was so wrong that it ends later than it can.
"""

import os
import sqlite3
import sys


def _host() -> str:
    import socket  # noqa: PLC0415 - only readers of a source need it; `stats` starts without

    return socket.gethostname()


def owner_name(process_id: int, token: str) -> str:
    """`host:process:token`: unique to one open store."""
    return f"{_host()}:{process_id}:{token}"


def is_free(owner: str, expires_at: int, duration_ms: int, now_ms: int) -> bool:
    """Whether a lease no longer binds anybody."""
    if now_ms >= expires_at or expires_at > now_ms + 2 * duration_ms:
        return True
    host, process_id, _ = owner.rsplit(":", 2)
    return host == _host() and not is_alive(int(process_id))


def is_alive(process_id: int) -> bool:
    """Whether a process of this host exists; on Windows always."""
    if sys.platform == "win32":
        return True  # os.kill would end the process there; the lease runs out by itself
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def acquire(
    connection: sqlite3.Connection, source: str, owner: str, duration_ms: int, now_ms: int
) -> bool:
    """Become or stay the reader of `source`. The caller holds the write transaction."""
    row = connection.execute(
        "SELECT owner, expires_at, duration_ms FROM leases WHERE source = ?", (source,)
    ).fetchone()
    if row is not None and row[0] != owner and not is_free(row[0], row[1], row[2], now_ms):
        return False
    connection.execute(
        "INSERT OR REPLACE INTO leases (source, owner, expires_at, duration_ms) "
        "VALUES (?, ?, ?, ?)",
        (source, owner, now_ms + duration_ms, duration_ms),
    )
    return True


def release(connection: sqlite3.Connection, source: str, owner: str) -> None:
    """Give the lease back, if it is still ours."""
    connection.execute("DELETE FROM leases WHERE source = ? AND owner = ?", (source, owner))
