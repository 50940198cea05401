"""`history.json` and `aggregate.json`: rendered from one snapshot, recognised by a checksum.

The extra key `published` makes the pair complete: from it a lost database is rebuilt, with its
numbers, source positions and settings. Must not enter: when to publish, and writing to disk.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from proxypal.records.summing import aggregate_from, scope_of
from proxypal.store.packing import SCOPES, pack_arrivals, pack_counters
from proxypal.store.state import State
from proxypal.store.totals import Sums
from proxypal.store.values import QueueState, StoredPosition, StoreSettings

_PLACEHOLDER = b"0" * 64
_CHECKSUM = re.compile(rb'"checksum": "([0-9a-f]{64})"')
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class PublishedPosition(msgspec.Struct, kw_only=True, frozen=True):
    """A source position as the aggregate carries it; `state` is the source's own JSON."""

    id: int
    source: str
    version: int
    state: msgspec.Raw


class UndoEntry(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """What the database knows of a backup: which epochs its sums belong to, whether undone."""

    name: str
    kind: str
    epochs: list[int]
    undone_at: int | None = None
    owed: int = 0


class Published(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """The `published` key of both files. `checksum` covers the file with itself as zeros.

    `arrivals` are the history rows' numbers in file order (`1-480,490`). `details` are the full
    counters of each scope in the order of the visible series (see `pack_counters`). `covered` are
    the newest spans of each kind of source (see `covering.py`), `gaps` the newest hundred spans
    that are known to be lost, each with when that was noticed. `breakdown` says of each month
    from which number on its file is whole (see `months.py`); `dropped_months` have
    a time, and the names of the imports that were in them.
    """

    sequence: int
    store_id: str
    epoch: int = 0
    live_epochs: list[int] = msgspec.field(default_factory=lambda: [0])
    reset_sequence: int = 0
    arrivals: str = ""
    generation: int = 0
    watermark_ms: int = 0
    settings: StoreSettings = StoreSettings()
    positions: list[PublishedPosition] = []
    fingerprints: list[tuple[str, str]] = []
    undo_log: list[UndoEntry] = []
    queues: list[QueueState] = []
    covered: list[tuple[str, int, int]] = []
    gaps: list[tuple[str, int | None, int | None, str, int]] = []
    breakdown: dict[str, int] | None = None
    dropped_months: list[tuple[str, int, list[str]]] = []
    cells_since: int = 0
    sketches_since: int = 0
    details: dict[str, str] = {}
    checksum: str
    """The last key of the file: whatever stands before it, it is found from the end."""


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one snapshot of the database publishes."""

    state: State
    sums: Sums
    rows: Sequence[tuple[int, bytes]]
    positions: Sequence[StoredPosition]
    fingerprints: Sequence[tuple[str, str]]
    undo_log: Sequence[UndoEntry]
    queues: Sequence[QueueState] = ()
    covered: Sequence[tuple[str, int, int]] = ()
    gaps: Sequence[tuple[str, int | None, int | None, str, int]] = ()
    breakdown: dict[str, int] | None = None
    dropped_months: Sequence[tuple[str, int, list[str]]] = ()


def render_history(moment: Moment) -> bytes:
    """The bytes of `history.json`."""
    published = _published(
        moment.state, arrivals=pack_arrivals([arrival for arrival, _ in moment.rows])
    )
    requests = b"[" + b",".join(body for _, body in moment.rows) + b"]"
    totals = b'"totalTokensIn":0,"totalTokensOut":0,"totalTokensCached":0,"totalCostUsd":0.0'
    return _document(
        b'{"requests":' + requests + b"," + totals, moment.state.history_extras, published
    )


def render_aggregate(moment: Moment) -> bytes:
    """The bytes of `aggregate.json`."""
    aggregate = aggregate_from(moment.sums, moment.state.created_at)
    published = _published(
        moment.state,
        positions=[
            PublishedPosition(
                id=p.id, source=p.source, version=p.version, state=msgspec.Raw(p.state)
            )
            for p in moment.positions
        ],
        fingerprints=list(moment.fingerprints),
        undo_log=list(moment.undo_log),
        queues=list(moment.queues),
        covered=list(moment.covered),
        gaps=list(moment.gaps),
        breakdown=moment.breakdown,
        dropped_months=list(moment.dropped_months),
        cells_since=moment.state.cells_since,
        sketches_since=moment.state.sketches_since,
        details={
            scope: ";".join(pack_counters(c) for _, c in scope_of(moment.sums, scope))
            for scope in SCOPES
        },
    )
    return _document(_ENCODER.encode(aggregate)[:-1], moment.state.aggregate_extras, published)


def _published(state: State, **more: Any) -> bytes:  # noqa: ANN401 - fields of Published
    return _ENCODER.encode(
        Published(
            sequence=state.sequence,
            checksum=_PLACEHOLDER.decode(),
            store_id=state.store_id,
            epoch=state.epoch,
            live_epochs=state.live_epochs,
            reset_sequence=state.reset_sequence,
            generation=state.generation,
            watermark_ms=state.watermark_ms,
            settings=state.settings,
            **more,
        )
    )


def _document(head: bytes, extras: bytes, published: bytes) -> bytes:
    unknown = b"" if extras == b"{}" else b"," + extras[1:-1]
    compact = head + unknown + b',"published":' + published + b"}"
    pretty = msgspec.json.format(compact, indent=2)
    digest = hashlib.sha256(pretty).hexdigest().encode()
    at = pretty.rindex(b'"checksum": "' + _PLACEHOLDER) + len(b'"checksum": "')
    return pretty[:at] + digest + pretty[at + 64 :]


class _Envelope(msgspec.Struct):
    published: Published


def read_published(data: bytes) -> Published | None:
    """The `published` key of a file we wrote and nobody changed since; None for any other."""
    found = list(_CHECKSUM.finditer(data))
    if not found:
        return None
    start, end = found[-1].span(1)
    blank = data[:start] + _PLACEHOLDER + data[end:]
    if hashlib.sha256(blank).hexdigest().encode() != found[-1][1]:
        return None
    try:
        return msgspec.json.decode(data, type=_Envelope).published
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
