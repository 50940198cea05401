"""The join window: requests that can still be revised or recognised as a repetition.

It holds what was counted, not what was said: ids only as hashes, names only as series numbers.
"""

import hashlib
import re
import sqlite3
import zlib
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from proxypal.records.request import RequestLog, encode_request
from proxypal.store.protocol import StoreSettings
from proxypal.store.series import SeriesKey

_OWN_ID = re.compile(r"req_\d+_(\d+)")
_LOOKED_AT_ONCE = 200


class JoinFacts(msgspec.Struct, array_like=True, frozen=True):
    """What is remembered of a request: where it was counted, and with what.

    `digest` recognises its content, `epoch` the reset it came after, `hour` and `series` its cell.
    """

    arrived_at: int
    digest: int
    epoch: int
    hour: int
    series: int
    timestamp: int
    status: int
    duration_ms: int
    failed: bool
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None
    ttft_ms: int | None
    cost_usd: Decimal | None


_COUNTED = JoinFacts.__struct_fields__[5:]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(JoinFacts).decode

JoinRow = tuple[int, int, int | None, bytes]
"""arrival, id_hash, request_hash, facts"""


def facts_of(
    request: RequestLog, arrived_at: int, digest: int, epoch: int, place: tuple[int, int]
) -> bytes:
    """What to remember of `request`, counted at `place` (hour, series); encoded `JoinFacts`."""
    return _encode(
        JoinFacts(
            arrived_at,
            digest,
            epoch,
            place[0],
            place[1],
            request.timestamp,
            request.status,
            request.duration_ms,
            request.failed,
            request.tokens_in,
            request.tokens_out,
            request.tokens_cached,
            request.tokens_cache_write,
            request.tokens_reasoning,
            request.ttft_ms,
            request.cost_usd,
        )
    )


def counted_request(facts: JoinFacts, key: SeriesKey) -> RequestLog:
    """A request with what was counted of the original, and nothing else of it."""
    provider, model, api_key, account, source = key
    return RequestLog(
        **{name: getattr(facts, name) for name in _COUNTED},
        provider=provider,
        model=model,
        api_key=api_key or None,
        account=account or None,
        source=source or None,
    )


def hash64(text: str) -> int:
    """A signed 64-bit hash of a name, stable over processes and versions."""
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big", signed=True)


def hashes_of(request: RequestLog) -> tuple[int, int]:
    """Of the id (64 bits) and of the whole content (32); zeros for one without an id.

    A false repetition needs the same id, other content, and one chance in four billion.
    """
    if not request.id:
        return 0, 0
    return hash64(request.id), zlib.crc32(encode_request(request))


def request_hash(request: RequestLog) -> int | None:
    """Hash of the proxy's request id, of which CLIProxyAPI v8 logs only the last 8 characters."""
    return hash64(request.request_id[-8:]) if request.request_id else None


class KnownIds:
    """The ids of the window, in memory: a database index of random hashes costs more to keep.

    It follows other processes by reading the rows that came since it last looked, and must be
    forgotten when a transaction fails.
    """

    def __init__(self) -> None:
        self._arrivals: dict[int, int] = {}
        self._sequence = -1

    def forget(self) -> None:
        """Drop everything; the next look reads the window anew."""
        self._arrivals.clear()
        self._sequence = -1

    def follow(self, connection: sqlite3.Connection, sequence: int, bound: int) -> None:
        """Know every row up to `sequence`, the store's own number in this transaction."""
        if sequence == self._sequence:
            return
        if len(self._arrivals) > 2 * bound or sequence < self._sequence:
            self.forget()
        rows = connection.execute(
            "SELECT id_hash, arrival FROM join_window WHERE arrival > ? AND id_hash != 0",
            (self._sequence,),
        )
        self._arrivals.update(rows)
        self._sequence = sequence

    def add(self, rows: Iterable[JoinRow], sequence: int) -> None:
        """Know the rows this process just added, which bring the store to `sequence`."""
        self._arrivals.update((row[1], row[0]) for row in rows if row[1])
        self._sequence = sequence

    def find(self, connection: sqlite3.Connection, id_hash: int) -> tuple[int, JoinFacts] | None:
        """(arrival, facts) of the newest request with this id, if the window still has it."""
        arrival = self._arrivals.get(id_hash)
        return None if arrival is None else read_open(connection, arrival)


def read_open(connection: sqlite3.Connection, arrival: int) -> tuple[int, JoinFacts] | None:
    """(arrival, facts) of one request of the window."""
    row = connection.execute(
        "SELECT facts FROM join_window WHERE arrival = ?", (arrival,)
    ).fetchone()
    return None if row is None else (arrival, _decode(row[0]))


def remember(connection: sqlite3.Connection, rows: Iterable[JoinRow]) -> None:
    """Put requests into the window."""
    connection.executemany("INSERT INTO join_window VALUES (?, ?, ?, ?)", rows)


def update(connection: sqlite3.Connection, arrival: int, facts: bytes) -> None:
    """Remember something else of a request."""
    connection.execute("UPDATE join_window SET facts = ? WHERE arrival = ?", (facts, arrival))


def let_go(
    connection: sqlite3.Connection, sequence: int, now_ms: int, settings: StoreSettings
) -> None:
    """Drop what is beyond the window's bounds: by count at once, by age a little at a time."""
    connection.execute(
        "DELETE FROM join_window WHERE arrival <= ?", (sequence - settings.join_window_requests,)
    )
    horizon = now_ms - settings.join_window_ms
    oldest = connection.execute(
        "SELECT arrival, facts FROM join_window ORDER BY arrival LIMIT ?", (_LOOKED_AT_ONCE,)
    )
    expired = [arrival for arrival, facts in oldest if _decode(facts).arrived_at < horizon]
    if expired:
        connection.execute("DELETE FROM join_window WHERE arrival <= ?", (expired[-1],))


def own_arrival(request_id: str) -> int | None:
    """The number in an id that the store gave itself (`req_TIMESTAMP_ARRIVAL`)."""
    own = _OWN_ID.fullmatch(request_id)
    return int(own[1]) if own is not None else None
