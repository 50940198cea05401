"""`doctor`: recount, compare and explain, file by file."""

import shutil
import stat
import sys
from collections.abc import Iterator

import msgspec

from proxypal.errors import DamagedDatabase
from proxypal.records.counters import COUNTER_FIELDS, Counters
from proxypal.records.request import decode_request
from proxypal.store.breakdown_files import (
    DIRECTORY,
    belongs,
    examine_month,
    is_of_other_epochs,
    known_files,
    path_of,
)
from proxypal.store.engine import Engine
from proxypal.store.examining import AGGREGATE, HISTORY, examine_file
from proxypal.store.months import changes_of
from proxypal.store.reading import read_gaps, read_positions, read_rows
from proxypal.store.recounting import recount
from proxypal.store.state import Change
from proxypal.store.totals import Sums, read_sums
from proxypal.store.values import Finding

_LITTLE_SPACE = 50 * 1024 * 1024


def check_store(engine: Engine, *, repair: bool) -> list[Finding]:
    """Every finding, the good ones too. With `repair`, what can be mended is mended first."""
    if repair and not engine.read_only:
        engine.read(_quick_check)  # a damaged database is rebuilt by the reading itself
        engine.publish()
        engine.breakdown.now()
    findings: list[Finding] = []
    with engine.lock:
        try:
            engine.read(_quick_check)
            findings.append(Finding(check="database", ok=True, detail="no damage found"))
        except DamagedDatabase as error:
            findings.append(Finding(check="database", ok=False, detail=str(error)))
            return findings
        findings += engine.read(lambda change: [*_numbers(change), *_sources(change)])
        findings += engine.read(lambda change: list(_files(engine, change)))
    findings += _surroundings(engine)
    return findings


def _quick_check(change: Change) -> None:
    rows = change.connection.execute("PRAGMA quick_check(3)").fetchall()
    if rows != [("ok",)]:
        raise DamagedDatabase(change.directory, "; ".join(row[0] for row in rows))


def _numbers(change: Change) -> Iterator[Finding]:
    sums = read_sums(change.connection)
    total = sums.get(("total", ""), Counters())
    for scope, name in (
        ("day", "days and undated"),
        ("model", "models"),
        ("provider", "providers"),
    ):
        added = Counters()
        for (found, _), counters in sums.items():
            if found == scope or (scope == "day" and found == "undated"):
                added.add(counters)
        off = [field for field in COUNTER_FIELDS if getattr(added, field) != getattr(total, field)]
        yield Finding(
            check=f"sum of {name}",
            ok=not off,
            detail=f"{added.requests} requests, as the total"
            if not off
            else f"differs from the total in {', '.join(off)}",
        )
    yield _nothing_negative(sums)
    yield from recount(change, sums)
    yield _history(change)


def _nothing_negative(sums: Sums) -> Finding:
    negative = [
        f"{scope} {label}".strip()
        for (scope, label), counters in sums.items()
        if counters.success < 0 or any(getattr(counters, field) < 0 for field in COUNTER_FIELDS)
    ]
    return Finding(
        check="success + failure = total",
        ok=not negative,
        detail="holds for every sum" if not negative else f"broken for {', '.join(negative[:5])}",
    )


def _history(change: Change) -> Finding:
    limit = change.state.settings.history_limit
    rows = read_rows(change.connection, limit)
    unreadable = 0
    for _, body in rows:
        try:
            decode_request(body)
        except msgspec.MsgspecError:
            unreadable += 1
    return Finding(
        check="recent requests",
        ok=len(rows) <= limit and not unreadable,
        detail=f"{len(rows)} of at most {limit}"
        + (f", {unreadable} unreadable" if unreadable else ""),
    )


def _sources(change: Change) -> Iterator[Finding]:
    positions = read_positions(change.connection, change.state.generation).rows
    for source in sorted({position.source for position in positions}):
        count = sum(position.source == source for position in positions)
        yield Finding(check=f"source {source}", ok=True, detail=f"files read so far: {count}")
    gaps = read_gaps(change.connection)
    for gap in gaps[-5:]:
        yield Finding(check=f"gap in {gap.source}", ok=True, detail=gap.reason)


def _files(engine: Engine, change: Change) -> Iterator[Finding]:
    for name in (HISTORY, AGGREGATE):
        found = examine_file(engine.directory / name)
        if found.published is None or found.published.store_id != change.state.store_id:
            detail = "is missing" if found.kind == "absent" else "was changed by another program"
            yield Finding(check=name, ok=False, detail=f"{detail}; the next publication mends it")
            continue
        behind = change.state.sequence - found.published.sequence
        detail = "up to date" if not behind else f"{behind} changes behind, follows within 1 s"
        yield Finding(check=name, ok=True, detail=detail)
    yield _months(change)


def _months(change: Change) -> Finding:
    files, due = known_files(change.connection), changes_of(change.state)
    off = []
    for month, known in sorted(files.items()):
        contents, _ = examine_month(path_of(change.directory, month))
        if contents is None or not belongs(contents, change.state, known):
            if contents is not None and month in due and is_of_other_epochs(contents, change.state):
                continue  # from before a reset, about to be replaced
            off.append(f"{month}.json")
    behind = len(due)
    detail = f"{len(files)} months" + (f", {behind} to be written within 1 min" if behind else "")
    if off:
        detail = f"missing or changed: {', '.join(off)}; the next publication mends it"
    return Finding(check=f"{DIRECTORY}/", ok=not off, detail=detail)


def _surroundings(engine: Engine) -> Iterator[Finding]:
    free = shutil.disk_usage(engine.directory).free
    yield Finding(check="disk space", ok=free >= _LITTLE_SPACE, detail=f"{free // 1024**2} MB free")
    if sys.platform != "win32":
        mode = stat.S_IMODE(engine.directory.stat().st_mode)
        yield Finding(
            check="privacy",
            ok=not mode & 0o077,
            detail="only you can read the data directory"
            if not mode & 0o077
            else f"others can read {engine.directory}; run: chmod 700 {engine.directory}",
        )
    aside = sorted(
        path.name
        for kind in ("corrupt", "foreign")
        for pattern in (f"*.{kind}-*", f"{DIRECTORY}/*.{kind}-*")
        for path in engine.directory.glob(pattern)
    )
    yield Finding(
        check="files set aside", ok=True, detail=", ".join(aside[-5:]) if aside else "none"
    )
