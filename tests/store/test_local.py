"""`Store` as a user meets it: opening, settings, closing, in the words of the design."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest

from builders import DAY_MS, NOW_MS, SetClock, a_request, a_store, json_file
from proxypal import RequestLog, Store
from proxypal.errors import CannotWrite, StoreClosed, WrongUsage
from proxypal.records.aggregate import TimeSeriesPoint


def test_a_fresh_directory_becomes_a_store(tmp_path: Path) -> None:
    """Opening makes the directory and both files, and needs no other preparation."""
    with Store(tmp_path / "a" / "b") as store:
        assert store.warnings == []
        assert store.get_usage_stats().total_requests == 0
    names = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert {"history.json", "aggregate.json", "proxypal.db"} <= names
    assert not {name for name in names if name.endswith((".tmp", "-wal", "-shm"))}


def test_the_directory_is_the_users_own_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a path it is where every other surface looks too."""
    monkeypatch.setenv("PROXYPAL_HOME", str(tmp_path / "home"))
    with Store() as store:
        assert store.path == tmp_path / "home"
    assert (tmp_path / "home" / "history.json").exists()


def test_a_path_can_be_text(tmp_path: Path) -> None:
    """`Store("some/where")` is as good as a Path."""
    with Store(str(tmp_path / "x")) as store:
        store.record([RequestLog(status=200)])
    assert (tmp_path / "x" / "aggregate.json").exists()


def test_settings_stay_with_the_data(tmp_path: Path) -> None:
    """A zone and a limit once set hold for whoever opens the store later without saying so."""
    with Store(tmp_path, zone="Asia/Kolkata", history_limit=7):
        pass
    with Store(tmp_path) as store:
        assert (store.settings().zone, store.settings().history_limit) == ("Asia/Kolkata", 7)
        store.configure(history_limit=9)
    (tmp_path / "proxypal.db").unlink()
    with Store(tmp_path) as store:
        assert (store.settings().zone, store.settings().history_limit) == ("Asia/Kolkata", 9)


def test_a_new_zone_changes_no_label_already_given(tmp_path: Path) -> None:
    """Days were fixed when requests were recorded; only later ones follow the new zone."""
    with a_store(tmp_path, zone="UTC") as store:
        store.record([a_request(timestamp=NOW_MS + 60_000)])
        store.configure(zone="Pacific/Kiritimati")
        store.record([a_request(timestamp=NOW_MS + 60_000)])
        assert store.get_usage_stats().requests_by_day == [
            TimeSeriesPoint("2026-01-09", 1),
            TimeSeriesPoint("2026-01-10", 1),
        ]


def test_every_process_follows_a_new_zone(tmp_path: Path) -> None:
    """A setting changed by one store holds for the next request of another one."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        other.record([a_request()])
        one.configure(zone="Pacific/Kiritimati")
        other.record([a_request()])
        days = [point.label for point in other.get_usage_stats().requests_by_day]
        assert days == ["2026-01-09", "2026-01-10"]
        assert other.usage_by("day", NOW_MS, None)[-1].label == "2026-01-10"


@pytest.mark.parametrize(
    "zone", ["Middle/Earth", "", "../../etc/passwd", "UTC\0", "/etc/localtime"]
)
def test_an_unknown_zone_is_refused(tmp_path: Path, zone: str) -> None:
    """A misspelt zone is an error with an example, whether the store exists or not."""
    for _ in range(2):
        with pytest.raises(WrongUsage, match="Europe/Paris"):
            Store(tmp_path, zone=zone)
        Store(tmp_path).close()
    with a_store(tmp_path) as store:
        with pytest.raises(WrongUsage, match="Europe/Paris"):
            store.configure(zone=zone)
        assert store.settings().zone == "UTC"


def test_a_limit_can_be_nothing_but_not_less(tmp_path: Path) -> None:
    """0 keeps no history at all; a negative limit is refused."""
    with a_store(tmp_path, history_limit=0) as store:
        store.record([a_request()] * 3)
        assert store.get_request_history().requests == []
        assert store.get_usage_stats().total_requests == 3
        with pytest.raises(WrongUsage, match="cannot be"):
            store.configure(history_limit=-1)
    with pytest.raises(WrongUsage, match="cannot be"):
        a_store(tmp_path / "other", history_limit=-1)


def test_a_larger_limit_shows_no_row_that_had_gone(tmp_path: Path) -> None:
    """What newer requests pushed out stays out."""
    with a_store(tmp_path, history_limit=3) as store:
        store.record([a_request(id=f"{n}") for n in range(3)])
        store.record([a_request(id=f"{n}") for n in range(3, 6)])
        store.configure(history_limit=10)
        assert [r.id for r in store.get_request_history().requests] == ["3", "4", "5"]


def test_reading_only_writes_nothing(tmp_path: Path) -> None:
    """A store opened for reading answers everything, records nothing, and says so."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    (tmp_path / "history.json").unlink()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with a_store(tmp_path, read_only=True) as store:
        assert store.get_usage_stats().total_requests == 1
        assert len(store.get_request_history().requests) == 1
        for act in (
            lambda: store.record([a_request()]),
            lambda: store.revise("a", {}),
            store.clear_request_history,
            store.reset_aggregate_stats,
            store.publish,
        ):
            with pytest.raises(CannotWrite):
                act()
        assert store.held == 0
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert before.items() <= after.items()
    assert {p.name for p in after.keys() - before} <= {"proxypal.db-wal", "proxypal.db-shm"}


