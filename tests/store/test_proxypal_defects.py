"""What ProxyPal gets wrong and we do not, defect by defect, on a real data directory.

Each test names its defect by the number it has in the study of the original app (v0.1.0 to
v0.4.51). Defects of its log parsing are proven in tests/sources, of the screens not here.
"""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from builders import DAY_MS, HOUR_MS, NOW_MS, SetClock, a_request, a_store, json_file
from proxypal.store import Store


def test_d2_a_bad_file_is_never_overwritten_unread(tmp_path: Path) -> None:
    """D2: what cannot be read is set aside, byte for byte, and its numbers are not zero after."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 3)
    bad = {
        "history.json": b'{"requests": [{"id": "req_1"',
        "aggregate.json": b'{"totalRequests": "many"}',
    }
    for name, data in bad.items():
        (tmp_path / name).write_bytes(data)
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 3
        assert len(store.get_request_history().requests) == 3
        assert len(store.warnings) == 2
    assert [path.read_bytes() for path in tmp_path.glob("history.json.corrupt-*")] == [
        bad["history.json"]
    ]
    assert [path.read_bytes() for path in tmp_path.glob("aggregate.json.foreign-*")] == [
        bad["aggregate.json"]
    ]


def test_d3_a_kill_leaves_whole_files(tmp_path: Path) -> None:
    """D3: a process killed while it publishes over and over leaves two files that parse."""
    code = (
        "import sys; from proxypal import RequestLog, Store\n"
        "store = Store(sys.argv[1]); print('ready', flush=True)\n"
        "while True:\n"
        "    store.record([RequestLog(status=200, model='m')] * 50); store.publish()\n"
        "    print('.', flush=True)\n"
    )
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(4)]
        assert acknowledged[-1] == b".\n"
        process.kill()
        process.stdout.close()
        process.wait()
        for name in ("history.json", "aggregate.json"):
            assert json_file(tmp_path / name)["published"]["sequence"] > 0
    with a_store(tmp_path, zone=None) as store:
        assert store.get_usage_stats().total_requests % 50 == 0
        assert store.get_usage_stats().total_requests >= 4 * 3 * 50


def test_d4_a_request_is_in_both_files_or_will_be(tmp_path: Path) -> None:
    """D4: cut off between the two files, the next start makes them agree, and counts once."""
    with a_store(tmp_path) as store:
        store.record([a_request()])
        store.publish()
        history = (tmp_path / "history.json").read_bytes()
        store.record([a_request()])
    # As it is when the process ends after the first of the two files was replaced.
    (tmp_path / "history.json").write_bytes(history)
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 2
        assert len(store.get_request_history().requests) == 2
    assert len(json_file(tmp_path / "history.json")["requests"]) == 2
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 2


def test_d5_writers_do_not_share_a_temporary_file(tmp_path: Path) -> None:
    """D5: many stores publishing the same directory at once leave whole files and no scraps."""
    stores = [a_store(tmp_path) for _ in range(4)]

    def publish(store: Store) -> None:
        for _ in range(15):
            store.record([a_request()])
            store.publish()

    threads = [threading.Thread(target=publish, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 60
    assert not list(tmp_path.glob(".*.tmp"))
    assert all(store.warnings == [] for store in stores)


def test_d6_nothing_is_lost_between_reading_and_writing(tmp_path: Path) -> None:
    """D6: recording, looking, clearing and resetting at once: every request counted once."""
    with a_store(tmp_path) as one, a_store(tmp_path) as other:
        resets: list[str] = []

        def record(store: Store) -> None:
            for _ in range(100):
                store.record([a_request()])
                store.get_usage_stats()

        threads = [threading.Thread(target=record, args=(store,)) for store in (one, other)]
        for thread in threads:
            thread.start()
        for _ in range(3):
            resets.append(one.reset_aggregate_stats().name)
            other.clear_request_history()
        for thread in threads:
            thread.join()
        for name in resets:
            other.restore(name)
        assert one.get_usage_stats().total_requests == 200


@pytest.mark.parametrize("sessions", [(100, 5, 40)])
def test_d7_totals_never_fall_over_restarts(tmp_path: Path, sessions: tuple[int, ...]) -> None:
    """D7, D8, D9, D11: after each of three sessions every number is the sum of all of them."""
    total = 0
    for session, count in enumerate(sessions):
        with a_store(tmp_path) as store:
            store.record([a_request(model="gpt-5", provider="openai")] * (count // 2))
            store.record([a_request(status=500)] * (count - count // 2))
            total += count
        with a_store(tmp_path) as store:
            stats = store.get_usage_stats()
            assert stats.total_requests == stats.requests_today == total, session
            assert stats.total_tokens == stats.tokens_today == 800 * total
            assert stats.success_count + stats.failure_count == total
            assert sum(model.requests for model in stats.models) == total


def test_d10_one_model_under_two_keys_is_the_sum_of_both(tmp_path: Path) -> None:
    """D10: the same model used with two client keys is counted with both."""
    with a_store(tmp_path) as store:
        store.record([a_request(api_key="team-a")] * 3 + [a_request(api_key="team-b")] * 4)
        (model,) = store.get_usage_stats().models
        assert model.requests == 7


def test_d16_parallel_requests_of_one_second_are_all_there(tmp_path: Path) -> None:
    """D16: fifty agents that ask the same in the same second are fifty requests."""
    with a_store(tmp_path) as store:
        second = [a_request(timestamp=NOW_MS, path="/v1/messages") for _ in range(50)]
        assert store.record(second).recorded == 50
        assert store.get_usage_stats().total_requests == 50
        assert len(store.get_request_history().requests) == 50


def test_d17_a_burst_is_kept_whole(tmp_path: Path) -> None:
    """D17: of a hundred requests within 100 ms every single one is in the history, in order."""
    with a_store(tmp_path) as store:
        for number in range(100):
            store.record([a_request(id=f"{number}", timestamp=NOW_MS + number)])
        ids = [row.id for row in store.get_request_history().requests]
        assert ids == [f"{number}" for number in range(100)]


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("America/Los_Angeles", "2026-01-08"),
        ("UTC", "2026-01-09"),
        ("Asia/Kolkata", "2026-01-09"),
        ("Pacific/Kiritimati", "2026-01-09"),
    ],
)
def test_d19_days_are_local_and_the_same_everywhere(tmp_path: Path, zone: str, day: str) -> None:
    """D19: totals, stats, range and file put a request on the same local day."""
    moment = NOW_MS - 9 * HOUR_MS  # 03:00 UTC
    with a_store(tmp_path, zone=zone) as store:
        store.record([a_request(timestamp=moment)])
        assert [point.label for point in store.get_usage_stats().requests_by_day] == [day]
        assert [row.label for row in store.usage_by("day", moment, moment + 1)] == [day]
        (hour,) = store.usage_by("hour", moment, moment + 1)
        assert hour.label.startswith(day)
    series = json_file(tmp_path / "aggregate.json")["requestsByDay"]
    assert series == [{"label": day, "value": 1}]


def test_d31_the_requests_time_decides_not_the_processing(tmp_path: Path) -> None:
    """D31: a log read a week late fills the days of last week, and today stays empty."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as store:
        clock.now_ms += 7 * DAY_MS
        store.record([a_request(timestamp=NOW_MS - n * DAY_MS) for n in range(3)])
        stats = store.get_usage_stats()
        assert [point.label for point in stats.requests_by_day] == [
            "2026-01-07",
            "2026-01-08",
            "2026-01-09",
        ]
        assert stats.requests_today == stats.tokens_today == 0


