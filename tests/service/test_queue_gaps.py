"""What may be lost while a usage queue was not read: the rule as a table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.service.queue_gaps import Cause, Outage, cause_of_end, gaps_after

SOURCE = "queue http://127.0.0.1:8317"
MINUTE = 60_000


@pytest.mark.parametrize(
    ("outage", "back", "oldest", "expected", "reason"),
    [
        # We said good-bye and were back before the proxy forgot anything.
        (Outage(0, "in order"), MINUTE, None, [], ""),
        (Outage(0, "in order"), MINUTE, 30_000, [], ""),
        # We were away for longer than it keeps records.
        (Outage(0, "in order"), 10 * MINUTE, None, [(0, 9 * MINUTE)], "longer than"),
        (Outage(0, "closed"), 10 * MINUTE, None, [(0, 9 * MINUTE)], "longer than"),
        # What still waits shows that it keeps records longer than we thought.
        (Outage(0, "in order"), 10 * MINUTE, 3 * MINUTE, [(0, 3 * MINUTE)], "longer than"),
        (Outage(0, "in order"), 10 * MINUTE, -5, [], ""),
        # Our process was killed: what it had in hand, until the oldest that still waits.
        (Outage(0, "killed"), 5_000, None, [(0, 5_000)], "ended abruptly"),
        (Outage(0, "killed"), 5_000, 2_000, [(0, 2_000)], "ended abruptly"),
        (Outage(0, "killed"), 10 * MINUTE, None, [(0, 10 * MINUTE)], "ended abruptly"),
        # The connection ended: with everything said, or not.
        (Outage(0, "closed"), 5_000, None, [], ""),
        (Outage(0, "broken"), 5_000, None, [(0, 5_000)], "broke"),
        (Outage(0, "overflow"), 5_000, 900, [(0, 900)], "faster"),
        (Outage(0, "torn"), 5_000, 900, [(0, 900)], "handed out"),
        (Outage(0, "torn"), 5_000, 0, [(0, 1)], "handed out"),
        # The proxy was down: what it had not handed out, then what it forgot since it is back.
        (Outage(0, "closed", 700, 4_000), 5_000, None, [(0, 700)], "stopped or restarted"),
        (Outage(0, "killed", 700, 4_000), 5_000, None, [(0, 700)], "stopped or restarted"),
        (Outage(0, "closed", 0, 4_000), 5_000, None, [], ""),
        (
            Outage(0, "closed", 700, 4_000),
            10 * MINUTE,
            None,
            [(0, 700), (4_000, 9 * MINUTE)],
            "stopped or restarted",
        ),
    ],
)
def test_what_may_be_lost(
    outage: Outage, back: int, oldest: int | None, expected: list[tuple[int, int]], reason: str
) -> None:
    """Each way of not reading, and the span in which records may be missing."""
    gaps = gaps_after(SOURCE, outage, back, MINUTE, oldest)
    assert [(gap.from_ms, gap.until_ms) for gap in gaps] == expected
    assert all(gap.source == SOURCE for gap in gaps)
    if gaps:
        assert reason in gaps[0].reason


@given(
    cause=st.sampled_from(["in order", "killed", "closed", "broken", "overflow", "torn"]),
    good=st.integers(0, 10**7),
    off=st.integers(0, 10**7),
    retention=st.integers(1000, 10**6),
    oldest=st.none() | st.integers(0, 2 * 10**7),
)
def test_a_gap_never_reaches_into_what_is_known(
    cause: Cause, good: int, off: int, retention: int, oldest: int | None
) -> None:
    """A gap begins where the last good moment was, ends when we are back, and has a length."""
    back = good + off
    for gap in gaps_after(SOURCE, Outage(good, cause), back, retention, oldest):
        assert gap.from_ms is not None
        assert gap.until_ms is not None
        assert good <= gap.from_ms < gap.until_ms <= max(back, good + 1)
        assert oldest is None or gap.until_ms <= max(oldest, good + 1)


@pytest.mark.parametrize(
    ("is_closed", "recent", "cause"),
    [
        (True, 0, "closed"),
        (True, 199, "closed"),
        (True, 200, "overflow"),
        (False, 0, "broken"),
        (False, 500, "broken"),
    ],
)
def test_why_a_subscription_ended(is_closed: bool, recent: int, cause: str) -> None:
    """The proxy's buffer holds 256 messages; who is dropped with so many about was too slow."""
    assert cause_of_end(is_closed=is_closed, recent_messages=recent) == cause
