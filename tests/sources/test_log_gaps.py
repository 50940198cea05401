import msgspec
import pytest

from proxypal.sources.log_gaps import Loss, Vanished
from proxypal.sources.log_identity import KnownLog, LogPosition
from proxypal.store.values import StoredPosition


class Clock:
    now_ms = 1_000_000

    def __call__(self) -> int:
        """Unix milliseconds."""
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vanished(clock: Clock) -> Vanished:
    return Vanished(clock)


def known(number: int, *, is_finished: bool = False) -> KnownLog:
    position = LogPosition(kind="log", first_line=b"%d" % number, is_finished=is_finished)
    state = msgspec.json.encode(position)
    return KnownLog(StoredPosition(id=number, source="log:x", version=1, state=state), position)


def look(vanished: Vanished, *known_logs: KnownLog, met: int = 9) -> list[Loss | None]:
    """One look that meets only log number `met`."""
    vanished.begin()
    vanished.meet(b"%d" % met, met)
    return [loss for _, loss in vanished.confirmed(known_logs, 77)]


def test_a_log_is_missed_when_two_looks_do_not_meet_it(vanished: Vanished) -> None:
    """A renaming in progress can hide a file from one look, not from two."""
    assert look(vanished, known(1)) == []
    assert vanished.is_unsure
    assert look(vanished, known(1)) == [Loss(until_ms=77)]


def test_a_log_that_comes_back_is_not_missed(vanished: Vanished) -> None:
    """A file that was hidden from one look is no loss."""
    assert look(vanished, known(1)) == []
    assert look(vanished, known(1), met=1) == []
    assert look(vanished, known(1)) == []


def test_a_finished_log_is_never_missed(vanished: Vanished) -> None:
    """What was read to its end may be deleted."""
    assert [look(vanished, known(1, is_finished=True)) for _ in range(3)] == [[]] * 3
    assert not vanished.is_unsure


def test_a_log_read_whole_just_before_it_vanished_is_no_loss(
    vanished: Vanished, clock: Clock
) -> None:
    """Emptied a moment after it was read whole, a log has lost nothing; an hour later it may."""
    for log, pause_ms, loss in ((known(1), 200, None), (known(2), 3_600_000, Loss(77))):
        vanished.reach_end(log.stored.id)
        clock.now_ms += pause_ms
        assert look(vanished, log) == []
        assert look(vanished, log) == [loss]


def test_nothing_is_missed_while_files_move(vanished: Vanished) -> None:
    """A look in which a listed file was gone when it was opened proves nothing."""
    assert look(vanished, known(1)) == []
    vanished.begin()
    vanished.meet(b"9", 9)
    vanished.disturb()
    assert vanished.confirmed([known(1)], None) == []
    assert look(vanished, known(1)) == []


def test_nothing_is_missed_in_an_empty_directory(vanished: Vanished) -> None:
    """Only where newer logs are has an older one been lost; an unmounted disk is none."""
    for _ in range(3):
        vanished.begin()
        assert vanished.confirmed([known(1)], None) == []


def test_another_state_of_the_same_log_stands_for_it(vanished: Vanished) -> None:
    """An older copy put back is the same log, not a missing one."""
    for _ in range(3):
        vanished.begin()
        vanished.meet(b"1", 5)
        assert vanished.confirmed([known(1)], None) == []
