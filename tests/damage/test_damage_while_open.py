"""Files that are deleted, replaced or overwritten while stores have them open."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harming import JSON_FILES, Images, answers_of, kept_aside, rewrite
from law import audit_files, check_law, open_store, reopen, request, requests
from programs import CRASH, output_of
from proxypal.store import Store
from workers import Workers

Copied = Callable[[Path], Path]

pytest_plugins = ["damage_fixtures"]


def total_elsewhere(directory: Path) -> int:
    """What another process sees, and leaves closed behind it."""
    return int(output_of(CRASH / "glance.py", str(directory)))


def test_a_database_deleted_under_its_stores(tmp_path: Path) -> None:
    """A database deleted while two stores use it comes back whole, and both go on with it."""
    directory = tmp_path / "data"
    with open_store(directory) as one, open_store(directory) as other:
        one.record(requests(0, 5))
        other.record(requests(5, 5))
        (directory / "proxypal.db").unlink()
        for number in range(10, 20, 2):
            assert one.record([request(number)]).recorded == 1
            assert other.record([request(number + 1)]).recorded == 1
            assert total_elsewhere(directory) == number + 2
        assert one.get_usage_stats() == other.get_usage_stats()
        assert any("deleted while in use" in w for w in one.warnings)
    found = check_law(directory, acknowledged=20, offered=requests(0, 20))
    assert found.warnings == []


def test_an_idle_store_that_is_closed_harms_no_successor(tmp_path: Path) -> None:
    """A store that never noticed the loss takes nothing with it when it is closed."""
    directory = tmp_path / "data"
    idle = open_store(directory)
    with open_store(directory) as store:
        store.record(requests(0, 5))
        (directory / "proxypal.db").unlink()
        store.record(requests(5, 5))
        idle.close()
        store.record(requests(10, 5))
        assert total_elsewhere(directory) == 15
        store.record(requests(15, 5))
        assert total_elsewhere(directory) == 20
    check_law(directory, acknowledged=20, offered=requests(0, 20))


@pytest.mark.parametrize("by", ["an older copy", "garbage", "nothing", "its own copy"])
def test_a_database_replaced_under_its_stores(by: str, images: Images, copied: Copied) -> None:
    """Whatever takes the place of a database in use is set aside; nothing is lost."""
    directory = copied(images.closed)
    path, replacement = directory / "proxypal.db", directory / "replacement"
    if by == "an older copy":
        shutil.copy(images.older / "proxypal.db", replacement)
    elif by == "its own copy":
        shutil.copy(path, replacement)
    else:
        replacement.write_bytes(b"garbage" * 1000 if by == "garbage" else b"")
    intruder = replacement.read_bytes()
    with open_store(directory) as one, open_store(directory) as other:
        one.record([request(2000)])
        other.record([request(2001)])
        replacement.replace(path)
        assert one.record([request(2002)]).recorded == 1
        assert other.record([request(2003)]).recorded == 1
        assert total_elsewhere(directory) == 814
        assert one.get_usage_stats() == other.get_usage_stats()
        assert any("was replaced by another file while in use" in w for w in one.warnings)
    assert intruder in kept_aside(directory, "proxypal.db")
    assert reopen(directory).books["totalRequests"] == 814


def test_a_directory_removed_under_its_stores(images: Images, copied: Copied) -> None:
    """A data directory deleted while stores use it is made again with everything in it."""
    directory = copied(images.closed)
    with open_store(directory) as one, open_store(directory) as other:
        before = answers_of(one)
        shutil.rmtree(directory)
        assert answers_of(other) == before
        assert answers_of(one) == before
        assert one.record([request(2000)]).recorded == 1
        assert total_elsewhere(directory) == 811
    assert reopen(directory).books["totalRequests"] == 811


def test_a_directory_moved_away_and_back(images: Images, copied: Copied) -> None:
    """A data directory that is moved away for a while is no reason to lose or double anything."""
    directory = copied(images.closed)
    away, made = directory.with_name("away"), directory.with_name("made meanwhile")
    with open_store(directory) as store:
        store.record([request(2000)])
        directory.rename(away)
        store.record([request(2001)])
        directory.rename(made)
        away.rename(directory)
        store.record([request(2002)])
        assert store.get_usage_stats().total_requests == 813
    assert reopen(directory).books["totalRequests"] == 813


@pytest.mark.parametrize("name", JSON_FILES)
@pytest.mark.parametrize("how", ["rewritten", "put back", "cut", "deleted"])
def test_a_json_file_harmed_under_its_stores(
    name: str, how: str, images: Images, copied: Copied
) -> None:
    """A JSON file that another program touches meanwhile is kept aside, said and written again."""
    directory = copied(images.closed)
    path = directory / name
    with open_store(directory) as one, open_store(directory) as other:
        one.record([request(2000)])
        one.publish()
        if how == "deleted":
            path.unlink()
        elif how == "put back":
            shutil.copy(images.older / name, path)
        elif how == "cut":
            path.write_bytes(path.read_bytes()[:1000])
        else:
            rewrite(path)
        harmed = path.read_bytes() if path.exists() else b""
        one.record([request(2001)])
        one.publish()
        audit_files(directory)
        assert len([w for w in one.warnings if w.startswith(f"{name} was ")]) == 1, one.warnings
        other.record([request(2002)])
        other.publish()
        assert other.warnings == []
    if harmed:
        assert kept_aside(directory, name) == [harmed]
    assert reopen(directory).books["totalRequests"] == 813


def test_a_damage_met_while_in_use(images: Images, copied: Copied) -> None:
    """A damage that shows while a store is in use costs no acknowledged request of a second ago.

    The publication notices it within a second and rebuilds at once, so that nothing that is
    recorded afterwards is lost either.
    """
    directory = copied(images.closed)
    with open_store(directory) as store:
        store.record([request(2000)])
        store.publish()
    with open_store(directory) as store:
        _zero_history_pages(directory / "proxypal.db")
        _drop_cached_pages(store)
        store.publish()
        assert any("proxypal.db is damaged" in w for w in store.warnings), store.warnings
        store.record([request(2001)])
        assert store.get_usage_stats().total_requests == 812
        assert len(store.get_request_history().requests) == 500
    assert reopen(directory).books["totalRequests"] == 812


def _drop_cached_pages(store: Store) -> None:
    """As other uses of the machine's memory do in time."""
    database = store._engine.database
    assert database is not None
    database.connection.execute("PRAGMA shrink_memory")


