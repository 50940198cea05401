"""A table of cells as columns of integers: small on disk, and summed up a column at a time.

A column is stored as planes, first the least byte of each value, then the next: what varies
little becomes little, and a table of a busy day is 12 bytes a cell. Left out are columns without
any value but 0, and costs as far as they are so much a token (`cost_rates.py`). Must not enter:
SQLite, which tables there are.
"""

import sys
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import compress, repeat
from typing import Any

import msgspec

from proxypal.records.counters import COUNT_FIELDS, EXACT, Counters
from proxypal.store.cost_rates import Rate, costs_by, find_rates
from proxypal.store.series import MASKS, SHIFTS

NAMES = ("provider", "model", "key", "account", "source")
"""The parts of a series' number, as questions call them (`records.usage_axes.NAMES`)."""

KEYS = ("hour", *NAMES)
COST = "cost_usd"
_COLUMNS = (*KEYS, *COUNT_FIELDS, COST)
"""A column is known by its place here: part of the format, like the order of `COUNT_FIELDS`."""

FORMAT = 1
_WORD = 8
_LEAST = -(2**63)
_LONG = 255
"""The width of a column that does not fit 64 bits: its values are written out in decimal."""

_SCALE_AT_MOST = 1000
"""Far more decimal places than money can have."""

_FEW = 256
"""Rows up to which all columns are compressed together."""

Column = Sequence[int]


class Table(msgspec.Struct, frozen=True):
    """Rows by column. `keys` are of `KEYS`, `sums` of the counters; all are of one length.

    Money is in units of 10 to the power of minus `scale` dollars.
    """

    size: int
    keys: dict[str, Column]
    sums: dict[str, Column]
    scale: int = 0

    def column(self, key: str) -> Column:
        """One of the keys, also where it is all zeros."""
        return self.keys.get(key) or [0] * self.size

    def chosen(self, wanted: Sequence[bool]) -> "Table":
        """Only the rows that are wanted."""
        size = sum(wanted)
        if size == self.size:
            return self
        return Table(
            size,
            {name: list(compress(column, wanted)) for name, column in self.keys.items()},
            {name: list(compress(column, wanted)) for name, column in self.sums.items()},
            self.scale,
        )

    def rows(self) -> Iterable[tuple[int, Counters]]:
        """The counters of each row, with its number."""
        return enumerate(counters_of(self.size, self.sums, self.scale))

    def series(self) -> list[int]:
        """The series number of each row."""
        found = [0] * self.size
        for name, shift in zip(NAMES, SHIFTS, strict=True):
            if name in self.keys:
                column = self.keys[name]
                found = [one | part << shift for one, part in zip(found, column, strict=True)]
        return found


def table_of(rows: Sequence[Sequence[Any]]) -> Table:
    """Rows of hour, series, counts and money as text, as a table in the same order."""
    if not rows:
        return Table(0, {}, {})
    hours, numbers, *counts, costs = zip(*rows, strict=True)
    keys: dict[str, Column] = {"hour": hours}
    for name, shift, mask in zip(NAMES, SHIFTS, MASKS, strict=True):
        keys[name] = [number >> shift & mask for number in numbers]
    sums: dict[str, Column] = dict(zip(COUNT_FIELDS, counts, strict=True))
    sums[COST], scale = scaled(costs)
    return Table(len(rows), _filled(keys), _filled(sums), scale)


def scaled(amounts: Sequence[str]) -> tuple[list[int], int]:
    """Money as integers in a common unit, and how many decimal places that has."""
    parts = [amount.partition(".") for amount in amounts]
    scale = max((len(part[2]) for part in parts), default=0)
    try:
        return [int(whole + places.ljust(scale, "0")) for whole, _, places in parts], scale
    except ValueError:  # an amount is written with an exponent
        exact = [Decimal(amount) for amount in amounts]
        scale = max(0, *(-int(amount.as_tuple().exponent) for amount in exact))
        return [int(amount.scaleb(scale, EXACT)) for amount in exact], scale


