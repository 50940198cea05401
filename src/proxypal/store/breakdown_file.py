"""`breakdown/2026-01.json`: one month's cells, rendered and read, recognised by a checksum. Pure.

Compact JSON. What is long is packed, and written as base64: a busy month has 750,000 cells of 20
numbers, which would be 60 MB of JSON text instead of 15, and each minute a new file of it.

- `format`, `month`, `requests` (in its hour and day cells).
- `names`: `providers`, `models`, `keys`, `accounts` and `sources`, each a name by its number.
- `days`, by date, each with what there is of:
  `cells`: the sums of each hour and five names, in columns, see `cell_tables.py`;
  `totals`: zlib of MessagePack rows [series, counters…] of what is known by the day only, in the
  order of `records.counters`, money as text; a series is five numbers in one, see `series.py`;
  `sketches`: zlib of MessagePack rows [provider, model, durations, times to first token], see
  `records.sketch`;
  `keys`: rows of kind, origin and the keys of a day in UTC, see `day_keys.py`: four bytes of each
  usage record and request id that was counted, sorted, each as its distance to the one before,
  in four planes of bytes, least first, zlib.
- `published`: the number the file was written at, the store, the epochs that were counted, and the
  SHA-256 of the file with itself as zeros.

Must not enter: SQLite, and when files are written.
"""

import base64
import binascii
import hashlib
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate

import msgspec

from proxypal.records.labels import day_label, hour_of_label

FORMAT = 1
NAMES = ("providers", "models", "keys", "accounts", "sources")

Names = dict[str, dict[int, str]]
"""For each of `NAMES` its names by number."""

_PLACEHOLDER = b"0" * 64
_TAIL = b'"}}'

Sketches = tuple[str, str, bytes, bytes]
"""Provider, model, and the encoded sketches of durations and times to first token."""

Keys = tuple[str, str, bytes]
"""Kind, origin, and four bytes a key."""


class DayContents(msgspec.Struct, kw_only=True, frozen=True):
    """What a month's file holds of a day. `cells` as in `sealed_cells`, `totals` as its rows."""

    cells: bytes = b""
    totals: Sequence[Sequence[int | str]] = ()
    sketches: Sequence[Sketches] = ()
    keys: Sequence[Keys] = ()


class Written(msgspec.Struct, kw_only=True, frozen=True, rename="camel"):
    """The `published` key. `checksum` is the last key of the file."""

    sequence: int
    store_id: str
    live_epochs: list[int]
    checksum: str = _PLACEHOLDER.decode()


class MonthContents(msgspec.Struct, kw_only=True, frozen=True):
    """Everything a month's file says; days since 1970-01-01."""

    month: str
    requests: int
    names: Names
    days: dict[int, DayContents]
    published: Written


class _Day(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    cells: str = ""
    totals: str = ""
    sketches: str = ""
    keys: list[tuple[str, str, str]] = []


class _File(msgspec.Struct, kw_only=True, frozen=True):
    format: int
    month: str
    requests: int
    names: Names
    days: dict[str, _Day]
    published: Written


def render_month(contents: MonthContents) -> bytes:
    """The bytes of a month's file."""
    document = msgspec.json.encode(
        _File(
            format=FORMAT,
            month=contents.month,
            requests=contents.requests,
            names=contents.names,
            days={
                day_label(day * 24): _Day(
                    cells=_text(found.cells),
                    totals=_pack(found.totals),
                    sketches=_pack(found.sketches),
                    keys=[(kind, origin, pack_keys(keys)) for kind, origin, keys in found.keys],
                )
                for day, found in sorted(contents.days.items())
            },
            published=contents.published,
        )
    )
    at = len(document) - len(_TAIL) - len(_PLACEHOLDER)
    digest = hashlib.sha256(document).hexdigest().encode()
    return b"".join((document[:at], digest, _TAIL))


def read_month(data: bytes) -> MonthContents | None:
    """What a file of ours says that nobody changed since; None for any other."""
    if not is_ours(data):
        return None
    try:
        file = msgspec.json.decode(data, type=_File)
        if file.format != FORMAT:
            return None
        return MonthContents(
            month=file.month,
            requests=file.requests,
            names=file.names,
            days={hour_of_label(label) // 24: _contents(day) for label, day in file.days.items()},
            published=file.published,
        )
    except (msgspec.MsgspecError, ValueError, zlib.error, LookupError):
        return None  # written by a version with other rules


def is_ours(data: bytes) -> bool:
    """Whether the checksum at the end is that of what stands before it."""
    at = len(data) - len(_TAIL) - len(_PLACEHOLDER)
    if at < 0 or not data.endswith(_TAIL):
        return False
    digest = hashlib.sha256()
    for part in (memoryview(data)[:at], _PLACEHOLDER, _TAIL):
        digest.update(part)
    return digest.hexdigest().encode() == data[at : -len(_TAIL)]


def _contents(day: _Day) -> DayContents:
    return DayContents(
        cells=_bytes(day.cells),
        totals=msgspec.convert(_unpack(day.totals), list[list[int | str]]),
        sketches=msgspec.convert(_unpack(day.sketches), list[Sketches]),
        keys=[(kind, origin, unpack_keys(text)) for kind, origin, text in day.keys],
    )


def pack_keys(body: bytes) -> str:
    """Keys in no order, as `day_keys` keeps them, to text: 2.3 bytes each instead of 4."""
    keys = sorted(_words(body))
    distances = array("I", (key - before for key, before in zip(keys, [0, *keys], strict=False)))
    raw = _little(distances).tobytes()
    return _text(zlib.compress(b"".join(raw[plane::4] for plane in range(4)))) if raw else ""


def unpack_keys(text: str) -> bytes:
    """The reverse of `pack_keys`; the keys come back in ascending order."""
    planes = zlib.decompress(_bytes(text)) if text else b""
    count = len(planes) // 4
    raw = bytearray(len(planes))
    for plane in range(4):
        raw[plane::4] = planes[plane * count : (plane + 1) * count]
    return _little(array("I", accumulate(_words(bytes(raw))))).tobytes()


def _words(body: bytes) -> "array[int]":
    words = array("I")
    words.frombytes(body)
    return _little(words)


def _little(words: "array[int]") -> "array[int]":
    """Least byte first, whatever the machine."""
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _pack(rows: Iterable[object]) -> str:
    return _text(zlib.compress(msgspec.msgpack.encode(rows))) if rows else ""


def _unpack(text: str) -> object:
    return msgspec.msgpack.decode(zlib.decompress(_bytes(text))) if text else []


def _text(body: bytes) -> str:
    return base64.b64encode(body).decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
