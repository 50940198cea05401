"""One open data directory: published within a second, shared by processes, quiet when idle."""

import os
import threading
import time
from pathlib import Path

from builders import a_request, a_store, json_file
from running import run_together


def total_in(path: Path) -> int:
    """What the published file says."""
    return int(json_file(path / "aggregate.json")["totalRequests"])


def published(path: Path) -> tuple[int, int]:
    """Requests in the one and in the other file."""
    return total_in(path), len(json_file(path / "history.json")["requests"])


def test_the_files_follow_within_a_second(tmp_path: Path) -> None:
    """Without anybody asking both files say it a second later (slow disks: 20 publications)."""
    with a_store(tmp_path) as store:
        for expected in (1, 2, 3):
            started = time.monotonic()
            store.publish()
            cost_s = time.monotonic() - started
            store.record([a_request()])
            deadline = time.monotonic() + 1.5 + 25 * cost_s
            while published(tmp_path) != (expected, expected):
                assert time.monotonic() < deadline, published(tmp_path)
                time.sleep(0.01)


def test_a_burst_is_published_a_few_times_only(tmp_path: Path) -> None:
    """Hundreds of commits in a moment do not rewrite the files hundreds of times."""
    with a_store(tmp_path) as store:
        published = set()
        for _ in range(300):
            store.record([a_request()])
            published.add((tmp_path / "aggregate.json").stat().st_mtime_ns)
        assert len(published) <= 5
    assert total_in(tmp_path) == 300


def test_an_idle_store_writes_nothing(tmp_path: Path) -> None:
    """Reading and waiting change no file, and closing without a change neither."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.publish()
        before = (tmp_path / "aggregate.json").stat().st_mtime_ns
        store.get_usage_stats()
        store.get_request_history()
        store.positions()
    assert (tmp_path / "aggregate.json").stat().st_mtime_ns == before


def test_processes_record_together(tmp_path: Path) -> None:
    """D6: six processes with many commits each lose nothing and double nothing."""
    a_store(tmp_path).close()
    code = (
        "import sys; from proxypal import RequestLog, Store\n"
        "sys.stdin.readline()\n"
        "with Store(sys.argv[1]) as store:\n"
        "    for n in range(60):\n"
        "        store.record([RequestLog(status=200, model='m', id=f'{sys.argv[2]}-{n}')] * 2)\n"
        "        if n % 20 == 0: store.get_usage_stats(), store.publish()\n"
    )
    run_together(code, [[str(tmp_path), str(number)] for number in range(6)])
    with a_store(tmp_path, zone=None) as store:
        assert store.warnings == []
        assert store.get_usage_stats().total_requests == 360
        rows = store.get_request_history().requests
        assert len({row.id for row in rows}) == len(rows) == 360
    assert total_in(tmp_path) == 360


def test_threads_record_together(tmp_path: Path) -> None:
    """D6: eight threads on one store, with reads, publications and a clear in between."""
    with a_store(tmp_path) as store:

        def record(number: int) -> None:
            for n in range(50):
                store.record([a_request(id=f"{number}-{n}")])
                if n % 25 == 0:
                    store.publish()
                    store.get_usage_stats()

        threads = [threading.Thread(target=record, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        store.clear_request_history()
        for thread in threads:
            thread.join()
        assert store.get_usage_stats().total_requests == 400
    assert total_in(tmp_path) == 400


def test_publications_of_two_processes_come_in_order(tmp_path: Path) -> None:
    """The file never goes back to an older number, whoever publishes."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        seen = []
        for number in range(10):
            (one if number % 2 else other).record([a_request()])
            (other if number % 2 else one).publish()
            seen.append(total_in(tmp_path))
        assert seen == list(range(1, 11))
        assert one.warnings == other.warnings == []


def test_a_file_another_program_wrote_meanwhile_is_kept(tmp_path: Path) -> None:
    """What the original app writes over our file is set aside at the next publication."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.publish()
        (tmp_path / "aggregate.json").write_text('{"totalRequests": 7}')
        store.record([a_request()])
        store.publish()
        assert total_in(tmp_path) == 2
        (aside,) = tmp_path.glob("aggregate.json.foreign-*")
        assert aside.read_text() == '{"totalRequests": 7}'
        assert "was changed by another program" in store.warnings[-1]


def test_a_lasting_trouble_is_told_once(tmp_path: Path) -> None:
    """While the files cannot be written it is said once and not every two seconds."""
    with a_store(tmp_path) as store:
        in_the_way = tmp_path / f".history.json.{os.getpid()}.tmp"
        in_the_way.mkdir()
        store.record([a_request()])
        for _ in range(5):
            store._engine._tick()
        assert [text for text in store.warnings if "Cannot write" in text] == store.warnings
        assert len(store.warnings) == 1
        in_the_way.rmdir()
        store._engine._tick()
        assert published(tmp_path) == (1, 1)
