"""Recent requests as CSV and back, and what exported files are called. Text in, text out.

The seed's header and column order, RFC 4180 quoting, a line feed between lines. Unlike the seed, a
number nobody reported is an empty cell and not 0, text that a spreadsheet would run as a formula
starts with an apostrophe, and no key or address leaves unmasked. Must not enter: files.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from proxypal.records.csv_text import csv_text, neutral, original
from proxypal.records.masking import clean_path, mask_account, mask_api_key
from proxypal.records.request import RequestLog
from proxypal.records.request_fields import FIELDS, read_count, request_of
from proxypal.records.tolerant_json import Refused, read_json

SEED_COLUMNS = ("timestamp", "provider", "model", "status", "durationMs", "tokensIn", "tokensOut")
ALL_COLUMNS = (*SEED_COLUMNS, *(name for name in FIELDS if name not in SEED_COLUMNS), "extras")

_WHOLE = re.compile(r"[0-9]{1,16}", re.ASCII)
_MASKS: dict[str, Callable[[str], str]] = {
    "path": clean_path,
    "apiKey": mask_api_key,
    "account": mask_account,
    "source": mask_account,
}
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class CsvRejection(msgspec.Struct, frozen=True):
    """A row that is no request. `line` counts from 1, the header included."""

    line: int
    reason: str


class CsvRequests(msgspec.Struct, frozen=True):
    """What a CSV file held. The requests still have to pass `incoming.admit`."""

    requests: list[RequestLog]
    rejected: list[CsvRejection]


def export_file_name(kind: Literal["requests", "aggregate"], stamp: str) -> str:
    """The seed's names: `proxypal-requests-STAMP.csv`, `proxypal-aggregate-STAMP.json`."""
    return f"proxypal-{kind}-{stamp}.{'csv' if kind == 'requests' else 'json'}"


def history_csv(requests: Sequence[RequestLog], columns: Literal["seed", "all"]) -> str:
    """One line per request, in the order given; `all` adds every other field after the seed's."""
    names = SEED_COLUMNS if columns == "seed" else ALL_COLUMNS
    return csv_text([names, *([_cell(request, name) for name in names] for request in requests)])


def _cell(request: RequestLog, name: str) -> str:
    if name == "extras":
        return "" if request.extras is None else _ENCODER.encode(request.extras).decode()
    value = getattr(request, FIELDS[name][0])
    if isinstance(value, str):
        return neutral(_MASKS.get(name, str)(value))
    if isinstance(value, bool):
        return "true" if value else ""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "" if value is None else str(value)


def parse_history_csv(text: str) -> CsvRequests:
    """The requests of a CSV written by `history_csv`, with either set of columns.

    Columns are known by their names, in any order; those we do not know go to `extras`. Never
    raises: a row that cannot be read is a rejection with its line number.
    """
    found = CsvRequests([], [])
    rows = _rows(text, found.rejected)
    _, header = next(rows, (1, []))
    if missing := [name for name in SEED_COLUMNS if name not in header]:
        reason = f"not an export of proxypal: the header lacks {', '.join(missing)}"
        return CsvRequests([], [CsvRejection(1, reason)])
    for line, row in rows:
        try:
            found.requests.append(_request(header, row))
        except Refused as error:
            found.rejected.append(CsvRejection(line, str(error)))
    return found


def _rows(text: str, rejected: list[CsvRejection]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            rejected.append(CsvRejection(line, f"not CSV: {error}"))
            continue
        if row is None:
            return
        if row:
            yield line, row


def _request(header: list[str], row: list[str]) -> RequestLog:
    if len(row) != len(header):
        raise Refused(f"{len(row)} cells under {len(header)} columns")
    tree: dict[str, Any] = {}
    for name, cell in zip(header, row, strict=True):
        if cell:
            tree[name] = _value(name, cell)
    return request_of(tree)


def _value(name: str, cell: str) -> Any:  # noqa: ANN401 - a JSON value is any of seven types
    reader = FIELDS[name][1] if name in FIELDS else None
    if name == "failed":
        return {"true": True, "false": False}.get(cell.lower(), cell)
    if name == "extras":
        return read_json(cell.encode("utf-8", "replace"))
    if name == "status" or reader is read_count:
        # A spreadsheet may have saved 1.76639E+12, which is no longer the moment it was.
        return int(cell) if _WHOLE.fullmatch(cell) else cell
    return original(cell)
