"""Distributions of durations: percentiles within 1 %, mergeable and removable, small."""

from collections.abc import Sequence
from fractions import Fraction
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxypal.records.request import MAX_INTEGER
from proxypal.records.sketch import Sketch, decode_sketch, encode_sketch, merged
from usage_questions import nearest_rank

DURATIONS = st.lists(st.integers(0, 200) | st.integers(0, 10**6) | st.integers(0, MAX_INTEGER))
SOME = DURATIONS.filter(len)
FRACTIONS = (0.0, 0.001, 0.07, 0.5, 0.9, 0.95, 0.99, 1.0)


def _sketch(durations_ms: Sequence[int]) -> Sketch:
    sketch = Sketch()
    for duration_ms in durations_ms:
        sketch.add(duration_ms)
    return sketch


def _is_near(found: float, truth: int) -> bool:
    return abs(Fraction(found) - truth) <= Fraction(truth, 100)


@given(SOME)
def test_every_percentile_is_within_one_percent(durations_ms: list[int]) -> None:
    """From 0 ms to the longest time we count: the nearest-rank percentile, at most 1 % off."""
    found = _sketch(durations_ms).quantiles(*FRACTIONS)
    assert found is not None
    for fraction, value in zip(FRACTIONS, found, strict=True):
        truth = nearest_rank(durations_ms, Fraction(str(fraction)))
        assert truth is not None
        assert _is_near(value, truth), fraction


@given(SOME)
def test_count_sum_least_and_most_are_exact(durations_ms: list[int]) -> None:
    """What is not a percentile is no estimate."""
    sketch = _sketch(durations_ms)
    assert sketch.count == len(durations_ms)
    assert sketch.sum_ms == sum(durations_ms)
    assert (sketch.min_ms, sketch.max_ms) == (min(durations_ms), max(durations_ms))


def test_each_bucket_is_within_one_percent_of_its_ends() -> None:
    """No value between two buckets is lost, and the worst one in each is at most 1 % off."""
    last = -1
    for bucket in range(1686):
        sketch = Sketch({bucket: 3}, 3, 0, 0, MAX_INTEGER)
        middle = (sketch.quantiles(0.5) or [0])[0]
        ends = [value for value in (last + 1, _last_of(bucket, last)) if value >= 0]
        assert all(_is_near(middle, value) for value in ends)
        last = ends[-1]
    assert last >= MAX_INTEGER


def _last_of(bucket: int, before: int) -> int:
    """The last value of a bucket, found by asking."""
    low, high = before + 1, before + 2 + before // 20
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if bucket in _sketch([middle]).buckets else (low, middle - 1)
    return low


def test_short_durations_are_exact() -> None:
    """Below 50 ms, where 1 % is less than the unit, percentiles are the very values."""
    for duration_ms in range(50):
        sketch = _sketch([0, duration_ms, duration_ms, 10**6])
        assert sketch.quantiles(0.5, 0.75) == [duration_ms, duration_ms]


def test_a_percentile_is_not_one_rank_too_high() -> None:
    """The 7 % mark of a hundred is the 7th, though 0.07 times 100 is more than 7 in binary."""
    assert _sketch(range(100)).quantiles(0.07, 0.14, 0.29) == [6, 13, 28]


def test_without_durations_there_are_no_percentiles() -> None:
    """Nothing is not 0 ms."""
    assert Sketch().quantiles(0.5) is None


@given(DURATIONS, st.integers(1, 5))
def test_many_at_once_are_one_after_the_other(durations_ms: list[int], times: int) -> None:
    """Adding in bulk, or the same several times, is adding each."""
    bulk, repeated = Sketch(), Sketch()
    for _ in range(times):
        bulk.add_all(durations_ms)
    for duration_ms in durations_ms:
        repeated.add(duration_ms, times)
    assert bulk == repeated == _sketch(durations_ms * times)


@given(st.lists(DURATIONS, max_size=5), st.randoms(use_true_random=False))
def test_merging_is_adding_in_any_order(parts: list[list[int]], random: Random) -> None:
    """A week's sketch merged of its days is the one of all its requests."""
    whole = _sketch([duration_ms for part in parts for duration_ms in part])
    sketches = [_sketch(part) for part in parts]
    random.shuffle(sketches)
    assert merged(sketches) == whole