def test_d32_no_day_is_dropped_from_the_answer(tmp_path: Path) -> None:
    """D32, D50: after 400 days all 400 are in the answer and in the file."""
    with a_store(tmp_path) as store:
        store.record([a_request(timestamp=NOW_MS - n * DAY_MS) for n in range(400)])
        assert len(store.get_usage_stats().requests_by_day) == 400
        assert len(store.usage_by("day", NOW_MS - 90 * DAY_MS, None)) == 91
    assert len(json_file(tmp_path / "aggregate.json")["tokensByDay"]) == 400


def test_d35_five_billion_tokens(tmp_path: Path) -> None:
    """D35: 3e9 + 2e9 tokens are 5e9 in the totals, the series, the file, and after a restart."""
    with a_store(tmp_path) as store:
        store.record([a_request(tokens_in=3_000_000_000, tokens_out=2_000_000_000)] * 2)
    aggregate = json_file(tmp_path / "aggregate.json")
    assert aggregate["tokensByDay"][0]["value"] == 10_000_000_000
    assert aggregate["modelStats"]["claude-sonnet-4-5"]["tokens"] == 10_000_000_000
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_tokens == 10_000_000_000


def test_d37_no_request_is_no_success_rate(tmp_path: Path) -> None:
    """D37: without a request there is no rate, and one failure in a thousand is not 100 %."""
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().success_rate is None
        store.record([a_request()] * 999 + [a_request(status=500)])
        assert store.get_usage_stats().success_rate == 0.999


def test_d47_a_clear_can_be_undone(tmp_path: Path) -> None:
    """D47: what was cleared by mistake comes back whole."""
    with a_store(tmp_path) as store:
        store.record([a_request(id=f"{n}") for n in range(5)])
        before = store.get_request_history()
        backup = store.clear_request_history()
        assert backup is not None
        store.restore(backup.name)
        assert store.get_request_history() == before


def test_a_file_the_original_app_wrote_back_does_no_harm(tmp_path: Path) -> None:
    """The original app reads our files, drops what it does not know and writes its own numbers."""
    with a_store(tmp_path) as store:
        store.record([a_request()] * 9)
    for name, kept in (
        ("history.json", ("requests", "totalTokensIn", "totalTokensOut", "totalCostUsd")),
        ("aggregate.json", ("createdAt", "totalRequests", "requestsByDay", "modelStats")),
    ):
        tree = json.loads((tmp_path / name).read_text())
        tree = {key: tree[key] for key in kept}
        if "totalRequests" in tree:
            tree["totalRequests"] = 2
        (tmp_path / name).write_text(json.dumps(tree, indent=2))
    with a_store(tmp_path) as store:
        assert store.get_usage_stats().total_requests == 9
        assert len(store.warnings) == 2
    assert json_file(tmp_path / "aggregate.json")["totalRequests"] == 9
    assert len(list(tmp_path.glob("*.foreign-*"))) == 2
