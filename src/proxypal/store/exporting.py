"""The seed's two exports as files: where they go, and that a failed one leaves nothing behind."""

from pathlib import Path
from typing import Literal

import msgspec

from proxypal.clock import local_stamp, now_ms
from proxypal.records.aggregate import Aggregate, RequestHistory
from proxypal.records.exports import export_file_name, history_csv
from proxypal.store import durable_files


def export_csv(
    history: RequestHistory, output: Path | None, columns: Literal["seed", "all"]
) -> Path:
    """Write the requests as CSV; see `Store.export_history_as_csv`."""
    text = history_csv(history.requests, columns)
    return _write(output or _place("requests"), text.encode("utf-8", "replace"))


def aggregate_json(aggregate: Aggregate) -> bytes:
    """The all-time analytics as the seed's JSON: 2 spaces, money as numbers."""
    compact = msgspec.json.Encoder(decimal_format="number").encode(aggregate)
    return msgspec.json.format(compact, indent=2) + b"\n"


def export_json(aggregate: Aggregate, output: Path | None) -> Path:
    """Write the all-time analytics as JSON; see `Store.export_aggregate_as_json`."""
    return _write(output or _place("aggregate"), aggregate_json(aggregate))


def _place(kind: Literal["requests", "aggregate"]) -> Path:
    from platformdirs import user_downloads_path  # noqa: PLC0415 - only exports need it

    downloads = user_downloads_path()
    folder = downloads if downloads.is_dir() else Path.cwd()
    return _free(folder / export_file_name(kind, local_stamp(now_ms())))


def _free(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_stem(f"{path.stem} ({number})")
    return candidate


def _write(path: Path, data: bytes) -> Path:
    durable_files.write_file(path, data)
    return path
