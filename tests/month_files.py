"""A store's months as their files have them, and as its database has them."""

from pathlib import Path
from typing import Any

from proxypal.store import Store
from proxypal.store.breakdown_contents import DaysSeen, read_contents
from proxypal.store.breakdown_file import MonthContents, read_month
from proxypal.store.cells import unpack_cells
from proxypal.store.state import Change


def month_files(directory: Path) -> dict[str, MonthContents]:
    """What each file says; all must be ours."""
    found = {}
    for path in sorted((directory / "breakdown").glob("*.json")):
        contents = read_month(path.read_bytes())
        assert contents is not None, path
        found[contents.month] = contents
    return found


def placed(store: Store) -> dict[str, tuple[int, int, bool]]:
    """Of each month: requests, how many are in the breakdown, and whether it was dropped."""
    return {
        month.month: (month.requests, month.placed, month.dropped_at is not None)
        for month in store.breakdown_months()
    }


def months_in(store: Store, *months: str) -> dict[str, Any]:
    """What the database holds of months, in a form that does not depend on how it is packed."""

    def answer(change: Change) -> dict[str, Any]:
        seen = DaysSeen()
        return {
            month: plain(read_contents(change.connection, change.state, month, seen))
            for month in months
        }

    return store._engine.read(answer)


def plain(contents: MonthContents) -> dict[int, Any]:
    """Each day's cells, totals, sketches and keys."""
    return {
        day: (
            unpack_cells(found.cells),
            sorted(found.totals, key=repr),
            sorted(found.sketches, key=repr),
            sorted((kind, origin, sorted(_words(body))) for kind, origin, body in found.keys),
        )
        for day, found in contents.days.items()
    }


def _words(body: bytes) -> list[bytes]:
    return [body[at : at + 4] for at in range(0, len(body), 4)]
