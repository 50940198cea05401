"""The axis of values: from nothing up to a round number, with a few round numbers between.

Must not enter: markup.
"""

import math
from typing import NamedTuple

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MS_STEPS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(1_000, 2_000, 5_000, 10_000, 15_000, 30_000),
    *(60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000),
)
_HOUR_MS = 3_600_000
_LARGEST = 1e300
_SMALLEST = 1e-12
_WHOLE_UNITS = frozenset({"requests", "tokens"})


class Scale(NamedTuple):
    """`ticks` begin at 0 and are evenly apart; the last one is the end of the axis."""

    ticks: tuple[float, ...]

    @property
    def end(self) -> float:
        """The value at the end of the axis; above 0."""
        return self.ticks[-1]

    def share(self, value: float) -> float:
        """How far along the axis a value is: 0 at its start, 1 at its end."""
        return min(max(value / self.end, 0.0), 1.0)


def scale_for(largest: float, unit: str, ticks: int = 4) -> Scale:
    """An axis that holds values up to `largest`, in about so many steps.

    Counts are marked at whole numbers, durations at numbers that are round in seconds, minutes
    or hours. Shares of 1 never go beyond 1.
    """
    largest = min(max(largest, 0.0), _LARGEST)
    if unit == "share" and largest <= 1:
        largest = 1.0 if largest > 0.5 or not largest else largest
    if largest < _SMALLEST:
        largest = 1_000.0 if unit == "ms" else 1.0
    step = _step(largest / ticks, unit)
    count = max(1, math.ceil(largest / step - 1e-9))
    return Scale(tuple(step * place for place in range(count + 1)))


def _step(rough: float, unit: str) -> float:
    if unit == "ms":
        if rough <= _MS_STEPS[-1]:
            return float(next(step for step in _MS_STEPS if step >= rough))
        return _round_step(rough / _HOUR_MS) * _HOUR_MS
    step = _round_step(rough)
    if unit in _WHOLE_UNITS:
        step = max(1.0, step)
        step = 5.0 if step == 2.5 else step
    return step


def _round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 and their multiples by ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))
