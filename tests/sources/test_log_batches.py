from pathlib import Path

from proxy_log import later_clock
from proxypal.sources.log_batches import KnownLogs, believable_ms
from proxypal.sources.log_identity import LogPosition
from proxypal.store import Store

DAY_MS = 86_400_000


def position(name: bytes, offset: int = 1) -> LogPosition:
    return LogPosition(kind="log", first_line=name, offset=offset)


def test_what_another_reader_stored_is_seen_after_a_refusal(tmp_path: Path) -> None:
    """A batch that came too late is refused, and the next decision knows what the store knows."""
    with Store(tmp_path / "data", clock=later_clock) as store:
        ours, theirs = KnownLogs(store, "log:x"), KnownLogs(store, "log:x")
        assert ours.all() == theirs.all() == []
        _, first = theirs.offer(None, position(b"a"))
        assert first.position is not None
        _, refused = ours.offer(None, position(b"a"))
        assert refused.position is None
        assert [log.position for log in ours.all()] == [position(b"a")]
        (known,) = ours.all()
        _, moved = ours.offer(known.stored, position(b"a", 2))
        assert moved.position is not None
        _, late = theirs.offer(first.position, position(b"a", 3))
        assert late.position is None
        assert [log.position.offset for log in theirs.all()] == [2]


def test_new_logs_one_after_the_other_are_taken(tmp_path: Path) -> None:
    """A backlog of many files makes a position for each without being refused."""
    with Store(tmp_path / "data", clock=later_clock) as store:
        known = KnownLogs(store, "log:x")
        for number in range(5):
            known.all()
            _, outcome = known.offer(None, position(b"%d" % number))
            assert outcome.position is not None
        assert len(known.of_source()) == 5
        assert KnownLogs(store, "log:y").of_source() == []


def test_a_forged_time_does_not_move_the_horizon() -> None:
    """A line that claims to be from 2099 must not hide what a restored log adds for decades."""
    now_ms = 1_000 * DAY_MS
    assert believable_ms(now_ms - 5, lambda: now_ms) == now_ms - 5
    assert believable_ms(now_ms + DAY_MS, lambda: now_ms) == now_ms + DAY_MS
    assert believable_ms(now_ms + 20_000 * DAY_MS, lambda: now_ms) < now_ms + 2 * DAY_MS
