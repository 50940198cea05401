"""Which files an import was given, what each of them is, and which belong together."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from proxypal.data_directory import AGGREGATE_FILE, HISTORY_FILE
from proxypal.records.recognition import REFUSED, Kind, recognise
from proxypal.records.tolerant_json import Refused, read_json

_HEAD_BYTES = 256 << 10
_LOG_FILE = "main.log"

MAX_DOCUMENT_BYTES = 64 << 20
"""Files that are read whole: no history, aggregate or CSV of recent requests comes near it."""


class ImportUnit(NamedTuple):
    """One file, or an old history and its aggregate. `reason` says why it cannot be imported."""

    paths: tuple[Path, ...]
    kind: Kind
    reason: str = ""

    @property
    def name(self) -> str:
        """How it is called in a report."""
        return " + ".join(str(path) for path in self.paths)


def units_of(paths: Sequence[Path]) -> list[ImportUnit]:
    """What to import, in the order given; a folder stands for the files we know by name."""
    found = [_examined(path) for named in paths for path in _expanded(named)]
    return list(_paired(found))


def _expanded(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    known = [path / name for name in (HISTORY_FILE, AGGREGATE_FILE, _LOG_FILE)]
    return [file for file in known if file.is_file()] or [path]


def _examined(path: Path) -> ImportUnit:
    if path.is_dir():
        wanted = f"neither {HISTORY_FILE}, {AGGREGATE_FILE} nor {_LOG_FILE}"
        return ImportUnit((path,), "unknown", f"there is {wanted} in this folder")
    try:
        if path.exists() and not path.is_file():
            why = "it is a pipe or a device, not a file; write what it gives to a file first"
            return ImportUnit((path,), "unknown", why)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        return ImportUnit((path,), "unknown", error.strerror or str(error))
    kind = recognise(head, path.name) if head else "unknown"
    return ImportUnit((path,), kind, _why_not(kind, is_empty=not head))


def _why_not(kind: Kind, *, is_empty: bool) -> str:
    if is_empty:
        return "it is empty"
    if kind == "unknown":
        return (
            "it is none of what can be imported: history.json or aggregate.json of ProxyPal, an "
            "export of ProxyPal, a log or usage export of CLIProxyAPI, usage records or requests "
            "as JSON lines, the database of CPA Usage Keeper, an export of CPA-Manager-Plus, a "
            "daily report of ccusage as JSON, or our CSV"
        )
    return REFUSED.get(kind, "")


def _paired(units: Sequence[ImportUnit]) -> Iterator[ImportUnit]:
    """An old history and the aggregate beside it tell of the same requests: one unit."""
    aggregates = {unit.paths[0] for unit in units if unit.kind == "aggregate"}
    partners: dict[Path, Path] = {}
    for unit in units:
        path = unit.paths[0]
        partner = path.with_name(path.name.replace("history", "aggregate"))
        if unit.kind == "history" and partner in aggregates:
            partners[path] = partner
    for unit in units:
        path = unit.paths[0]
        if path in partners:
            yield ImportUnit((path, partners[path]), "history")
        elif path not in partners.values():
            yield unit


def fingerprint_of(contents: Sequence[bytes]) -> str:
    """The fingerprint of files taken together; of one file it is that of its contents."""
    return hashlib.sha256(b"\0".join(contents)).hexdigest()


def publisher_of(data: bytes) -> str | None:
    """The store that published this file, None if none of ours did."""
    try:
        tree = read_json(data)
    except Refused:
        return None
    published = tree.get("published") if isinstance(tree, dict) else None
    found = published.get("storeId") if isinstance(published, dict) else None
    return found if isinstance(found, str) else None
