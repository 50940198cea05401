"""The machine's time zone is another one at each run: what is labelled stays, nothing is lost."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from builders import at
from proxy_log import ProxyLog
from running import proxypal

ZONES = ("Asia/Tokyo", "America/Los_Angeles", "UTC", "Pacific/Kiritimati")
EVENING = at("2026-01-09T18:00:00")
DAYS = ("2026-01-10", "2026-01-09", "2026-01-09", "2026-01-10")
"""What a wall showed then in each of the zones."""


def shown(home: Path, zone: str) -> dict[str, Any]:
    """What `stats` says there."""
    found: dict[str, Any] = proxypal(home, "stats", "--json", TZ=zone).json()
    return found


def days_of(stats: dict[str, Any]) -> dict[str, int]:
    """Requests by day."""
    return {point["label"]: point["value"] for point in stats["requestsByDay"]}


def record(home: Path, zone: str, number: int) -> None:
    """A request of that evening."""
    told = {"id": f"r{number}", "timestamp": EVENING, "path": "/v1/messages", "status": 200}
    ended = proxypal(home, "record", stdin=msgspec.json.encode(told) + b"\n", TZ=zone)
    assert ended.code == 0, ended.err


def test_the_zone_changes_between_runs(tmp_path: Path) -> None:
    """Each request keeps the day of the zone it was recorded in, in whatever zone it is shown."""
    for number, zone in enumerate(ZONES):
        record(tmp_path, zone, number)
        record(tmp_path, zone, number)  # told again: known, in whatever zone
        expected = Counter(DAYS[: number + 1])
        stats = shown(tmp_path, ZONES[number - 1])
        assert stats["totalRequests"] == stats["historyCount"] == number + 1
        assert days_of(stats) == expected


def test_a_store_is_rebuilt_in_another_zone(tmp_path: Path) -> None:
    """A database lost between two zones comes back with the days it had."""
    for number, zone in enumerate(ZONES[:2]):
        record(tmp_path, zone, number)
    before = shown(tmp_path, ZONES[0])
    (tmp_path / "data" / "proxypal.db").unlink()
    for zone in ZONES[2:4]:
        assert proxypal(tmp_path, "doctor", "--repair", TZ=zone).code == 0
        after = shown(tmp_path, zone)
        assert days_of(after) == days_of(before) == {"2026-01-09": 1, "2026-01-10": 1}
    aggregate = json.loads((tmp_path / "data" / "aggregate.json").read_text())
    assert days_of(aggregate) == days_of(before)


def test_a_log_is_read_on_in_another_zone(tmp_path: Path) -> None:
    """What of a log was read before the zone changed is not read again; the rest counts once."""
    log = ProxyLog(tmp_path / "logs")
    for count, zone in enumerate(ZONES[:3], 1):
        log.write(3)
        ended = proxypal(tmp_path, "watch", "--once", str(log.main), TZ=zone)
        assert ended.code == 0, ended.err
        assert shown(tmp_path, "UTC")["totalRequests"] == 3 * count