def _zero_history_pages(path: Path) -> None:
    """Zero the pages that hold the recent requests, as a failing disk does; run elsewhere.

    A process must not open and close a database file that it also has open through SQLite.
    """
    code = (
        "import sys\n"
        "data = bytearray(open(sys.argv[1], 'rb').read())\n"
        "for at in range(4096, len(data), 4096):\n"
        "    if data[at:at + 4096].count(b'/v1/messages') > 5:\n"
        "        data[at:at + 4096] = bytes(4096)\n"
        "open(sys.argv[1], 'r+b').write(data)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, timeout=60)


def test_a_child_of_a_fork_goes_on_by_itself(tmp_path: Path) -> None:
    """A store used on both sides of a fork loses nothing when either side closes it."""
    directory = tmp_path / "data"
    output_of(CRASH / "forked.py", str(directory))
    check_law(directory, acknowledged=20, offered=requests(0, 20))


def test_two_stores_of_one_process_beside_another_process(tmp_path: Path) -> None:
    """A second store in the process takes no lock from the first; others see every request."""
    directory = tmp_path / "data"
    with open_store(directory) as one:
        one.record(requests(0, 5))
        open_store(directory).close()
        with open_store(directory, read_only=True) as reader:
            assert reader.get_usage_stats().total_requests == 5
        assert total_elsewhere(directory) == 5
        one.record(requests(5, 5))
        assert total_elsewhere(directory) == 10
    check_law(directory, acknowledged=10, offered=requests(0, 10))


@pytest.mark.torture
def test_a_database_deleted_again_and_again(tmp_path: Path) -> None:
    """Three processes record while the database is deleted twelve times: each counts once."""
    directory = tmp_path / "data"
    open_store(directory).close()
    workers = Workers(3)
    workers.start([f"{directory} {stream} 0 9000 3" for stream in range(3)])
    for _ in range(12):
        time.sleep(0.6)  # all of them must have gone on with the successor by then
        (directory / "proxypal.db").unlink(missing_ok=True)
    told = workers.warnings()
    workers.close()
    assert sum("deleted while in use" in w for warnings in told for w in warnings) >= 10
    assert all("deleted while in use" in w for warnings in told for w in warnings), told
    offered = [item for stream in range(3) for item in requests(0, 9000, stream)]
    check_law(directory, acknowledged=27_000, offered=offered)
