"""How durations are distributed, in a few hundred bytes: percentiles within 1 %, mergeable.

Counts of buckets, each 2 % wide: it begins one after the last bucket's end and ends 2 % above its
own beginning. Below 50 ms a bucket is a single value, so those are exact. Bounds are whole
numbers, computed the same on every machine: they are part of the format. Must not enter: which
durations are gathered together, where sketches are kept.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from functools import partial
from itertools import accumulate
from math import ceil
from operator import sub

import msgspec

from proxypal.records.request import MAX_INTEGER

FORMAT = 1

_WIDTH_PERCENT = 2


def _bucket_ends() -> list[int]:
    ends = [0]
    while ends[-1] < MAX_INTEGER:
        ends.append((ends[-1] + 1) * (100 + _WIDTH_PERCENT) // 100)
    return ends


_ENDS = _bucket_ends()
"""The last whole millisecond of each bucket; the first bucket holds 0 alone."""

_bucket_of = partial(bisect_left, _ENDS)
_HEADER = 4


class Sketch(msgspec.Struct):
    """Durations in whole milliseconds, 0 to 2^53 - 1, as counts of buckets.

    `count` and `sum_ms` are exact, so are `min_ms` and `max_ms` (0 where there is nothing) until
    the smallest or largest value is taken off: then they are within 1 %. Mutable, not thread-safe.
    """

    buckets: dict[int, int] = {}
    count: int = 0
    sum_ms: int = 0
    min_ms: float = 0
    max_ms: float = 0

    def add(self, duration_ms: int, times: int = 1) -> None:
        """Count a duration."""
        bucket = bisect_left(_ENDS, duration_ms)
        buckets = self.buckets
        buckets[bucket] = buckets.get(bucket, 0) + times
        self.max_ms = max(self.max_ms, duration_ms)
        if duration_ms < self.min_ms or not self.count:
            self.min_ms = duration_ms
        self.count += times
        self.sum_ms += duration_ms * times

    def add_all(self, durations_ms: Iterable[int]) -> None:
        """Count many durations at once."""
        values = list(durations_ms)
        if values:
            buckets = dict(Counter(map(_bucket_of, values)))
            self.merge(Sketch(buckets, len(values), sum(values), min(values), max(values)))

    def copy(self) -> "Sketch":
        """One of its own."""
        return Sketch(dict(self.buckets), self.count, self.sum_ms, self.min_ms, self.max_ms)

    def merge(self, other: "Sketch") -> None:
        """Add all that another sketch holds; the order of merging does not matter."""
        if not other.count:
            return
        self.min_ms = min(self.min_ms, other.min_ms) if self.count else other.min_ms
        self.max_ms = max(self.max_ms, other.max_ms)
        self.count += other.count
        self.sum_ms += other.sum_ms
        buckets = self.buckets
        for bucket, count in other.buckets.items():
            buckets[bucket] = buckets.get(bucket, 0) + count

    def subtract(self, other: "Sketch") -> None:
        """Take off what was added or merged before: all but `min_ms` and `max_ms` is as it was.

        What was never added is not taken off: no count falls below zero.
        """
        if not other.count or not self.count:
            return
        has_lowest = _bucket_of(other.min_ms) <= _bucket_of(self.min_ms)
        has_highest = _bucket_of(other.max_ms) >= _bucket_of(self.max_ms)
        for bucket, count in other.buckets.items():
            held = self.buckets.get(bucket, 0)
            self.count -= min(held, count)
            if held > count:
                self.buckets[bucket] = held - count
            else:
                self.buckets.pop(bucket, None)
        self.sum_ms = max(0, self.sum_ms - other.sum_ms) if self.count else 0
        if not self.count:
            self.min_ms = self.max_ms = 0
            return
        if has_lowest:
            self.min_ms = _middle(min(self.buckets))
        if has_highest:
            self.max_ms = _middle(max(self.buckets))
        # In one bucket, an exact least may lie above the middle that stands for the most.
        self.min_ms = min(self.min_ms, self.max_ms)

    def quantiles(self, *fractions: float) -> list[float] | None:
        """For each fraction (0.95) the duration that this part of them does not exceed, in ms.

        The nearest-rank definition: always one of the durations, within 1 %. None without any.
        """
        if not self.count:
            return None
        ordered = sorted(self.buckets.items())
        return [self._at_rank(ordered, fraction) for fraction in fractions]

    def _at_rank(self, ordered: list[tuple[int, int]], fraction: float) -> float:
        # Rounded first: 0.07 * 100 is 7.000000000000001 in binary, and the 7th is meant.
        rank = ceil(round(fraction * self.count, 6))
        if rank >= self.count:
            return self.max_ms
        if rank <= 1:
            return self.min_ms
        for bucket, count in ordered:
            rank -= count
            if rank <= 0:
                return min(max(_middle(bucket), self.min_ms), self.max_ms)
        return self.max_ms


def _middle(bucket: int) -> float:
    """The value within 1 % of all in the bucket: as far from its first as from its last."""
    last = _ENDS[min(bucket, len(_ENDS) - 1)]
    first = _ENDS[bucket - 1] + 1 if bucket else 0
    return last if first == last else round(2 * first * last / (first + last), 3)


def merged(sketches: Iterable[Sketch]) -> Sketch:
    """All of them as one."""
    whole = Sketch()
    for sketch in sketches:
        whole.merge(sketch)
    return whole


def encode_sketch(sketch: Sketch) -> bytes:
    """As MessagePack: [format, sum, min, max, bucket, count, distance to the next, count, …].

    Equal sketches have equal bytes.
    """
    order = sorted(sketch.buckets)
    flat: list[float] = [0] * (_HEADER + 2 * len(order))
    flat[:_HEADER] = FORMAT, sketch.sum_ms, sketch.min_ms, sketch.max_ms
    flat[_HEADER::2] = map(sub, order, [0, *order])
    flat[_HEADER + 1 :: 2] = map(sketch.buckets.__getitem__, order)
    return msgspec.msgpack.encode(flat)


def decode_sketch(body: bytes) -> Sketch:
    """The reverse of `encode_sketch`.

    Raises:
        ValueError: the bytes are no sketch of this format.
    """
    try:
        flat = msgspec.msgpack.decode(body, type=list[int | float])
    except msgspec.DecodeError as error:
        raise ValueError(f"no sketch: {error}") from None
    if len(flat) < _HEADER or len(flat) % 2 or flat[0] != FORMAT:
        raise ValueError("no sketch of a format this version knows")
    distances, counts = flat[_HEADER::2], flat[_HEADER + 1 :: 2]
    # Column by column, for a question may read thousands of them.
    if not set(map(type, (*distances, *counts))) <= {int}:
        raise ValueError("no sketch: a bucket or count is no whole number")
    if distances and (min(counts) < 1 or distances[0] < 0 or min(distances[1:], default=1) < 1):
        raise ValueError("no sketch: a bucket or count that cannot be")
    buckets: dict[int, int] = dict(zip(accumulate(distances), counts, strict=True))  # type: ignore[arg-type]  # all are int
    if buckets and sum(distances) >= len(_ENDS):
        raise ValueError("no sketch: a bucket or count that cannot be")
    sum_ms = flat[1]
    if not isinstance(sum_ms, int) or not 0 <= flat[2] <= flat[3] <= MAX_INTEGER or sum_ms < 0:
        raise ValueError("no sketch: its sum, least or most cannot be")
    return Sketch(buckets, sum(buckets.values()), sum_ms, flat[2], flat[3])