def counters_of(size: int, sums: Mapping[str, Column], scale: int) -> list[Counters]:
    """Rows of columns as counters."""
    counts = {name: column for name, column in sums.items() if name != COST}
    if counts:
        names = tuple(counts)
        found = [
            Counters(**dict(zip(names, row, strict=True)))
            for row in zip(*counts.values(), strict=True)
        ]
    else:
        found = [Counters() for _ in range(size)]
    for counters, units in zip(found, sums.get(COST, ()), strict=False):
        if units:
            counters.cost_usd = Decimal(units).scaleb(-scale, EXACT)
    return found


def _filled(columns: Mapping[str, Column]) -> dict[str, Column]:
    return {name: column for name, column in columns.items() if any(column)}


class Summing:
    """Adds tables up by any key, a column at a time."""

    def __init__(self) -> None:
        self.places: dict[tuple[int, ...], int] = {}
        self._sums: dict[str, list[int]] = {}
        self._scale = 0

    def add(self, keys: Iterable[tuple[int, ...]], table: Table) -> None:
        """Add each row of a table to what is gathered under its key."""
        places = self.places
        at = [places.setdefault(key, len(places)) for key in keys]
        for name, column in table.sums.items():
            if name == COST:
                column = self._aligned(column, table.scale)  # noqa: PLW2901 - the same amounts
            sums = self._sums.setdefault(name, [])
            sums.extend([0] * (len(places) - len(sums)))
            for place, value in zip(at, column, strict=True):
                sums[place] += value

    def _aligned(self, column: Column, scale: int) -> Column:
        if scale < self._scale:
            unit = 10 ** (self._scale - scale)
            return [value * unit for value in column]
        if scale > self._scale:
            unit = 10 ** (scale - self._scale)
            self._sums[COST] = [value * unit for value in self._sums.get(COST, ())]
            self._scale = scale
        return column

    def counters(self) -> list[Counters]:
        """What is gathered under each key, in the order of `places`."""
        return counters_of(len(self.places), self._whole(), self._scale)

    def _whole(self) -> dict[str, Column]:
        size = len(self.places)
        return {
            name: sums if len(sums) == size else [*sums, *[0] * (size - len(sums))]
            for name, sums in self._sums.items()
        }

    def table(self, names: Sequence[str]) -> Table:
        """What is gathered as a table, in order; the keys are tuples of these of `KEYS`."""
        sums = self._whole()
        order = sorted(
            (key, place)
            for key, place in self.places.items()
            if any(column[place] for column in sums.values())
        )
        keys = zip(*(key for key, _ in order), strict=True) if order else ()
        places = [place for _, place in order]
        return Table(
            len(order),
            _filled(dict(zip(names, map(list, keys), strict=False))),
            _filled({name: [column[at] for at in places] for name, column in sums.items()}),
            self._scale,
        )


def summed(tables: Iterable[Table], names: Sequence[str]) -> Table:
    """All tables as one, over these of their keys."""
    gathered = Summing()
    for table in tables:
        if table.size:
            columns = [table.column(name) for name in names]
            keys = zip(*columns, strict=True) if columns else repeat((), table.size)
            gathered.add(keys, table)
    return gathered.table(names)


