"""What the reader of a usage queue says of itself."""

import pytest

from proxypal.service.queue_status import (
    QueueStatus,
    StatusBoard,
    decode_status,
    encode_status,
    is_starved,
)


@pytest.mark.parametrize(
    ("mode", "joined", "missing", "expected"),
    [
        # Beside a subscription nobody can take records, and a few requests never make one.
        ("subscribed", 0, 4, False),
        ("subscribed", 0, 5, True),
        ("subscribed", 1, 5, True),
        ("subscribed", 2, 5, False),
        ("subscribed", 100, 20, False),
        # 2b.8: two that poll split the queue, and both look healthy.
        ("polling RESP", 20, 20, True),
        ("polling HTTP", 60, 20, True),
        ("polling HTTP", 0, 4, False),
        ("polling RESP", 100, 5, False),
        ("polling RESP", 0, 0, False),
    ],
)
def test_another_consumer_is_suspected(
    mode: str, joined: int, missing: int, expected: bool
) -> None:
    """2b.8: requests of the log without records give another reader of the queue away."""
    assert is_starved(mode, joined, missing) is expected  # type: ignore[arg-type]  # a table of texts


def test_a_status_survives_being_kept() -> None:
    """What was written is read again, every field."""
    status = QueueStatus(
        url="http://127.0.0.1:8317",
        state="banned",
        why="x",
        mode="subscribed",
        connected_since=1,
        alive_at=2,
        cause="torn",
        last_record_at=3,
        proxy_version="7.2.140",
        statistics_enabled=False,
        banned_until=4,
        unreachable_since=5,
        down_from=6,
        down_until=7,
        starved_since=8,
        missing_records=9,
        held=10,
        overflowed=11,
        retention_ms=12,
    )
    assert decode_status(encode_status(status)) == status


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"state": "dancing"}', b'{"aliveAt": "x"}'])
def test_what_another_version_wrote_is_no_accident(body: bytes) -> None:
    """A status that is not understood counts as none."""
    assert decode_status(body) is None


def test_the_last_good_moment_never_falls() -> None:
    """A record with an old time does not take back what was received since."""
    board = StatusBoard(QueueStatus())
    for moment_ms in (5, 9, 7):
        board.advance(moment_ms)
    assert board.status.alive_at == 9
