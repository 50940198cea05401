"""When a usage queue is tried again, and by whom."""

from pathlib import Path

from builders import SetClock, a_store
from proxypal.service.queue_patience import LEASE_MS, BackOff, Lease


def test_waits_grow_to_a_bound_and_begin_anew() -> None:
    """0.5 s, doubling to 30 s; after success from the beginning."""
    waits = BackOff(0.5, 30, chance=lambda: 1.0)
    assert [waits.next_s() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    waits.reset()
    assert waits.next_s() == 0.5


def test_waits_differ_by_chance() -> None:
    """Readers that lost the same proxy do not come back in one instant, nor at once."""
    first = {BackOff(0.5, 30).next_s() for _ in range(20)}
    assert len(first) > 1
    assert all(0.25 <= wait_s <= 0.5 for wait_s in first)


def test_one_reader_at_a_time(tmp_path: Path) -> None:
    """A second process gets the queue when the first lets go, or has not been heard of."""
    clock = SetClock()
    with a_store(tmp_path, clock=clock) as one, a_store(tmp_path, clock=clock) as other:
        first, second = Lease(one, "queue x", clock), Lease(other, "queue x", clock)
        assert (first.is_ours(), second.is_ours()) == (True, False)
        first.release()
        assert second.is_ours()
        clock.now_ms += LEASE_MS + 1
        assert first.is_ours()
        assert not second.is_ours()
