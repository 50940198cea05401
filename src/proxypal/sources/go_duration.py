"""Durations as Go's `time.Duration` prints them, in exact integers.

Must not enter: floats. `1.001s` times 1000 is 1000.9999999999999 in binary.
"""

import re

from proxypal.records.request import MAX_INTEGER

_CLOCK = re.compile(r"(?:(\d{1,9})h)?(?:(\d{1,12})m)?(?:(\d{1,15})(?:\.(\d{1,12}))?s)?", re.ASCII)
_SHORT = re.compile(r"(\d{1,15})(?:\.(\d{1,12}))?(ms|[u\u00b5\u03bc]s|ns)", re.ASCII)
_SECOND_NS = 1_000_000_000
_MINUTE_NS = 60 * _SECOND_NS
_UNIT_NS = {"ms": 1_000_000, "ns": 1}
_MICROSECOND_NS = 1000


def duration_ms(text: str) -> int | None:
    """Whole milliseconds, cut and not rounded, of a Go duration; None if it is none.

    `1.001s` is 1001, `1h0m3s` is 3603000, `450µs` is 0. A negative one, which a clock put back
    can give, is 0.
    """
    unsigned = text.removeprefix("-")
    short = _SHORT.fullmatch(unsigned)
    clock = None if short else _CLOCK.fullmatch(unsigned)
    if short:
        whole, fraction, unit = short.groups()
        duration_ns = _fixed_ns(whole, fraction, _UNIT_NS.get(unit, _MICROSECOND_NS))
    elif clock and unsigned:
        hours, minutes, seconds, fraction = clock.groups()
        duration_ns = _fixed_ns(seconds or "0", fraction, _SECOND_NS)
        duration_ns += (int(hours or 0) * 60 + int(minutes or 0)) * _MINUTE_NS
    else:
        return None
    total_ms = duration_ns // 1_000_000 if text == unsigned else 0
    return total_ms if total_ms <= MAX_INTEGER else None


def _fixed_ns(whole: str, fraction: str | None, unit_ns: int) -> int:
    part_ns = int(fraction) * unit_ns // 10 ** len(fraction) if fraction else 0
    return int(whole) * unit_ns + part_ns