@given(DURATIONS, DURATIONS)
def test_merging_leaves_the_other_as_it_was(one: list[int], two: list[int]) -> None:
    """A sketch that was merged into another can be used again."""
    other = _sketch(two)
    _sketch(one).merge(other)
    assert other == _sketch(two)


@given(DURATIONS, DURATIONS)
def test_what_was_added_can_be_taken_off(kept: list[int], undone: list[int]) -> None:
    """An undo leaves what was there before; least and most within 1 % where they were undone."""
    sketch = _sketch(kept + undone)
    sketch.subtract(_sketch(undone))
    before = _sketch(kept)
    assert sketch.buckets == before.buckets
    assert (sketch.count, sketch.sum_ms) == (before.count, before.sum_ms)
    for fraction, value in zip(FRACTIONS, sketch.quantiles(*FRACTIONS) or (), strict=False):
        truth = nearest_rank(kept, Fraction(str(fraction)))
        assert truth is not None
        assert _is_near(value, truth)
    if not kept:
        assert sketch == Sketch()


@given(DURATIONS, DURATIONS, DURATIONS)
def test_undone_and_done_again_stays_near(kept: list[int], one: list[int], two: list[int]) -> None:
    """However often things are added and taken off, least and most stay within 1 %."""
    sketch = _sketch(kept + one)
    sketch.subtract(_sketch(one))
    sketch.merge(_sketch(two))
    sketch.add_all(one)
    sketch.subtract(_sketch(two))
    if everything := kept + one:
        assert _is_near(sketch.min_ms, min(everything))
        assert _is_near(sketch.max_ms, max(everything))


@given(DURATIONS, DURATIONS)
def test_counts_never_fall_below_zero(held: list[int], foreign: list[int]) -> None:
    """Taking off what was never added leaves no negative count and no broken percentile."""
    sketch = _sketch(held)
    sketch.subtract(_sketch(foreign))
    assert all(count > 0 for count in sketch.buckets.values())
    assert sketch.count == sum(sketch.buckets.values())
    assert sketch.sum_ms >= 0
    assert (sketch.quantiles(0.5) is None) == (sketch.count == 0)
    assert decode_sketch(encode_sketch(sketch)) == sketch


@given(st.lists(st.integers(0, 10**9)), st.lists(st.integers(0, 10**9)))
def test_bytes_bring_back_the_same_sketch(kept: list[int], undone: list[int]) -> None:
    """Written and read again nothing is lost, and equal sketches have equal bytes."""
    sketch = _sketch(kept + undone)
    sketch.subtract(_sketch(undone))
    body = encode_sketch(sketch)
    assert decode_sketch(body) == sketch
    other = _sketch(undone + kept)
    other.subtract(_sketch(undone))
    assert encode_sketch(other) == body


def test_a_day_of_a_model_is_small() -> None:
    """A thousand requests of a day and model take less than 500 bytes."""
    random = Random(4)
    sketch = Sketch()
    sketch.add_all(int(random.lognormvariate(9, 0.8)) for _ in range(1000))
    assert len(encode_sketch(sketch)) < 500


@given(st.binary(max_size=40))
def test_any_bytes_are_a_sketch_or_refused(body: bytes) -> None:
    """Damaged bytes are refused with a reason, and never become a sketch that breaks later."""
    try:
        sketch = decode_sketch(body)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - a refusal is one of the two right answers
    else:
        sketch.quantiles(0.5)


@pytest.mark.parametrize(
    "flat",
    [
        [],
        [1, 0, 0],
        [2, 0, 0, 0],
        [1, 0, 0, 0, 1],
        [1, -1, 0, 0],
        [1, 0.5, 0, 0],
        [1, 0, 5, 4],
        [1, 0, -1, 4],
        [1, 0, 0, 0, 3, 0],
        [1, 0, 0, 0, 3, -1],
        [1, 0, 0, 0, 3, 1, 0, 1],
        [1, 0, 0, 0, -1, 1],
        [1, 0, 0, 0, 5000, 1],
        [1, 0, 0, 0, 0.5, 1],
        [1, 0, 0, 0, 1, 0.5],
        "text",
    ],
)
def test_bytes_that_cannot_be_are_refused(flat: object) -> None:
    """A sketch of another format, without its header, or with counts that cannot be is refused."""
    with pytest.raises(ValueError, match="no sketch"):
        decode_sketch(msgspec.msgpack.encode(flat))
