import re

import msgspec

from proxypal.sources.log_identity import (
    Beginning,
    KnownLog,
    Passed,
    advance,
    beginning_of,
    start_of,
)
from proxypal.sources.log_priming import PRIMING_BYTES
from proxypal.sources.log_resuming import Resumed, Resumption
from proxypal.store.values import StoredPosition

LINES = [b"%06d\n" % number for number in range(400_000)]
LOG = b"".join(LINES)


def newest_of(lines: bytes) -> int:
    """A line's number is its time."""
    return max((int(number) for number in re.findall(rb"^\d+$", lines, re.MULTILINE)), default=0)


def beginning(log: bytes) -> Beginning:
    found = beginning_of(log[:1024])
    assert found is not None
    return found


def known(lines: int, log: bytes = LOG) -> KnownLog:
    """The log, read up to this line."""
    told = b"".join(LINES[:lines]) if log is LOG else log
    begun = beginning(told)
    first = len(LINES[0])
    passed = Passed(len(told), told, lines, newest_of(told), mark_end=first, mark=told[:first])
    position = advance(start_of(begun), begun, passed)
    state = msgspec.json.encode(position)
    return KnownLog(StoredPosition(id=1, source="log:-", version=1, state=state), position)


def test_a_replay_is_let_go_as_it_comes() -> None:
    """However much is told again, only what the models need of it is held."""
    log = known(390_000)
    resumption = Resumption(beginning(LOG), [log], [log], newest_of)
    held, found = b"", None
    for start in range(0, len(LOG), 100_000):
        held += LOG[start : start + 100_000]
        found = resumption.look(held, is_over=False)
        if found is not None:
            break
        held = resumption.let_go(held)
        assert len(held) <= PRIMING_BYTES + 100_000
    assert found is not None
    assert found.known == log
    assert resumption.passed + found.told == log.position.offset


def test_a_replay_that_ends_early_is_an_older_state() -> None:
    """A stream that ends before the offset has nothing new, and what it had is told apart."""
    log = known(1000)
    resumption = Resumption(beginning(LOG), [log], [log], newest_of)
    assert resumption.look(LOG[:70], is_over=False) is None
    found = resumption.look(LOG[:70], is_over=True)
    assert found is not None
    assert (found.known, found.floor_ms) == (None, 999)


def test_the_end_told_again_is_found_by_its_last_line() -> None:
    """Three lines of the end are enough to know where to go on."""
    log = known(1000)
    told = b"".join(LINES[997:1000])
    resumption = Resumption(beginning(told), [log], [log], newest_of)
    assert resumption.look(told, is_over=False) == Resumed(log, len(told))


def test_a_line_that_looks_like_the_last_is_not_enough_where_more_is_told() -> None:
    """Where a kilobyte stands before it, that must agree as well."""
    log = known(1000)
    told = b"other\n" * 300 + LINES[999]
    resumption = Resumption(beginning(told), [log], [log], newest_of)
    assert resumption.look(told, is_over=False) is None
    assert resumption.look(told, is_over=True) == Resumed()


def test_nothing_told_again_is_decided_by_the_first_new_entry() -> None:
    """A live stream is not held back once it tells something newer than everything counted."""
    log = known(1000)
    resumption = Resumption(beginning(LINES[900]), [log], [log], newest_of)
    assert resumption.look(LINES[900], is_over=False) is None
    assert resumption.look(LINES[900] + LINES[1001], is_over=False) == Resumed()


def test_the_first_stream_ever_is_counted_at_once() -> None:
    """Without anything known there is nothing to wait for."""
    assert (
        Resumption(beginning(LINES[0]), [], [], newest_of).look(LINES[0], is_over=False)
        == Resumed()
    )
