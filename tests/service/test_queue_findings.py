"""The state of usage queues as lines of `doctor`."""

from typing import Any

import pytest

from proxypal.service.queue_findings import findings, is_of_queue
from proxypal.service.queue_status import QueueStatus, encode_status
from proxypal.store.values import Finding, Gap, QueueState

SOURCE = "queue http://127.0.0.1:8317"
NOW_MS = 100 * 3_600_000


def state_of(*, seen_ago_ms: int = 1_000, unread: int = 0, **fields: Any) -> QueueState:
    status = QueueStatus(**{"mode": "subscribed", "cause": "killed", **fields})
    return QueueState(
        source=SOURCE,
        status=encode_status(status),
        updated_at=NOW_MS - seen_ago_ms,
        records=12,
        unread=unread,
    )


def found(state: QueueState, *gaps: Gap) -> list[Finding]:
    return findings([state], gaps, NOW_MS, lambda moment_ms: f"t{moment_ms}")


CONNECTED: dict[str, Any] = {
    "state": "connected",
    "connected_since": 5,
    "last_record_at": NOW_MS - 7_000,
    "proxy_version": "v7.2.140",
    "statistics_enabled": True,
}


def test_a_queue_that_is_read_is_well() -> None:
    """How, since when, from which version, and when the last record came."""
    (line,) = found(state_of(**CONNECTED))
    assert line.ok
    assert line.detail == "subscribed since t5 (v7.2.140), last record 7 s ago, 12 in all"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": "refused", "why": "invalid management key", "unreachable_since": 3}, "t3"),
        ({"state": "banned", "banned_until": NOW_MS + 60_000}, f"until t{NOW_MS + 60_000}"),
        ({"state": "unreachable", "why": "Connection refused"}, "Connection refused"),
        ({**CONNECTED, "statistics_enabled": False}, "usage-statistics-enabled: true"),
        ({**CONNECTED, "starved_since": 9, "missing_records": 6}, "6 requests of the log since t9"),
        (
            {**CONNECTED, "mode": "polling HTTP", "starved_since": 9, "missing_records": 6},
            "another program takes them",
        ),
        ({**CONNECTED, "held": 3}, "3 records wait in memory"),
        ({**CONNECTED, "seen_ago_ms": 61_000}, "ended abruptly"),
    ],
)
def test_what_is_off_is_said_with_what_to_do(fields: dict[str, Any], said: str) -> None:
    """Each trouble is a line that is not ok and tells its time or its remedy."""
    wrong = [line for line in found(state_of(**fields)) if not line.ok]
    assert len(wrong) == 1
    assert said in wrong[0].detail


def test_a_reader_that_ended_in_order_is_well() -> None:
    """Nobody has to keep it running, but it is told how long the proxy keeps records."""
    (line,) = found(state_of(state="ended", cause="in order", seen_ago_ms=10**7))
    assert line.ok
    assert "60 s" in line.detail


def test_losses_are_told_with_their_span() -> None:
    """A loss of today is off, an older one is history; those of logs are told by the store."""
    today = Gap(source=SOURCE, from_ms=NOW_MS - 9_000, until_ms=NOW_MS - 5_000, reason="new")
    older = Gap(source=SOURCE, from_ms=1, until_ms=2, reason="old")
    log = Gap(source="log x", from_ms=1, until_ms=2, reason="of a log")
    _, *lines = found(state_of(**CONNECTED), older, log, today)
    assert [(line.ok, line.detail) for line in lines] == [
        (False, f"new; from t{NOW_MS - 9_000} until t{NOW_MS - 5_000}"),
        (True, "old; from t1 until t2"),
    ]
    assert is_of_queue(lines[0])
    assert not is_of_queue(Finding(check="gap in log x", ok=True, detail=""))


def test_many_losses_are_summed_up() -> None:
    """The newest five and a count."""
    gaps = [Gap(source=SOURCE, from_ms=n, until_ms=n + 1, reason=str(n)) for n in range(20)]
    _, *lines = found(state_of(**CONNECTED), *gaps)
    assert [line.detail.partition(";")[0] for line in lines] == [
        "19",
        "18",
        "17",
        "16",
        "15",
        "and 15 older ones",
    ]


def test_records_that_are_not_understood_are_counted() -> None:
    """They are kept for a later version, so nothing is off."""
    _, line = found(state_of(**CONNECTED, unread=4))
    assert (line.ok, line.detail[:9]) == (True, "4 records")


def test_a_status_of_a_later_version_is_no_accident() -> None:
    """Doctor goes on where it cannot read a status."""
    (line,) = found(QueueState(source=SOURCE, status=b"?", updated_at=0))
    assert line.ok
