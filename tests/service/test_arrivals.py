"""Bytes as they arrive, and the lines in them."""

import os
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.service.arrivals import MAX_LINE_BYTES, MOST_AT_ONCE, READ_BYTES, Arrivals, Lines

Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    reading, writing = os.pipe()
    yield reading, writing
    for descriptor in (reading, writing):
        try:
            os.close(descriptor)
        except OSError:
            continue  # the test closed it


@given(st.binary(), st.lists(st.integers(0, 40), max_size=20))
def test_chunks_do_not_matter(data: bytes, cuts: list[int]) -> None:
    """However a stream is cut into chunks, its lines and their numbers are the same."""
    lines = Lines()
    seen: list[tuple[int, bytes | None]] = []
    rest = data
    for cut in cuts:
        seen += lines.feed(rest[:cut])
        rest = rest[cut:]
    seen += lines.feed(rest) + lines.end()
    expected = data.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert seen == list(enumerate(expected, 1))


def test_an_endless_line_is_dropped_and_its_neighbours_are_kept() -> None:
    """A line beyond the bound costs no memory and none of the lines around it."""
    lines = Lines()
    seen = lines.feed(b"first\n")
    for _ in range(MAX_LINE_BYTES // 65_536 + 2):
        seen += lines.feed(b"x" * 65_536)
    assert lines._begun == []
    seen += lines.feed(b"\nlast") + lines.end()
    assert seen == [(1, b"first"), (2, None), (3, b"last")]


def test_a_slow_producer_is_answered_at_once(pipe: Pipe) -> None:
    """What is there is taken without waiting for more."""
    reading, writing = pipe
    arrivals = Arrivals(reading)
    os.write(writing, b"one\n")
    assert arrivals.take() == b"one\n"
    assert arrivals.take(timeout_s=0.01) == b""
    assert not arrivals.ended


def test_what_came_meanwhile_is_taken_together(pipe: Pipe) -> None:
    """Everything a fast producer wrote during a commit is there as one batch."""
    reading, writing = pipe
    data = b"0123456789abcdef" * (READ_BYTES // 4)

    def produce() -> None:
        os.write(writing, data)
        os.close(writing)

    producer = threading.Thread(target=produce)
    arrivals = Arrivals(reading)
    producer.start()
    producer.join()
    taken = []
    while not arrivals.ended:
        taken.append(arrivals.take())
        assert len(taken[-1]) <= MOST_AT_ONCE + READ_BYTES
    assert b"".join(taken) == data


def test_it_ends_with_the_stream(pipe: Pipe) -> None:
    """The end of the stream is known, and nothing before it is lost."""
    reading, writing = pipe
    os.write(writing, b"last")
    os.close(writing)
    arrivals = Arrivals(reading)
    taken = b""
    while not arrivals.ended:
        taken += arrivals.take()
    assert taken == b"last"


def test_stop_ends_it_after_what_was_read(pipe: Pipe) -> None:
    """A stop from a signal keeps what was read and ends a wait that would last for ever."""
    reading, writing = pipe
    arrivals = Arrivals(reading)
    os.write(writing, b"kept\n")
    assert arrivals.take() == b"kept\n"
    threading.Timer(0.05, arrivals.stop).start()
    assert arrivals.take() == b""
    assert arrivals.ended
