"""One month from the database to its place, whatever happens in between.

What can be seen from outside stands in `test_breakdown_publishing.py`.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from builders import DAY_MS, NOW_MS, a_request, a_store
from month_files import month_files, months_in, plain
from proxypal.store import Store
from proxypal.store.breakdown_files import path_of


def test_the_file_holds_what_the_database_holds(tmp_path: Path) -> None:
    """Sealed days, open hours and durations that are in no sketch yet: all are in the file."""
    with a_store(tmp_path) as store:
        for ago in (8, 5, 1, 0, 5):
            store.record(
                [a_request(timestamp=NOW_MS - ago * DAY_MS, model=f"m{n % 7}") for n in range(50)]
            )
        store._engine.breakdown.now()
        assert plain(month_files(tmp_path)["2026-01"]) == months_in(store, "2026-01")["2026-01"]


def test_what_is_due(tmp_path: Path) -> None:
    """A month is due when it changed after its file was written, the newest first."""
    with a_store(tmp_path) as store:
        writer = store._engine.breakdown._writer
        assert store._engine.read(writer.due) == []
        store.record([a_request(), a_request(timestamp=NOW_MS - 20 * DAY_MS)])
        assert store._engine.read(writer.due) == ["2026-01", "2025-12"]
        store._engine.breakdown.now()
        assert store._engine.read(writer.due) == []
        store.record([a_request(timestamp=NOW_MS - 20 * DAY_MS)])
        assert store._engine.read(writer.due) == ["2025-12"]


def test_what_was_staged_and_not_wanted_is_deleted(tmp_path: Path) -> None:
    """A file that never came to its place leaves nothing behind."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        writer = store._engine.breakdown._writer
        staged = [writer.stage("2026-01"), writer.stage("1999-01")]
        assert staged[1].path is None, "nothing is kept of that month"
        assert len(list((tmp_path / "breakdown").iterdir())) == 1
        writer.discard(staged)
        assert list((tmp_path / "breakdown").iterdir()) == []


def test_a_crash_while_a_month_is_taken_away_is_nobodys_loss(tmp_path: Path) -> None:
    """A file that is gone because nothing is kept of its month is not called missing."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.publish()
    stopped(tmp_path, lambda store: store.reset_aggregate_stats())
    path_of(tmp_path, "2026-01").unlink()
    with a_store(tmp_path) as store:
        assert store.warnings == []
        assert [finding for finding in store.check() if not finding.ok] == []


def stopped(directory: Path, act: Callable[[Store], object]) -> None:
    """A store that does something and is killed before it writes a month."""
    image = directory.with_name(f"{directory.name}-image")
    with a_store(directory) as store:
        store._engine.breakdown.now = lambda **_: None  # type: ignore[method-assign]  # killed here
        act(store)
        shutil.copytree(directory, image)
    shutil.rmtree(directory)
    image.rename(directory)


def test_a_month_from_before_a_reset_is_only_behind(tmp_path: Path) -> None:
    """Cut off right after a reset, a store finds nothing wrong and takes the old months away."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    stopped(tmp_path, lambda store: store.reset_aggregate_stats())
    assert path_of(tmp_path, "2026-01").exists()
    for _ in range(2):
        with a_store(tmp_path) as store:
            assert store.warnings == []
            assert [finding for finding in store.check() if not finding.ok] == []
    assert not path_of(tmp_path, "2026-01").exists()