def test_reading_where_nothing_is_says_so(tmp_path: Path) -> None:
    """A directory without a store is not made into one just by looking."""
    with pytest.raises(CannotWrite, match="holds no store"):
        Store(tmp_path / "nothing", read_only=True)
    assert not (tmp_path / "nothing").exists()


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    """`close()` can be called again, and afterwards every use says that it is closed."""
    store = a_store(tmp_path)
    store.close()
    store.close()
    with pytest.raises(StoreClosed, match="Open it again"):
        store.record([a_request()])


def test_closing_publishes(tmp_path: Path) -> None:
    """After `with Store(...)` the files say everything, however short it was open."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 1
    assert len(json_file(tmp_path / "history.json")["requests"]) == 1


def test_warnings_are_told_as_they_arise(tmp_path: Path) -> None:
    """Whoever asked is told each warning once; the list keeps them."""
    a_store(tmp_path).close()
    with a_store(tmp_path) as store:
        store.record([a_request()])
    (tmp_path / "history.json").unlink()
    told: list[str] = []
    with a_store(tmp_path, on_warning=told.append) as store:
        assert told == store.warnings
        assert len(told) == 1
        assert "history.json was missing" in told[0]


def test_an_error_inside_the_block_still_closes(tmp_path: Path) -> None:
    """Requests recorded before an exception are in the files."""

    def fail() -> None:
        with a_store(tmp_path) as store:
            store.record([a_request()])
            raise RuntimeError("elsewhere")

    with pytest.raises(RuntimeError, match="elsewhere"):
        fail()
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 1


def test_today_moves_on_with_the_clock(tmp_path: Path) -> None:
    """D33: after midnight the requests of today are none."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        store.record([a_request()])
        assert store.get_usage_stats().requests_today == 1
        clock.now_ms += DAY_MS
        stats = store.get_usage_stats()
        assert (stats.requests_today, stats.total_requests) == (0, 1)


def test_a_store_that_is_dropped_leaves_nothing_behind(tmp_path: Path) -> None:
    """Hundreds of stores opened and closed in one process do not pile up."""
    for _ in range(50):
        a_store(tmp_path).close()
    gc.collect()
    assert sum(isinstance(found, Store) for found in gc.get_objects()) <= 1


def test_the_public_words_suffice(tmp_path: Path) -> None:
    """The program of the README, with nothing but the public names, in a process of its own."""
    code = (
        "from proxypal import Store, RequestLog\n"
        "with Store(r'%s') as store:\n"
        "    store.record([RequestLog(model='gpt-5', path='/v1/responses', status=200)])\n"
        "    print(store.get_usage_stats().total_requests)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code % (tmp_path / "x")], capture_output=True, check=True
    )
    assert run.stdout.strip() == b"1"