def encode_table(table: Table) -> bytes:
    """As bytes: zlib of the length of a head, the head in MessagePack, and the planes."""
    columns: list[tuple[int, int, int]] = []
    planes: list[bytes] = []
    sums, rates = _without_known_costs(table)
    for name, column in (*table.keys.items(), *sums.items()):
        least = min(0, *column)
        # One plane at least: then no table has more rows than bytes.
        width = max(1, (max(column) - least).bit_length() + 7 >> 3)
        if width > _WORD or least < _LEAST:
            planes.append(",".join(map(str, column)).encode())
            columns.append((_COLUMNS.index(name), len(planes[-1]), _LONG))
            continue
        words = array("Q", column if not least else [value - least for value in column])
        raw = _little(words).tobytes()
        columns.append((_COLUMNS.index(name), least, width))
        planes.extend(raw[plane::_WORD] for plane in range(width))
    head = msgspec.msgpack.encode((FORMAT, table.size, table.scale, columns, rates))
    packer = zlib.compressobj(6)
    parts = [packer.compress(len(head).to_bytes(4, "little") + head)]
    for plane in planes:
        if table.size > _FEW:  # what is next varies otherwise: it gets a code of its own
            parts.append(packer.flush(zlib.Z_SYNC_FLUSH))
        parts.append(packer.compress(plane))
    return b"".join((*parts, packer.flush()))


def _without_known_costs(table: Table) -> tuple[dict[str, Column], list[Rate]]:
    """The sums, with costs only as far as rates do not tell them, and those rates."""
    costs = table.sums.get(COST)
    rates = find_rates(table.keys, table.sums, costs) if costs and "model" in table.keys else []
    if not costs or not rates:
        return table.sums, []
    known = costs_by(rates, table.keys, table.sums, table.size)
    left = [cost - part for cost, part in zip(costs, known, strict=True)]
    return _filled({**table.sums, COST: left}), rates


class _Head(msgspec.Struct, array_like=True):
    format: int
    size: int
    scale: int
    columns: list[tuple[int, int, int]]
    rates: list[Rate]


def decode_table(body: bytes) -> Table:
    """The reverse of `encode_table`.

    Raises:
        msgspec.DecodeError: the bytes are no table of this format.
    """
    try:
        data = zlib.decompress(body)
        start = 4 + int.from_bytes(data[:4], "little")
        head = msgspec.msgpack.decode(data[4:start], type=_Head)
        if head.format != FORMAT:
            raise msgspec.DecodeError("cells of a format that is not known")
        _refuse_nonsense(head, len(data))
        return _table(head, memoryview(data)[start:])
    except (zlib.error, ValueError, LookupError) as error:
        if isinstance(error, msgspec.DecodeError):
            raise
        raise msgspec.DecodeError(f"cells cannot be read: {error}") from error


def _refuse_nonsense(head: _Head, length: int) -> None:
    places = {place for place, _, _ in head.columns}
    if (
        not 0 <= head.size <= length
        or not 0 <= head.scale <= _SCALE_AT_MOST
        or len(places) < len(head.columns)
        or not places <= set(range(len(_COLUMNS)))
        or not all(0 <= width <= _WORD or width == _LONG for _, _, width in head.columns)
    ):
        raise msgspec.DecodeError("cells of a shape that cannot be")


def _table(head: _Head, data: memoryview) -> Table:
    keys: dict[str, Column] = {}
    sums: dict[str, Column] = {}
    at, size = 0, head.size
    for place, least, width in head.columns:
        name = _COLUMNS[place]
        into = keys if name in KEYS else sums
        if width == _LONG:
            into[name] = _written_out(bytes(data[at : at + least]), size)
            at += least
            continue
        raw = bytearray(_WORD * size)
        for plane in range(width):
            raw[plane::_WORD] = data[at : at + size]
            at += size
        words = array("Q")
        words.frombytes(raw)
        words = _little(words)
        into[name] = [value + least for value in words] if least else words
    if head.rates:
        known = costs_by(head.rates, keys, sums, size)
        left = sums.get(COST)
        sums[COST] = [a + b for a, b in zip(known, left, strict=True)] if left else known
    return Table(size, keys, sums, head.scale)


def _written_out(text: bytes, size: int) -> list[int]:
    found = [int(part) for part in text.split(b",")]
    if len(found) != size:
        raise ValueError(f"{len(found)} values for {size} rows")
    return found


def _little(words: "array[int]") -> "array[int]":
    """Least byte first, whatever the machine."""
    if sys.byteorder == "big":
        words.byteswap()
    return words
