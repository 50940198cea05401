"""The join window: requests that can still be revised or recognised as a repetition.

It holds what was counted, not what was said: ids only as hashes, names only as series numbers.
"""

import hashlib
import re
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec

from proxypal.records.joining_rule import NO_MARK, Mark
from proxypal.records.request import RequestLog, encode_request
from proxypal.store.series import SeriesKey

_OWN_ID = re.compile(r"req_\d+_(\d+)")
_INTERNAL = "/v1internal:"


class OpenRequest(msgspec.Struct, array_like=True, frozen=True):
    """What is remembered of a request: how to recognise it, where and with what it was counted.

    `id_hash` is 0 for one that came without an id, `digest` recognises its content.
    `request_hash` is that of `meeting_hash`, `mark` what joining further facts needs.
    """

    arrival: int
    id_hash: int
    digest: int
    request_hash: int | None
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
    mark: Mark = NO_MARK


_COUNTED = OpenRequest.__struct_fields__[6:-1]
_encode = msgspec.msgpack.Encoder().encode
decode_batch = msgspec.msgpack.Decoder(list[OpenRequest]).decode


def open_request(  # noqa: PLR0913, PLR0917 - a row of the window has these parts
    request: RequestLog,
    arrival: int,
    id_hash: int,
    digest: int,
    place: tuple[int, int],
    mark: Mark = NO_MARK,
    meeting: int | None = None,
) -> OpenRequest:
    """What to remember of `request`, counted at `place` (hour, series)."""
    if meeting is None:
        meeting = meeting_hash(request.request_id, request.method, request.path)
    return OpenRequest(
        arrival,
        id_hash,
        digest,
        meeting,
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
        mark,
    )


def recounted(
    facts: OpenRequest, request: RequestLog, place: tuple[int, int], mark: Mark
) -> OpenRequest:
    """The same request, now counted as `request` says, at `place` (hour, series)."""
    counted = {name: getattr(request, name) for name in _COUNTED}
    return msgspec.structs.replace(facts, hour=place[0], series=place[1], mark=mark, **counted)


def meeting_hash(request_id: str | None, method: str, path: str) -> int:
    """By what the facts about one request find each other.

    The end of the id, for that is all the log shows of a long one; where the proxy gave none,
    method and path.
    """
    if request_id:
        return hash64(request_id[-8:])
    bare = path.partition("?")[0]
    # The one route without ids whose template is not its path (v1internal:generateContent).
    return hash64(f"-|{method}|{'v1internal' if bare.startswith(_INTERNAL) else bare}")


def counted_request(facts: OpenRequest, key: SeriesKey) -> RequestLog:
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

    A false repetition needs the same id, other content, and one chance in four billion. Give the
    request as it was sent, not as it was priced: a price may be another one the next time.
    """
    if not request.id:
        return 0, 0
    return hash64(request.id), zlib.crc32(encode_request(request))


class KnownIds:
    """The ids of the window, in memory: a database index of random hashes costs more to keep.

    It follows other processes by reading the batches that came since it last looked, and must be
    forgotten when a transaction fails.
    """

    def __init__(self) -> None:
        self.attempts: set[int] = set()
        self._meeting: dict[int, list[int]] = {}
        self._found: dict[int, tuple[int, int]] = {}
        self._reused: dict[tuple[int, int], int] = {}
        self._sequence = -1
        self.oldest = 0

    def forget(self) -> None:
        """Drop everything; the next look reads the window anew."""
        self.attempts.clear()
        self._meeting.clear()
        self._found.clear()
        self._reused.clear()
        self._sequence = -1

    def follow(self, connection: sqlite3.Connection, sequence: int, bound: int) -> None:
        """Know every request up to `sequence`, the store's own number in this transaction."""
        size = max(len(self._found) + len(self._reused), len(self._meeting))
        if size > 2 * bound or sequence < self._sequence:
            self.forget()
        if sequence == self._sequence:
            return
        rows = connection.execute(
            "SELECT body FROM join_window WHERE last > ? ORDER BY first", (self._sequence,)
        )
        for (body,) in rows:
            self.add(decode_batch(body), sequence)
        self._sequence = sequence
        self.oldest = oldest_arrival(connection)

    def add(self, batch: Iterable[OpenRequest], sequence: int) -> None:
        """Know the requests just added, which bring the store to `sequence`."""
        for item in batch:
            if item.id_hash:
                before = self._found.get(item.id_hash)
                if before is not None and before[1] != item.digest:
                    self._reused[item.id_hash, before[1]] = before[0]
                self._found[item.id_hash] = (item.arrival, item.digest)
            if item.mark.can_join and item.request_hash is not None:
                self._meeting.setdefault(item.request_hash, []).append(item.arrival)
                self.attempts.update(item.mark.keys)
        self._sequence = sequence

    def is_at(self, sequence: int) -> bool:
        """Whether everything up to `sequence` is known, so that what comes next can be added."""
        return sequence == self._sequence

    def meeting(self, request_hash: int) -> list[int]:
        """Arrivals of the requests of the window that facts with this hash may belong to."""
        found = self._meeting.get(request_hash)
        if not found:  # or all of it has left the window
            return []
        if found[0] < self.oldest:
            found[:] = [arrival for arrival in found if arrival >= self.oldest]
        return found

    def find(self, id_hash: int) -> tuple[int, int] | None:
        """(arrival, digest) of the newest request with this id, if the window still has it."""
        found = self._found.get(id_hash)
        return found if found is not None and found[0] >= self.oldest else None

    def repeats(self, id_hash: int, digest: int) -> bool:
        """Whether a request of the window has this id and this content."""
        found = self._found.get(id_hash)
        if found is None:
            return False
        arrival = found[0] if found[1] == digest else self._reused.get((id_hash, digest), -1)
        return arrival >= self.oldest


def oldest_arrival(connection: sqlite3.Connection) -> int:
    """Arrival of the oldest request of the window; 0 if it is empty."""
    row = connection.execute("SELECT min(first) FROM join_window").fetchone()
    return int(row[0] or 0)


def remember(
    connection: sqlite3.Connection, batch: Sequence[OpenRequest], arrived_at: int, epoch: int
) -> None:
    """Put requests, in order of arrival, into the window."""
    if batch:
        connection.execute(
            "INSERT INTO join_window VALUES (?, ?, ?, ?, ?)",
            (batch[0].arrival, batch[-1].arrival, arrived_at, epoch, _encode(batch)),
        )


class Batch(NamedTuple):
    """One row of the window, decoded."""

    first: int
    epoch: int
    requests: list[OpenRequest]


def read_batch(connection: sqlite3.Connection, arrival: int) -> Batch | None:
    """The batch that request number `arrival` came in."""
    row = connection.execute(
        "SELECT first, epoch, body FROM join_window WHERE first <= ? AND last >= ? "
        "ORDER BY first DESC LIMIT 1",
        (arrival, arrival),
    ).fetchone()
    return None if row is None else Batch(row[0], row[1], decode_batch(row[2]))


def rewrite_batch(connection: sqlite3.Connection, batch: Batch) -> None:
    """Replace what is remembered of a batch."""
    connection.execute(
        "UPDATE join_window SET body = ? WHERE first = ?", (_encode(batch.requests), batch.first)
    )


def own_arrival(request_id: str) -> int | None:
    """The number in an id that the store gave itself (`req_TIMESTAMP_ARRIVAL`)."""
    own = _OWN_ID.fullmatch(request_id)
    return int(own[1]) if own is not None else None
