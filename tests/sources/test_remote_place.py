"""Where to go on in lines that are told again: behind what was read, and nowhere else."""

from hypothesis import given
from hypothesis import strategies as st

from proxypal.sources.log_identity import (
    Beginning,
    KnownLog,
    Passed,
    advance,
    digest,
    start_of,
)
from proxypal.sources.remote_place import behind_mark, find_end, find_place
from proxypal.store.values import StoredPosition

LINES = [f"[2026-01-02 00:00:{n:02d}] [{n:08x}] line {n}\n".encode() for n in range(60)]


def known_at(told: bytes, number: int = 1) -> KnownLog:
    """A log that was read up to the end of `told`."""
    start = start_of(Beginning(digest(b"its first line\n"), b""))
    position = advance(start, Beginning(b"", b""), Passed(len(told), told[-1024:], 1, newest_ms=1))
    stored = StoredPosition(id=number, source="log:http://x", version=1, state=b"")
    return KnownLog(stored, position)


def test_the_place_is_behind_the_last_line_that_was_read() -> None:
    """Wherever the lines begin: before what was read, or in the middle of it."""
    log = b"".join(LINES)
    for first in (0, 10, 38):
        place = find_place(log[len(b"".join(LINES[:first])) :], [known_at(b"".join(LINES[:40]))])
        assert place is not None
        assert place.told == len(b"".join(LINES[first:40]))


def test_of_two_places_the_further_one_counts() -> None:
    """One log read over HTTP and as a file: what either has counted is behind us."""
    near, far = known_at(b"".join(LINES[:20]), 1), known_at(b"".join(LINES[:50]), 2)
    place = find_place(b"".join(LINES), [far, near])
    assert place is not None
    assert place.known is far


def test_the_last_line_alone_is_no_place() -> None:
    """Where the text reaches back far enough, everything before the line must be the same."""
    other = b"".join(LINES[:30]).replace(b"line", b"Line") + LINES[39] + LINES[40]
    assert find_place(other, [known_at(b"".join(LINES[:40]))]) is None
    assert find_place(b"", [known_at(LINES[0])]) is None


@given(st.lists(st.sampled_from([b"a\n", b"b\n", b"aa\n"]), min_size=1), st.data())
def test_lines_that_repeat_are_not_confused(lines: list[bytes], data: st.DataObject) -> None:
    """From anything that overlaps, reading goes on where the log says so or behind it, not before.

    Behind it only where the lines repeat all the way, which nobody could tell apart.
    """
    middle = data.draw(st.integers(1, len(lines)))
    first = data.draw(st.integers(0, middle))
    recent, text = b"".join(lines[:middle]), b"".join(lines[first:])
    end = find_end(text, recent)
    true_end = len(b"".join(lines[first:middle]))
    if first < middle:
        assert end is not None
        assert end >= true_end
        shared = min(end, len(recent))
        assert text[end - shared : end] == recent[-shared:]


def test_lines_that_were_not_read_have_no_end() -> None:
    """Nothing in common, a part of a line, or nothing read at all."""
    assert find_end(b"x\ny\n", b"a\nb\n") is None
    assert find_end(b"xb\n", b"b\n") is None
    assert find_end(b"x\n", b"") is None


def test_the_mark_is_found_with_its_line() -> None:
    """Behind the whole line; None where it is not, or its line has no end yet."""
    assert behind_mark(b"one\nlogs?mark=f00d x\ntwo\n", "f00d") == 21
    assert behind_mark(b"one\n", "f00d") is None
    assert behind_mark(b"one\nlogs?mark=f00d", "f00d") is None
