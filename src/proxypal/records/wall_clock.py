"""A log's wall clock (local time without a zone) read back to Unix milliseconds.

Pure: the zone is given as an offset function, the clock is not read. The reverse direction is
`records.labels`.
"""

import re
from datetime import datetime

from proxypal.records.labels import Offset

_MINUTE = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d)", re.ASCII)
_SECONDS_MS = {f":{second:02d}": second * 1000 for second in range(60)}
_DAY_S = 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall times have no zone, that is the point
_YEARS = range(1971, 3000)
"""Every platform's zone functions answer within these, with a day to spare on either side."""

_DISORDER_MS = 60_000
"""How far back a log's next line may lie without a clock having been put back."""

_REMEMBERED_MINUTES = 4096


class WallClock:
    """Reads the times of one log, in the order of its lines.

    In the hour that is repeated when daylight saving time ends, a time means two moments. The
    lines before it decide: the first pass, until time goes back; from then on the second. Give
    `after_ms`, the time of the last entry read earlier, to go on in the middle of such an hour.
    A time in the hour that is skipped in spring is moved forward by the skip.

    Offsets are remembered per minute; no zone has changed inside one since 1972. Not thread-safe.
    """

    __slots__ = ("_folds", "_last_ms", "_last_text", "_minutes", "_offset")

    def __init__(self, offset: Offset, after_ms: int = 0) -> None:
        self._offset = offset
        self._minutes: dict[str, int] = {}
        self._folds: dict[str, tuple[int, int]] = {}
        self._last_ms = after_ms
        self._last_text: str | None = None

    def __call__(self, text: str) -> int | None:
        """Unix milliseconds of `YYYY-MM-DD HH:MM:SS`.

        None if that is no such text, no date of the calendar, or outside the years 1971-2999.
        """
        if text == self._last_text:
            return self._last_ms
        second_ms = _SECONDS_MS.get(text[16:])
        if second_ms is None:
            return None
        minute_ms = self._minutes.get(text[:16])
        if minute_ms is None:
            minute_ms = self._look_up(text[:16], second_ms)
            if minute_ms is None:
                return None
        self._last_text = text
        self._last_ms = moment_ms = minute_ms + second_ms
        return moment_ms

    def _look_up(self, minute: str, second_ms: int) -> int | None:
        """The minute's start; a minute that comes twice is decided anew each time."""
        fold = self._folds.get(minute)
        if fold is None:
            wall_s = _wall_seconds(minute)
            if wall_s is None:
                return None
            first_s, second_s = moments_of(wall_s, self._offset)
            if len(self._minutes) + len(self._folds) >= _REMEMBERED_MINUTES:
                self._minutes.clear()
                self._folds.clear()
            if first_s == second_s:
                self._minutes[minute] = first_s * 1000
                return first_s * 1000
            fold = self._folds[minute] = (first_s * 1000, second_s * 1000)
        return self._by_continuity(*fold, second_ms)

    def _by_continuity(self, first_ms: int, second_ms: int, within_ms: int) -> int:
        """The second pass if the first would go back in time and the last line is near."""
        ahead_ms = self._last_ms - (first_ms + within_ms)
        repeated_ms = second_ms - first_ms
        # Further ahead than two passes is another part of the log: nothing continues there.
        went_back = _DISORDER_MS < ahead_ms <= 2 * repeated_ms
        return second_ms if went_back else first_ms


def moments_of(wall_s: int, offset: Offset) -> tuple[int, int]:
    """The first and the last Unix second at which a wall clock shows `wall_s`.

    `wall_s` is the wall time written as if it were UTC. Both are the same unless clocks are put
    back over it. A time that clocks skip is read with the offset from before the skip, which
    moves it forward.
    """
    before_s = offset(wall_s - _DAY_S)
    after_s = offset(wall_s + _DAY_S)
    if before_s == after_s == offset(wall_s - before_s):
        return wall_s - before_s, wall_s - before_s
    candidates = {before_s, after_s, offset(wall_s - before_s), offset(wall_s - after_s)}
    moments = [wall_s - guess for guess in candidates if offset(wall_s - guess) == guess]
    if not moments:
        return wall_s - before_s, wall_s - before_s
    return min(moments), max(moments)


def _wall_seconds(minute: str) -> int | None:
    found = _MINUTE.fullmatch(minute)
    if found is None:
        return None
    year, month, day, hour, minutes = map(int, found.groups())
    if year not in _YEARS:
        return None
    try:
        moment = datetime(year, month, day, hour, minutes)  # noqa: DTZ001 - as above
    except ValueError:
        return None
    return round((moment - _EPOCH).total_seconds())
