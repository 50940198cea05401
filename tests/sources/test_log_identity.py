import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.sources.log_identity import (
    SAMPLE_BYTES,
    Beginning,
    Continue,
    Fresh,
    KnownLog,
    LogPosition,
    Match,
    OlderCopy,
    Passed,
    advance,
    beginning_of,
    decode_position,
    match,
    start_of,
)
from proxypal.store.values import StoredPosition

LOG = b"".join(b"[2026-08-22 22:39:%02d] line %d\n" % (number % 60, number) for number in range(99))
LINE_ENDS = [place + 1 for place, byte in enumerate(LOG) if byte == 10]


def beginning(log: bytes) -> Beginning:
    found = beginning_of(log[:SAMPLE_BYTES])
    assert found is not None
    return found


def known(
    log: bytes, offset: int, *, number: int = 1, newest_ms: int = 0, mark_end: int = 0
) -> KnownLog:
    """The log as the store knows it after it was read up to `offset`."""
    begun = beginning(log)
    passed = Passed(
        offset,
        log[:offset],
        lines=log.count(b"\n", 0, offset),
        newest_ms=newest_ms,
        mark_end=mark_end,
        mark=log[:mark_end],
    )
    position = advance(start_of(begun), begun, passed)
    state = msgspec.json.encode(position)
    return KnownLog(StoredPosition(id=number, source="log:x", version=1, state=state), position)


def matched(log: bytes, *logs: KnownLog) -> Match:
    return match(beginning(log), lambda at, length: log[max(0, at) : at + length], logs)


@given(st.sampled_from(LINE_ENDS), st.integers(0, len(LOG)))
def test_a_log_that_grew_continues(offset: int, grown: int) -> None:
    """Read up to any line and grown by anything, a log is read on at its offset."""
    log = known(LOG, offset)
    assert matched(LOG[: max(offset, grown)], log) == Continue(log)


def test_another_first_line_is_another_log() -> None:
    """A log that begins differently is read from its beginning."""
    assert matched(b"other\n" + LOG, known(LOG, len(LOG))) == Fresh()


def test_another_head_is_another_log() -> None:
    """Two proxies started in the same second write the same first line, and are two logs."""
    first, rest = LOG[: LINE_ENDS[0]], LOG[LINE_ENDS[0] :]
    other = first + b"something else\n" + rest
    assert matched(other, known(LOG, len(LOG))) == Fresh()


def test_a_shorter_log_is_an_older_copy() -> None:
    """The same first request but less than was read: the log as it was earlier."""
    log = known(LOG, len(LOG), newest_ms=17, mark_end=LINE_ENDS[50])
    assert matched(LOG[: LINE_ENDS[70]], log) == OlderCopy(log, 17)
    assert matched(LOG[: LINE_ENDS[50]], log) == OlderCopy(log, 17)


def test_an_older_copy_that_grew_is_recognised() -> None:
    """The same first request, long enough, but other lines before the offset."""
    log = known(LOG, LINE_ENDS[90], newest_ms=17, mark_end=LINE_ENDS[50])
    other = LOG[: LINE_ENDS[70]] + LOG[: LINE_ENDS[60]]
    assert matched(other, log) == OlderCopy(log, 17)


def test_two_proxies_that_start_alike_are_two_logs() -> None:
    """Replicas write the same first kilobyte in the same second; each log counts whole."""
    alike, different = LOG[: LINE_ENDS[50]], LOG[LINE_ENDS[50] :].replace(b"line", b"news")
    log = known(LOG, len(LOG), newest_ms=17, mark_end=LINE_ENDS[51])
    assert matched(alike + different, log) == Fresh()
    assert matched(alike, log) == Fresh()


def test_a_log_without_requests_has_no_older_copy() -> None:
    """Where nothing was counted nothing can be counted twice: it is read from the beginning."""
    log = known(LOG, len(LOG), newest_ms=17)
    assert matched(LOG[: LINE_ENDS[70]], log) == Fresh()


def test_of_several_the_one_read_furthest_continues() -> None:
    """A log that is known twice goes on where it was read furthest."""
    near, far = known(LOG, LINE_ENDS[40], number=1), known(LOG, LINE_ENDS[80], number=2)
    assert matched(LOG, near, far) == Continue(far)
    assert matched(LOG[: LINE_ENDS[50]], near, far) == Continue(near)


def test_a_first_line_decides_alone() -> None:
    """No log has to be 1 KiB long before it can be read."""
    log = known(LOG[: LINE_ENDS[0]], LINE_ENDS[0])
    assert matched(LOG, log) == Continue(log)


@pytest.mark.parametrize("head", [b"", b"half a line", b"x" * (SAMPLE_BYTES - 1)])
def test_an_unfinished_first_line_decides_nothing(head: bytes) -> None:
    """Before its first line is whole a log is not judged."""
    assert beginning_of(head) is None


def test_a_very_long_first_line_is_known_by_its_first_kilobyte() -> None:
    """A first line of a megabyte does not keep a log from being recognised."""
    log = b"x" * (1 << 20) + b"\n" + LOG
    read = known(log, len(log))
    assert matched(log + b"more\n", read) == Continue(read)


def test_no_text_of_the_log_is_stored() -> None:
    """A log holds e-mail addresses: the stored position holds none of its text."""
    log = b"[2026-08-22 22:39:03] Use OAuth dev@example.com for model gpt-5\n"
    assert b"example" not in known(log, len(log)).stored.state
    assert b"gpt" not in known(log, len(log)).stored.state


def test_a_position_is_small() -> None:
    """A position is a few hundred bytes, however long its log."""
    log = known(LOG * 1000, len(LOG) * 1000, newest_ms=1_787_438_343_000, mark_end=len(LOG))
    assert len(log.stored.state) < 400


@given(st.binary() | st.just(b'{"kind":"queue"}') | st.just(b'{"kind":"log"}'))
def test_a_foreign_position_is_left_alone(state: bytes) -> None:
    """What another source stored, or nobody can read, is no position of a log."""
    assert decode_position(StoredPosition(id=1, source="q", version=1, state=state)) is None


def test_a_position_survives_the_store() -> None:
    """What is stored comes back as it was."""
    log = known(LOG, LINE_ENDS[50], newest_ms=12)
    assert decode_position(log.stored) == log


def test_the_head_is_learned_as_the_log_grows() -> None:
    """A log first read when it was a line long is later told apart by its whole first KiB."""
    short = known(LOG[: LINE_ENDS[0]], LINE_ENDS[0]).position
    assert short.head_bytes == LINE_ENDS[0]
    grown = advance(short, beginning(LOG), Passed(LINE_ENDS[60], LOG[: LINE_ENDS[60]], lines=60))
    assert isinstance(grown, LogPosition)
    assert grown.head_bytes == SAMPLE_BYTES
