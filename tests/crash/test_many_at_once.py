"""Many processes and threads use one store at once, and every request counts once."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from law import check_law, expected_books, open_store, reopen, request, requests
from scenarios import delete_database, old_requests, write_old_history, zero_database
from workers import Workers

PROCESSES = 8


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Eight processes, ready."""
    eight = Workers(PROCESSES)
    yield eight
    eight.close()


@pytest.mark.parametrize("batch", [4, pytest.param(1, marks=pytest.mark.torture)])
def test_eight_processes_record_sixteen_thousand(
    batch: int, workers: Workers, tmp_path: Path
) -> None:
    """D6: eight processes that record 2,000 requests each come to 16,000, exactly."""
    directory = tmp_path / "data"
    workers.start([f"{directory} {stream} 0 2000 {batch}" for stream in range(PROCESSES)])
    assert workers.warnings() == [[]] * PROCESSES
    offered = [item for stream in range(PROCESSES) for item in requests(0, 2000, stream)]
    check_law(directory, acknowledged=16_000, offered=offered)


def test_reading_clearing_and_resetting_meanwhile(workers: Workers, tmp_path: Path) -> None:
    """D6: reads, clears and undone resets between eight recording processes change no total."""
    directory = tmp_path / "data"
    with open_store(directory) as store:
        workers.start([f"{directory} {stream} 0 500 7" for stream in range(PROCESSES)])
        seen, rounds = 0, 0
        while seen < 3500 or rounds < 5:
            rounds += 1
            stats = store.get_usage_stats()
            assert stats.success_count + stats.failure_count == stats.total_requests
            assert stats.total_requests >= seen
            store.clear_request_history()
            before = store.reset_aggregate_stats()
            assert before.requests >= stats.total_requests
            store.get_request_history()
            store.restore(before.name)
            seen = before.requests
        assert workers.warnings() == [[]] * PROCESSES
        assert store.warnings == []
    offered = [item for stream in range(PROCESSES) for item in requests(0, 500, stream)]
    found = reopen(directory)
    assert found.books == expected_books(offered)
    assert set(found.ids) <= {item.id for item in offered}


@pytest.mark.parametrize("round_", range(5))
def test_all_open_a_fresh_directory(workers: Workers, tmp_path: Path, round_: int) -> None:
    """Eight processes that open a directory that is not there yet create one store."""
    directory = tmp_path / "not" / "there" / str(round_)
    workers.start([f"{directory} {stream} 0 3 1" for stream in range(PROCESSES)])
    assert workers.warnings() == [[]] * PROCESSES
    offered = [item for stream in range(PROCESSES) for item in requests(0, 3, stream)]
    found = check_law(directory, acknowledged=24, offered=offered)
    assert found.warnings == []
    assert list(directory.glob("*.corrupt-*")) == list(directory.glob("*.foreign-*")) == []


@pytest.mark.parametrize("harm", [delete_database, zero_database])
def test_all_open_a_damaged_directory(workers: Workers, tmp_path: Path, harm: object) -> None:
    """Eight processes that open a store without its database rebuild it once and lose nothing."""
    directory = tmp_path / "data"
    with open_store(directory) as store:
        store.record(requests(0, 60, 9))
    assert callable(harm)
    harm(directory)
    workers.start([f"{directory} {stream} 0 3 1" for stream in range(PROCESSES)])
    told = [warnings for warnings in workers.warnings() if warnings]
    assert len(told) == 1, "one of them rebuilds it, the others use it"
    assert "It was rebuilt" in told[0][0]
    offered = [item for stream in range(PROCESSES) for item in requests(0, 3, stream)]
    check_law(directory, acknowledged=84, offered=[*requests(0, 60, 9), *offered])


def test_all_open_an_old_directory(workers: Workers, tmp_path: Path) -> None:
    """Eight processes that open an early version's directory migrate it once."""
    directory = tmp_path / "data"
    write_old_history(directory)
    workers.start([f"{directory} {stream} 0 3 1" for stream in range(PROCESSES)])
    told = [warnings for warnings in workers.warnings() if warnings]
    assert len(told) == 1, "one of them migrates it, the others use it"
    assert told[0][0].startswith("Migrated history.json: 40 requests")
    assert len(list((directory / "backups").iterdir())) == 1
    offered = [item for stream in range(PROCESSES) for item in requests(0, 3, stream)]
    found = reopen(directory)
    assert found.books == expected_books([*old_requests(), *offered])
    assert len(found.ids) == 64


def test_sixteen_threads_share_transactions(tmp_path: Path) -> None:
    """Sixteen threads that record 200 requests each through one store come to 3,200, exactly."""
    directory = tmp_path / "data"
    ready = threading.Barrier(16)

    def record(stream: int) -> None:
        ready.wait()
        for number in range(200):
            assert store.record([request(number, stream)]).recorded == 1

    with open_store(directory) as store:
        threads = [threading.Thread(target=record, args=(stream,)) for stream in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.get_usage_stats().total_requests == 3200
        assert store.warnings == []
    offered = [item for stream in range(16) for item in requests(0, 200, stream)]
    check_law(directory, acknowledged=3200, offered=offered)
